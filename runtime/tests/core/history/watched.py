# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted world with somebody who keeps its history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from relais.core.actions import Action
from relais.core.config import parse_config
from relais.core.events import Event
from relais.core.history.keep import Keeper
from relais.core.history.model import Condition, Period, Roll, Subject
from relais.core.model import Config
from relais.core.state import State
from world import World, document

OFFSET_MS = 1_790_000_000_000.0
"""Unix time less the world's own clock."""


@dataclass
class Watched:
    """A world whose every step a keeper is told; `periods` and `rolls` are what it yielded."""

    config: Config = field(default_factory=lambda: parse_config(document()))
    known: tuple[Period, ...] = ()
    offset_ms: float = OFFSET_MS

    def __post_init__(self) -> None:
        self.keeper = Keeper(self.config, self.offset_ms, self.known)
        self.world = World(self.config, listener=self._step)
        self.rolls: list[Roll] = []
        self.periods: list[Period] = []

    def _step(
        self, before: State, event: Event, after: State, _actions: tuple[Action, ...]
    ) -> None:
        self.keeper.took(before, event, after)

    def end(self) -> Watched:
        """The daemon stops."""
        kept = self.keeper.close(self.world.state)
        self.rolls += kept.rolls
        self.periods += kept.periods
        return self

    def now(self) -> int:
        """The instant in Unix time."""
        return int(self.world.now_ms + self.offset_ms)

    def of(self, subject: Subject, name: str) -> list[Period]:
        """One subject's periods in order of time."""
        return [p for p in self.periods if (p.subject, p.name) == (subject, name)]

    def told(self, subject: Subject, name: str) -> list[tuple[Condition, str, bool]]:
        """Condition, WAN and excuse of each."""
        return [(p.condition, p.wan, p.excused) for p in self.of(subject, name)]


def outages(periods: Iterable[Period]) -> list[Period]:
    """Those that are not available time."""
    return [period for period in periods if period.condition is not Condition.AVAILABLE]


def overlaps(periods: Iterable[Period]) -> bool:
    """Whether two periods of one subject share an instant."""
    last: dict[tuple[Subject, str], int] = {}
    for period in sorted(periods, key=lambda p: p.began_ms):
        who = (period.subject, period.name)
        if period.began_ms < last.get(who, 0) or period.ended_ms <= period.began_ms:
            return True
        last[who] = period.ended_ms
    return False
