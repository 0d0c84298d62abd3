# SPDX-License-Identifier: GPL-3.0-or-later
"""Outages with the time to repair, and the short ones that nobody repairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from relais.core.history.model import Condition
from relais.core.sla.stretches import Stretch
from relais.core.sla.times import Verdict
from relais.core.sla.window import Window

_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Outage:
    """One time without service, whole, also when a part of it lies outside of the window.

    `counted_ms` is the time to repair: all of it but what a drill or planned work excuses.
    `begin_seen`, `end_seen`: time with data lies right before and after it; else it lasted at
    least so long. `begun_inside`: it belongs to this window, and to no other.
    """

    began_ms: int
    ended_ms: int
    counted_ms: int
    begin_seen: bool
    end_seen: bool
    begun_inside: bool

    @property
    def length_ms(self) -> int:
        """From its begin to its end."""
        return self.ended_ms - self.began_ms

    @property
    def excused(self) -> bool:
        """Whether nothing of it counts."""
        return self.counted_ms == 0


def outages(of: Sequence[Stretch], window: Window) -> list[Outage]:
    """Those that touch the window, oldest first.

    What goes on without a gap is one outage, though a part of it be excused: a real failure during
    a drill counts from where the excuse ends.
    """
    found = []
    for run, begin_seen, end_seen in _runs(of):
        began_ms, ended_ms = run[0].began_ms, run[-1].ended_ms
        if began_ms < window.to_ms and ended_ms > window.from_ms:
            counted_ms = sum(one.length_ms for one in run if not one.excused)
            inside = window.holds(began_ms)
            found.append(Outage(began_ms, ended_ms, counted_ms, begin_seen, end_seen, inside))
    return found


def _runs(of: Sequence[Stretch]) -> Iterable[tuple[Sequence[Stretch], bool, bool]]:
    """Runs of dark stretches without a gap; whether data lies right before and right after."""
    first = 0
    while first < len(of):
        end = first + 1
        if of[first].condition is Condition.UNAVAILABLE:
            while end < len(of) and _goes_on(of[end - 1], of[end]):
                end += 1
            before = first > 0 and of[first - 1].ended_ms == of[first].began_ms
            after = end < len(of) and of[end].began_ms == of[end - 1].ended_ms
            yield of[first:end], before, after
        first = end


def _goes_on(one: Stretch, following: Stretch) -> bool:
    dark = following.condition is Condition.UNAVAILABLE
    return dark and following.began_ms == one.ended_ms


def repair(outage: Outage, promised_hours: float | None) -> Verdict | None:
    """Whether it was repaired in the time that the contract names; None when nothing was promised
    or nothing counts. The clock runs from the last answer, day and night."""
    if promised_hours is None or outage.excused:
        return None
    if outage.counted_ms > Fraction(str(promised_hours)) * _HOUR_MS:
        return Verdict.MISSED
    return Verdict.KEPT if outage.begin_seen and outage.end_seen else Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class MicroOutages:
    """Times dark and back before the link was given up, that began in the window and are not
    excused. `by_hour`: how many began in each hour of the site's day."""

    count: int
    total_ms: int
    longest_ms: int
    by_hour: tuple[int, ...]
    excused: int


def micro_outages(of: Iterable[Stretch], window: Window) -> MicroOutages:
    """Count them."""
    short = [one for one in of if one.condition is Condition.MICRO_OUTAGE]
    inside = [one for one in short if window.holds(one.began_ms)]
    counted = [one for one in inside if not one.excused]
    by_hour = [0] * 24
    for one in counted:
        by_hour[window.local(one.began_ms).hour] += 1
    lengths = [one.length_ms for one in counted]
    return MicroOutages(
        count=len(counted),
        total_ms=sum(lengths),
        longest_ms=max(lengths, default=0),
        by_hour=tuple(by_hour),
        excused=len(inside) - len(counted),
    )
