# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of repairs: a record each, and a summary for the status."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from relais.core.actions import Record
from relais.core.repair.upkeep import FIGHT_PAUSE_MS, Damage, T

HOUR_MS = 3_600_000.0
NAMED = 3

Note = Callable[[Record, float], object]
"""Keeps a record; the monotonic instant in ms is when it was decided."""


class RepairLog:
    """Tells of repairs and remembers how many there were lately."""

    def __init__(self, note: Note, wans: Iterable[str]) -> None:
        self._note = note
        self._wans = frozenset(wans)
        self._done: deque[float] = deque(maxlen=10_000)
        self._failed: dict[object, str] = {}
        self._fights: dict[str, tuple[str, ...]] = {}

    def repaired(self, done: Sequence[Damage[T]], heard_ms: float, now_ms: float, by: str) -> None:
        """One record for all that was put back together."""
        took_ms = round(now_ms - heard_ms, 1)
        self._done.append(now_ms)
        for damage in done:
            self._failed.pop(damage.thing, None)
        names = [damage.name for damage in done]
        found = dict.fromkeys(damage.found for damage in done)
        culprit = f", changed by {by}" if by else ""
        why = f"{_listed(list(found))}{culprit}; stood again {took_ms:g} ms after the kernel told"
        inputs = {"objects": names, "found": list(found), "by": by or None, "took_ms": took_ms}
        what = f"repaired {_listed(names)}"
        self._note(Record("repair", what, why, wan=self._owner(done), inputs=inputs), now_ms)

    def failed(self, damage: Damage[T], error: str, now_ms: float) -> None:
        """A repair that the kernel refused; the same refusal is told once."""
        if self._failed.get(damage.thing) == error:
            return
        self._failed[damage.thing] = error
        why = f"{damage.found}; the kernel says: {error}"
        what = f"cannot repair {damage.name}"
        self._note(Record("repair", what, why, wan=self._owner([damage])), now_ms)

    def fought(self, damages: Sequence[Damage[T]], now_ms: float) -> None:
        """Another program keeps undoing repairs: said once, then done less often."""
        for damage in damages:
            what = f"{damage.name} is taken away again and again"
            why = f"repaired once each {FIGHT_PAUSE_MS / 1000:g} s until it stands for a minute"
            self._note(Record("repair", what, why, wan=self._owner([damage])), now_ms)

    def fights(self, of: str, names: Iterable[str]) -> None:
        """What is fought over now, by the one that looks after `of`."""
        self._fights[of] = tuple(names)

    def summary(self, now_ms: float) -> dict[str, object]:
        """For the state document."""
        lately = sum(now_ms - at < HOUR_MS for at in self._done)
        fights = [name for names in self._fights.values() for name in names]
        return {"last_hour": lately, "fought_over": fights}

    def _owner(self, damages: Sequence[Damage[T]]) -> str | None:
        """The WAN that all of it belongs to."""
        owners = {damage.owner for damage in damages}
        return owners.pop() if len(owners) == 1 and owners <= self._wans else None


def _listed(names: Sequence[str]) -> str:
    shown = list(dict.fromkeys(names))
    more = f" and {len(shown) - NAMED} more" if len(shown) > NAMED else ""
    return ", ".join(shown[:NAMED]) + more
