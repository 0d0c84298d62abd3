# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule behind each figure, in a sentence that is printed with it."""

from __future__ import annotations

from relais.core.window import KEEP_MS

RULES = {
    "availability": "available time / (available + unavailable time), of observed time only; cut"
    " after four decimals. A link is unavailable from its last answer until it answers again, once"
    " it was found down. Excluded time (drills, planned work) and time without data stand apart",
    "loss": f"probes to far targets that no answer came back for within {KEEP_MS / 1000:g} s, of"
    " those whose fate is known, sent in available and not excluded time (RFC 6673, RFC 6703); 95 %"
    " interval by Wilson",
    "round_trip": "answered probes (RFC 2681); a lost one has no delay. Quantiles by nearest rank"
    " out of buckets (1.6 % off at most), mean and least exact",
    "delay_variation": "PDV (RFC 5481): quantile of the round trip less the least of the window",
    "voice": "ITU-T G.107 (06/2015), narrowband, other parameters at their defaults, Id by the"
    " two-line shortcut; Ta = mean round trip / 2 + 20 ms of packets + PDV p95 as buffer",
    "throughput": "payload of TCP that the line carried each way while it was filled on purpose, by"
    " night and outside of incidents; median by nearest rank, sold by the newest measurement",
    "micro_outages": "a burst to every target unanswered, and the link back before it was given up;"
    " from the last answer until the next; part of the available time, counted where they begin",
    "repair": "from the last answer until the next, day and night, less what is excluded; an outage"
    " belongs to the window that it begins in",
    "contract": "availability kept: by what was observed; missed: even if all time without data had"
    " been good",
    "services": "from the last answer of the link that new flows took until they took a living one:"
    " what the staff had, the switch included",
    "site": "at least one link works; dark only while every link is known to be",
}
