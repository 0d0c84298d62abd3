# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures out of series of attempts: how long nothing worked, and what is everyday loss."""

from __future__ import annotations

import math
from collections.abc import Sequence

from relais.core.drill.model import Attempt, Run

ANSWER_WITHIN_MS = 900
STRAY_NEIGHBOURS = 5


def during_fault(attempts: Sequence[Attempt], run: Run) -> list[Attempt]:
    """The attempts that left while the fault was in."""
    return [a for a in attempts if run.has(a.sent_ms)]


def outage_ms(attempts: Sequence[Attempt], injected_ms: float) -> float | None:
    """From the injection until the first answered attempt after the last failure left.

    0 when nothing failed, None when it never worked again. Lone losses long after the fault came
    in are the line's everyday loss and are passed over (see `_stray`).
    """
    last = len(attempts) - 1
    while last >= 0 and (attempts[last].ok or _stray(attempts, last)):
        last -= 1
    if last < 0:
        return 0.0
    return next((a.sent_ms - injected_ms for a in attempts[last + 1 :] if a.ok), None)


def _stray(attempts: Sequence[Attempt], index: int) -> bool:
    """Whether a failure stands alone, with five answered attempts on either side."""
    before = attempts[max(0, index - STRAY_NEIGHBOURS) : index]
    after = attempts[index + 1 : index + 1 + STRAY_NEIGHBOURS]
    enough = len(before) == STRAY_NEIGHBOURS and len(after) == STRAY_NEIGHBOURS
    return enough and all(a.ok for a in (*before, *after))


def worst_gap_ms(attempts: Sequence[Attempt]) -> float:
    """The longest run of failures, from the first lost attempt to the next answered one."""
    worst, began = 0.0, None
    for attempt in attempts:
        if not attempt.ok and began is None:
            began = attempt.sent_ms
        elif attempt.ok and began is not None:
            worst, began = max(worst, attempt.sent_ms - began), None
    if began is not None:
        worst = max(worst, attempts[-1].sent_ms - began + ANSWER_WITHIN_MS)
    return worst


def percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile (`share` from 0 to 1), None of nothing."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
