# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks after rules, routes and addresses."""

from __future__ import annotations

from collections.abc import Sequence

from relais.core.model import Config
from relais.core.repair import routing
from relais.core.repair.routing import Address, Thing
from relais.core.repair.upkeep import Damage, Upkeep, repaired, review
from relais.shell.clock import monotonic_ms
from relais.shell.repair.log import RepairLog
from relais.shell.repair.rounds import Rounds
from relais.shell.routing import Routing, asked_for

SETTLE_MS, RESYNC_MS = 5.0, 30_000.0
"""A burst of changes is one look."""


class RoutingKeeper:
    """Compares after every burst of changes, and puts back what has been gone for long enough."""

    def __init__(self, config: Config, log: RepairLog) -> None:
        self._config = config
        self._log = log
        self._kernel = Routing(frozenset(wan.table for wan in config.wans))
        self._upkeep = Upkeep()
        self._learned = routing.Learned()
        self._rounds = Rounds(self._look, settle_ms=SETTLE_MS, resync_ms=RESYNC_MS)

    def close(self) -> None:
        """Stop looking."""
        self._rounds.close()
        self._kernel.close()

    def changed(self) -> None:
        """The kernel has told of a change of links, addresses, routes or rules."""
        self._rounds.heard()

    def _look(self, now: float) -> float | None:
        damages = self._damages()
        seen = review(self._upkeep, damages, now)
        self._log.fought(seen.fights, now)
        self._upkeep = seen.upkeep
        if seen.due:
            self._repair(seen.due, now)
        self._log.fights("routing", self._upkeep.fought.values())
        return seen.again_ms

    def _damages(self) -> tuple[Damage[Thing], ...]:
        picture = self._kernel.picture()
        self._learned = routing.learn(self._config, picture, self._learned)
        parts = tuple(routing.wanted(self._config, picture, self._learned))
        found = routing.damages(parts, picture)
        broken = {damage.thing for damage in found}
        asked = {p.thing for p in parts if p.thing in broken and (not p.asked or asked_for(p))}
        return tuple(damage for damage in found if damage.thing in asked)

    def _repair(self, due: Sequence[Damage[Thing]], now: float) -> None:
        """Put back what is due, and the routes that follow from an address which was."""
        addressed = {damage.owner for damage in due if isinstance(damage.thing, Address)}
        tried = list(due)
        still = self._put_back(due, now)
        following = [damage for damage in still.values() if damage.owner in addressed]
        if following:
            tried += following
            still = self._put_back(following, now)
        self._upkeep = repaired(self._upkeep, tried, now)
        done = [damage for damage in tried if damage.thing not in still]
        if done:
            self._log.repaired(done, self._rounds.heard_ms or now, monotonic_ms(), "")
        if not still:
            self._rounds.mended()

    def _put_back(self, due: Sequence[Damage[Thing]], now: float) -> dict[Thing, Damage[Thing]]:
        """What is damaged afterwards."""
        for damage in due:
            try:
                self._kernel.add(damage.thing)
            except OSError as error:
                self._log.failed(damage, error.strerror or str(error), now)
        return {damage.thing: damage for damage in self._damages()}
