# SPDX-License-Identifier: GPL-3.0-or-later
"""How patiently damage is repaired: not in the middle of a change, and never in a fight."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)
FIGHT_REPAIRS = 5
FIGHT_WITHIN_MS = 60_000.0
FIGHT_PAUSE_MS = 10_000.0
"""Five repairs of one thing in a minute: another program undoes them. One each 10 s from then on,
until it has stood for a minute."""


@dataclass(frozen=True, slots=True)
class Damage(Generic[T]):
    """A thing that is not as it should be: whose, its name, how it was found, and for how long it
    is left to whoever is at work on it."""

    thing: T
    owner: str
    name: str
    found: str
    grace_ms: float


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Since when each thing is damaged, and when it was repaired lately; monotonic ms."""

    since_ms: Mapping[Hashable, float] = field(default_factory=dict)
    repaired_ms: Mapping[Hashable, tuple[float, ...]] = field(default_factory=dict)
    fought: Mapping[Hashable, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Review(Generic[T]):
    """What to repair now, what has just turned out to be fought over, and when to look again."""

    upkeep: Upkeep
    due: tuple[Damage[T], ...]
    fights: tuple[Damage[T], ...]
    again_ms: float | None


def review(upkeep: Upkeep, damages: Sequence[Damage[T]], now_ms: float) -> Review[T]:
    """Decide on everything that is damaged now."""
    since: dict[Hashable, float] = {d.thing: upkeep.since_ms.get(d.thing, now_ms) for d in damages}
    lately = {
        thing: recent
        for thing, instants in upkeep.repaired_ms.items()
        if (recent := tuple(at for at in instants if now_ms - at < FIGHT_WITHIN_MS))
    }
    fought = {thing: name for thing, name in upkeep.fought.items() if thing in lately}
    due: list[Damage[T]] = []
    fights: list[Damage[T]] = []
    waits: list[float] = []
    for damage in damages:
        instants = lately.get(damage.thing, ())
        ready_ms = since[damage.thing] + damage.grace_ms
        if len(instants) >= FIGHT_REPAIRS and damage.thing not in fought:
            fought[damage.thing] = damage.name
            fights.append(damage)
        if damage.thing in fought:
            ready_ms = max(ready_ms, instants[-1] + FIGHT_PAUSE_MS)
        if ready_ms <= now_ms:
            due.append(damage)
        else:
            waits.append(ready_ms)
    after = Upkeep(since, lately, fought)
    return Review(after, tuple(due), tuple(fights), min(waits, default=None))


def repaired(upkeep: Upkeep, done: Iterable[Damage[T]], now_ms: float) -> Upkeep:
    """Note attempts, whether they succeeded or not: a repair that fails is not tried in a loop."""
    instants = dict(upkeep.repaired_ms)
    since = dict(upkeep.since_ms)
    for damage in done:
        instants[damage.thing] = (*instants.get(damage.thing, ()), now_ms)
        since.pop(damage.thing, None)
    return Upkeep(since, instants, upkeep.fought)
