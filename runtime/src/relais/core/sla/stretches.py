# SPDX-License-Identifier: GPL-3.0-or-later
"""Periods put straight: in order, each instant once, and nothing cut where nothing changed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from relais.core.history.model import Condition, Period
from relais.core.sla.window import Window


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time in one condition, of a link, a service or the site."""

    condition: Condition
    excused: bool
    began_ms: int
    ended_ms: int

    @property
    def length_ms(self) -> int:
        """How long it lasted."""
        return self.ended_ms - self.began_ms


def stretches(periods: Iterable[Period]) -> list[Stretch]:
    """The periods of one subject in order of time. What a clock that was set back told twice counts
    once, as it was told first; neighbours that differ in the link's state only become one."""
    found: list[Stretch] = []
    for period in sorted(periods, key=lambda one: (one.began_ms, one.ended_ms)):
        began_ms = max(period.began_ms, found[-1].ended_ms) if found else period.began_ms
        if began_ms < period.ended_ms:
            _append(found, Stretch(period.condition, period.excused, began_ms, period.ended_ms))
    return found


def clipped(of: Iterable[Stretch], window: Window) -> list[Stretch]:
    """What lies in the window."""
    cut = (
        replace(
            one,
            began_ms=max(one.began_ms, window.from_ms),
            ended_ms=min(one.ended_ms, window.to_ms),
        )
        for one in of
    )
    return [one for one in cut if one.length_ms > 0]


def site(links: Mapping[str, Sequence[Stretch]]) -> list[Stretch]:
    """The site as a whole: it works when one link does.

    It is dark only when every link is known to be; a link without data might have worked. It is
    excused then when one of the links is: without the drill that one would have carried the site.
    """
    edges = sorted({edge for of in links.values() for s in of for edge in (s.began_ms, s.ended_ms)})
    begins = {name: [stretch.began_ms for stretch in of] for name, of in links.items()}
    found: list[Stretch] = []
    for began_ms, ended_ms in pairwise(edges):
        present = [_at(of, begins[name], began_ms) for name, of in links.items()]
        whole = _whole(present)
        if whole is not None:
            _append(found, replace(whole, began_ms=began_ms, ended_ms=ended_ms))
    return found


def _whole(links: Sequence[Stretch | None]) -> Stretch | None:
    """What the site is worth while its links are worth this; None when it cannot be known."""
    known = [link for link in links if link is not None]
    for condition in (Condition.AVAILABLE, Condition.MICRO_OUTAGE):
        if any(link.condition is condition for link in known):
            return Stretch(condition, False, 0, 0)
    if not known or len(known) < len(links):
        return None
    return Stretch(Condition.UNAVAILABLE, any(link.excused for link in known), 0, 0)


def _at(of: Sequence[Stretch], begins: Sequence[int], at_ms: int) -> Stretch | None:
    index = bisect_right(begins, at_ms) - 1
    return of[index] if index >= 0 and at_ms < of[index].ended_ms else None


def _append(found: list[Stretch], one: Stretch) -> None:
    last = found[-1] if found else None
    alike = last is not None and (last.condition, last.excused) == (one.condition, one.excused)
    if last is not None and alike and last.ended_ms == one.began_ms:
        found[-1] = replace(last, ended_ms=one.ended_ms)
    else:
        found.append(one)
