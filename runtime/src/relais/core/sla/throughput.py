# SPDX-License-Identifier: GPL-3.0-or-later
"""What a line carried when it was filled on purpose, against what was sold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from relais.core.sla.times import share_percent


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement (docs/reference/throughput.md): payload of TCP and what had been sold by
    then, in Mbit/s, as (down, up) seen from the office. None: that way was not measured, or nobody
    had written down what was sold."""

    wan: str
    at_ms: int
    mbit: tuple[float | None, float | None]
    sold_mbit: tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Carried:
    """One way of a line in a window, in Mbit/s. `median_mbit` is by nearest rank; `sold_mbit` is
    what had been sold by the newest measurement, and `percent` the median's share of it."""

    samples: int
    least_mbit: float
    median_mbit: float
    most_mbit: float
    sold_mbit: float | None
    percent: float | None


def carried(measurements: Iterable[Measurement], way: int) -> Carried | None:
    """The figures of one way (0 down, 1 up) out of a line's measurements, the oldest first; None
    when it was not measured."""
    found = [(one.mbit[way], one.sold_mbit[way]) for one in measurements]
    rates = sorted(mbit for mbit, _sold in found if mbit is not None)
    if not rates:
        return None
    sold = [sold for mbit, sold in found if mbit is not None][-1]
    median = rates[(len(rates) - 1) // 2]
    percent = None if sold is None else share_percent(_bits(median), _bits(sold))
    return Carried(len(rates), rates[0], median, rates[-1], sold, percent)


def _bits(mbit: float) -> int:
    return round(mbit * 1_000_000)
