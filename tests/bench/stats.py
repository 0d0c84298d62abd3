# SPDX-License-Identifier: GPL-3.0-or-later
"""Medians and the like of figures of which some are `never`. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Value = float | None  # None: it never happened


def percentile(values: Sequence[Value], percent: float) -> Value:
    """The nearest-rank percentile; a value that never came is larger than all others.

    Nearest rank, because it is always one of the values: with fewer than 100 of them, p99 is the
    worst. Raises ValueError when there is none.
    """
    if not values:
        raise ValueError("no values")
    ordered = sorted(math.inf if value is None else value for value in values)
    found = ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]
    return None if math.isinf(found) else found


def median(values: Sequence[Value]) -> Value:
    """The middle, or the mean of the two in the middle; never when one of those is."""
    low = percentile(values, 50)
    ordered = sorted(math.inf if value is None else value for value in values)
    if len(ordered) % 2 or low is None:
        return low
    mean = (ordered[len(ordered) // 2 - 1] + ordered[len(ordered) // 2]) / 2
    return None if math.isinf(mean) else mean


def summary(values: Sequence[Value]) -> dict[str, Any]:
    """What a table needs; `never` counts the runs in which it did not happen."""
    come = [value for value in values if value is not None]
    return {
        "n": len(values),
        "never": len(values) - len(come),
        "median": rounded(median(values)),
        "p99": rounded(percentile(values, 99)),
        "least": rounded(min(come, default=None)),
        "most": rounded(max(come, default=None)),
        "total": rounded(sum(come)),
    }


def rounded(value: Value) -> Value:
    """Three decimals: more is noise."""
    return None if value is None else round(value, 3)
