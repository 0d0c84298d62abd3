# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule behind each figure, in a sentence that is printed with it."""

from __future__ import annotations

RULES = {
    "availability": "available time / (available + unavailable time), of observed time only; cut"
    " after four decimals. A link is unavailable from its last answer until it answers again, once"
    " it was found down. Excused time (drills, planned work) and time without data stand apart",
    "loss": "probes to far targets that no answer came back for in time, of those whose fate is"
    " known, over available and not excused time (RFC 6673, RFC 6703); 95 % interval by Wilson",
    "round_trip": "answered probes (RFC 2681); a lost one has no delay. Quantiles by nearest rank"
    " out of buckets, the mean from exact sums",
    "delay_variation": "PDV (RFC 5481): quantile of the round trip less the least of the window",
    "voice": "ITU-T G.107 (06/2015), narrowband, other parameters at their defaults, Id by the"
    " two-line shortcut; Ta = mean round trip / 2 + 20 ms of packets + PDV p95 as buffer",
    "micro_outages": "dark, and back before the link was given up; part of the available time,"
    " counted where they begin",
    "repair": "from the last answer until the next, day and night, less what is excused; an outage"
    " belongs to the window that it begins in",
    "contract": "availability missed: even if all time without data had been good",
    "services": "from the last answer of the link that new flows took until they took a living one:"
    " what the staff had, the switch included",
    "site": "at least one link works; dark only while every link is known to be",
}
