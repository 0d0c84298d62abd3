# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the kept measurements a figure is made of, and their sums."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from relais.core.history.model import STEPS_S, Roll
from relais.core.sla.stretches import Stretch
from relais.core.sla.window import Window


@dataclass(frozen=True, slots=True)
class Samples:
    """The sums of the measurements of one link. `watched_ms` is how long they took."""

    watched_ms: int = 0
    sent: int = 0
    lost: int = 0
    rtt_sum_us: int = 0
    rtt_least_us: int | None = None
    rtt_buckets: Mapping[int, int] = field(default_factory=dict)

    @property
    def answers(self) -> int:
        """How many round trips were timed."""
        return sum(self.rtt_buckets.values())


def together(rolls: Iterable[Roll]) -> Samples:
    """The sums of some rolls that do not overlap."""
    rolls = list(rolls)
    buckets: Counter[int] = Counter()
    for roll in rolls:
        buckets.update(roll.rtt_buckets)
    return Samples(
        watched_ms=sum(roll.observed_ms for roll in rolls),
        sent=sum(roll.sent for roll in rolls),
        lost=sum(roll.lost for roll in rolls),
        rtt_sum_us=sum(roll.rtt_sum_us for roll in rolls),
        rtt_least_us=min(
            (r.rtt_least_us for r in rolls if r.rtt_least_us is not None), default=None
        ),
        rtt_buckets={number: buckets[number] for number in sorted(buckets)},
    )


def pick(rolls: Iterable[Roll], window: Window, link: Sequence[Stretch]) -> list[Roll]:
    """The rolls of one link that cover the window once, without the time that is excused.

    Hours where the whole hour counts, minutes at the edges, seconds for the rest: a roll is taken
    when all of its time counts and no longer one that was taken holds it.
    """
    excused = [one for one in link if one.excused]
    begins = [one.began_ms for one in excused]
    taken: set[tuple[int, int]] = set()
    found = []
    for roll in sorted(rolls, key=lambda one: (-one.step_s, one.at_s)):
        began_ms, ended_ms = roll.at_s * 1000, (roll.at_s + roll.step_s) * 1000
        if began_ms < window.from_ms or ended_ms > window.to_ms:
            continue
        if _touches(excused, begins, began_ms, ended_ms):
            continue
        longer = (step for step in STEPS_S if step > roll.step_s)
        if not any((step, roll.at_s - roll.at_s % step) in taken for step in longer):
            taken.add((roll.step_s, roll.at_s))
            found.append(roll)
    return found


def _touches(excused: Sequence[Stretch], begins: Sequence[int], began_ms: int, ended: int) -> bool:
    """Whether any of it is excused: the last excuse that begins before its end reaches into it."""
    index = bisect_right(begins, ended - 1) - 1
    return index >= 0 and excused[index].ended_ms > began_ms
