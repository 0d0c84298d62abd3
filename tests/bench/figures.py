# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the load client wrote down to the figures of one run. Pure.

Samples are [sent, answered or None, WAN or None] in seconds of the monotonic clock. A figure of
None in a cut means never; a figure that has no sense in a run is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bench.stats import percentile
from bench.wire import FAILED_AFTER_S

Sample = list[Any]
Figures = dict[str, Any]
ALIVE_WITHIN_S = 1.5
NEW_KINDS = ("udp", "vital")  # each 20 ms; `tcp` is told apart, its clock is coarser


@dataclass(frozen=True)
class Marks:
    """When the run's own doings happened."""

    before: float  # the fault came between these two
    after: float
    cleared: float
    checked: float  # idle sessions were made to say a word
    ended: float


def named(raw: Mapping[str, Any], wan_of: Callable[[str | None], str | None]) -> dict[str, Any]:
    """The record with WAN names in place of addresses."""

    def names(samples: Iterable[Sample]) -> list[Sample]:
        return [[sent, answered, wan_of(via)] for sent, answered, via in samples]

    return {
        **raw,
        "requests": {kind: names(samples) for kind, samples in raw["requests"].items()},
        "fixed": names(raw["fixed"]),
        "sessions": [{**session, "via": wan_of(session["via"])} for session in raw["sessions"]],
    }


def instant(raw: Mapping[str, Any], marks: Marks) -> float:
    """When the fault struck: no earlier than the last request that was still answered.

    Starting `nft` takes tens of milliseconds, so the marks alone are too wide. Figures count from
    here, which is at most one pause between two requests too early, never too late.
    """
    samples = sorted(sample for kind in all_streams(raw) for sample in kind)
    during = [sample for sample in samples if marks.before <= sample[0] <= marks.after]
    start = marks.before
    for sent, answered, _unused in during:
        if answered is None:
            break
        start = sent
    return start


def all_streams(raw: Mapping[str, Any]) -> list[Sequence[Sample]]:
    return [*raw["requests"].values(), raw["fixed"]]


def within(samples: Sequence[Sample], start: float, end: float) -> list[Sample]:
    return [sample for sample in samples if start <= sample[0] < end]


def works_again_ms(samples: Sequence[Sample], start: float, end: float) -> float | None:
    """Until the first good one after the last failure: until it works for good."""
    during = within(samples, start, end)
    failed = [sent for sent, answered, _unused in during if answered is None]
    if not failed:
        return 0.0
    good = [answered for sent, answered, _unused in during if answered and sent > failed[-1]]
    return 1e3 * (min(good) - start) if good else None


def longest_gap_ms(samples: Sequence[Sample]) -> float:
    """The longest stretch between two answers."""
    heard = sorted(answered for _unused, answered, _unused in samples if answered is not None)
    return 1e3 * max((b - a for a, b in pairwise(heard)), default=0.0)


def lost(samples: Sequence[Sample]) -> int:
    return sum(answered is None for _unused, answered, _unused in samples)


def turns(samples: Sequence[Sample], leaving: str) -> int:
    """How often the answers stopped to come by way of a WAN and came by another."""
    seen = [via for _unused, answered, via in samples if answered is not None]
    return sum(a == leaving and b != leaving for a, b in pairwise(seen))


def first_by(samples: Sequence[Sample], wan: str, start: float) -> float | None:
    """Until the first request that went by a WAN, in milliseconds."""
    sent = [sent for sent, answered, via in samples if answered is not None and via == wan]
    return 1e3 * (min(sent) - start) if sent else None


def cut(raw: Mapping[str, Any], marks: Marks, primary: str, standby: str) -> Figures:
    """The line was dead from the fault until it was mended."""
    start, end = instant(raw, marks), marks.cleared
    requests = raw["requests"]
    # Both kinds as one stream: a clock of 10 ms, and one kind that does not work is a failure.
    new = sorted(sample for kind in NEW_KINDS for sample in requests[kind])
    return {
        "new_flows_ms": works_again_ms(new, start, end),
        "new_tcp_ms": works_again_ms(requests["tcp"], start, end),
        "new_lost": sum(lost(within(requests[kind], start, end)) for kind in requests),
        "fixed_udp_ms": works_again_ms(raw["fixed"], start, end),
        **told(raw["sessions"], start, end, primary),
        **failback(raw, marks, primary, standby),
    }


def told(sessions: Sequence[Mapping[str, Any]], start: float, end: float, wan: str) -> Figures:
    """What became of the sessions that were open on the dead line."""
    there = [s for s in sessions if s["generation"] == 1 and s["via"] == wan]
    told_ms = [1e3 * (s["told"] - start) for s in there if s["told"] and start <= s["told"] < end]
    stuck = [s for s in there if s["told"] is None or s["told"] >= end]
    alive = [s for s in stuck if s["kind"] == "reads" and end - last_data(s, end) < ALIVE_WITHIN_S]
    figures: Figures = {
        "tcp_open": len(there),
        "tcp_told": len(told_ms),
        "tcp_stuck": len(stuck) - len(alive),
        # None (never) is what users have when not all were told
        "tcp_told_ms": percentile([*told_ms, *[None] * len(stuck)], 50) if there else None,
    }
    if told_ms:
        figures["tcp_told_p99_ms"] = percentile(told_ms, 99)
        figures["tcp_told_spread_ms"] = (percentile(told_ms, 99) or 0) - min(told_ms)
    return figures


def last_data(session: Mapping[str, Any], end: float) -> float:
    """When a session had last carried data by an instant; it may have carried more since."""
    stalled = [begun for begun, over in session["stalls"] if begun < end < over]
    newest: float = session["last_data"] or 0.0
    return min(stalled[0] if stalled else end, newest)


def failback(raw: Mapping[str, Any], marks: Marks, primary: str, standby: str) -> Figures:
    """What the way back cost; nothing to tell when the contender never left."""
    requests, start = raw["requests"], marks.cleared
    if marks.ended == start:
        return {}  # not watched
    before = within(requests["udp"], marks.before, start)
    if not any(via == standby for _unused, _unused, via in before[-50:]):
        return {"switched": 0}
    end = marks.ended - FAILED_AFTER_S
    after = {kind: within(samples, start, end) for kind, samples in requests.items()}
    figures: Figures = {"switched": 1, "back_ms": back_ms(after["udp"], standby, start)}
    if figures["back_ms"] is None:
        return figures  # not back while we watched: nothing is known about the cost
    second = [s for s in raw["sessions"] if s["generation"] == 2 and s["via"] == standby]
    # One that was told only when it spoke itself had hung until then.
    resets = [s for s in second if s["told"] and start <= s["told"] < marks.checked]
    hung = [
        s
        for s in second
        if not (s["told"] and s["told"] < marks.checked) and not works(s, marks.ended)
    ]
    return {
        **figures,
        "failback_new_lost": sum(lost(samples) for samples in after.values()),
        "failback_fixed_lost": lost(within(raw["fixed"], start, end)),
        "failback_resets": len(resets),
        "failback_hung": len(hung),
    }


def back_ms(samples: Sequence[Sample], standby: str, start: float) -> float | None:
    """Until new requests went by the standby no more; None when they still do at the end."""
    good = [(sent, via) for sent, answered, via in samples if answered is not None]
    if not good or good[-1][1] == standby:
        return None
    away = [sent for sent, via in good if via == standby]
    came = [sent for sent, _unused in good if not away or sent > away[-1]]
    return 1e3 * (float(came[0]) - start)


def works(session: Mapping[str, Any], now: float) -> bool:
    """Whether an open session still carried data when it was checked at the end."""
    if session["told"] is not None:
        return False
    if session["kind"] == "idle":
        return session["answered_check"] is not None
    return session["last_data"] is not None and session["last_data"] > now - ALIVE_WITHIN_S


def brownout(raw: Mapping[str, Any], marks: Marks, primary: str, standby: str) -> Figures:
    """The line lost much but not all: who leaves, when, and does it stay away?"""
    start = marks.after
    during = {k: within(v, start, marks.cleared) for k, v in raw["requests"].items()}
    figures: Figures = {"moves": max(turns(during[kind], primary) for kind in NEW_KINDS)}
    for kind, name in (("vital", "vital"), ("udp", "ordinary")):
        left_ms = first_by(during[kind], standby, start)
        figures[f"{name}_left_ms"] = left_ms
        if left_ms is not None:
            figures[f"{name}_returns"] = turns(during[kind], standby)
        figures[f"{name}_lost_percent"] = share(during[kind])
    return {
        **figures,
        "fixed_lost_percent": share(within(raw["fixed"], start, marks.cleared)),
        **failback(raw, marks, primary, standby),
    }


def noise(raw: Mapping[str, Any], marks: Marks, primary: str) -> Figures:
    """The line lived all the time: whatever was moved was moved needlessly."""
    start, end = marks.after, marks.cleared
    during = {k: within(v, start, end) for k, v in raw["requests"].items()}
    fixed = within(raw["fixed"], start, end)
    sessions = [s for s in raw["sessions"] if s["generation"] == 1 and s["via"] == primary]
    ended = [s for s in sessions if s["told"] is not None]
    harmed = [s for s in sessions if not works(s, marks.ended)]
    return {
        "diversions": max(turns(during[kind], primary) for kind in NEW_KINDS),
        "evictions": turns(fixed, primary) + bool(ended),
        "fixed_moved": turns(fixed, primary),
        "tcp_open": len(sessions),
        "tcp_harmed": len(harmed),
        "new_lost_percent": share([sample for kind in NEW_KINDS for sample in during[kind]]),
        "longest_gap_ms": longest_gap_ms(fixed),
    }


def share(samples: Sequence[Sample]) -> float | None:
    """Percent that got no answer."""
    return 100 * lost(samples) / len(samples) if samples else None
