# SPDX-License-Identifier: GPL-3.0-or-later
"""How long something worked of the time that it was watched, in whole milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from relais.core.history.model import Condition
from relais.core.sla.stretches import Stretch, clipped
from relais.core.sla.window import Window

_PLACES = 10_000


class Verdict(StrEnum):
    """Whether a promise was kept."""

    KEPT = "kept"
    MISSED = "missed"
    UNKNOWN = "unknown"
    """What was not watched would decide."""


@dataclass(frozen=True, slots=True)
class Times:
    """The whole of a window, divided. Micro-outages are a part of `available_ms`;
    `excused_unavailable_ms` is the part of `excused_ms` in which nothing worked."""

    window_ms: int
    available_ms: int
    unavailable_ms: int
    excused_ms: int
    excused_unavailable_ms: int

    @property
    def observed_ms(self) -> int:
        """How long it was watched."""
        return self.available_ms + self.unavailable_ms + self.excused_ms

    @property
    def no_data_ms(self) -> int:
        """How long nobody watched. That is no outage, and no proof of the contrary."""
        return self.window_ms - self.observed_ms

    @property
    def percent(self) -> float | None:
        """Availability (RFC 2678 tells what a sample of it is; ITU-T Y.1540 keeps it apart from
        loss): available of available and unavailable time. None when there is neither."""
        return share_percent(self.available_ms, self.available_ms + self.unavailable_ms)


def times(of: Iterable[Stretch], window: Window) -> Times:
    """Divide a window by what is known of it."""
    sums = {(dark, excused): 0 for dark in (False, True) for excused in (False, True)}
    for one in clipped(of, window):
        sums[one.condition is Condition.UNAVAILABLE, one.excused] += one.length_ms
    return Times(
        window_ms=window.length_ms,
        available_ms=sums[False, False],
        unavailable_ms=sums[True, False],
        excused_ms=sums[False, True] + sums[True, True],
        excused_unavailable_ms=sums[True, True],
    )


def promise(measured: Times, promised_percent: float | None) -> Verdict | None:
    """Whether the availability that a contract names was kept; None when it names none.

    It was missed only when it would be even if all time without data had been good.
    """
    if promised_percent is None:
        return None
    promised = Fraction(str(promised_percent)) / 100
    judged = measured.available_ms + measured.unavailable_ms
    if judged == 0:
        return Verdict.UNKNOWN
    if measured.available_ms >= promised * judged:
        return Verdict.KEPT
    best = measured.available_ms + measured.no_data_ms
    missed = best < promised * (judged + measured.no_data_ms)
    return Verdict.MISSED if missed else Verdict.UNKNOWN


def share_percent(part: int, whole: int) -> float | None:
    """A share in percent, cut (not rounded) after four decimals, so that 100 means all; None, for
    undefined, of nothing."""
    return None if whole == 0 else part * 100 * _PLACES // whole / _PLACES
