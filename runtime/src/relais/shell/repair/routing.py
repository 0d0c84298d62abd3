# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks after rules, routes and addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from relais.core.model import Config
from relais.core.repair import routing
from relais.core.repair.routing import Address, Thing
from relais.core.repair.upkeep import Damage, Upkeep, repaired, review
from relais.shell.clock import monotonic_ms
from relais.shell.repair.log import RepairLog
from relais.shell.routing import Routing, asked_for

DEBOUNCE_MS = 5.0
CALM_FACTOR = 5.0
"""After a look that found all well, a pause of five times what it took: a storm of changes of
others costs a sixth of a core at most."""
RESYNC_MS, RETRY_MS = 30_000.0, 1000.0


class RoutingKeeper:
    """Compares after every burst of changes, and puts back what has been gone for long enough."""

    def __init__(self, config: Config, log: RepairLog) -> None:
        self._config = config
        self._log = log
        self._kernel = Routing(frozenset(wan.table for wan in config.wans))
        self._upkeep = Upkeep()
        self._learned = routing.Learned()
        self._heard_ms: float | None = None
        self._calm_ms = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._due_ms = 0.0

    def close(self) -> None:
        """Stop looking."""
        if self._timer is not None:
            self._timer.cancel()
        self._kernel.close()

    def changed(self) -> None:
        """The kernel has told of a change of links, addresses, routes or rules."""
        now = monotonic_ms()
        self._heard_ms = self._heard_ms or now
        self._look_at(max(now + DEBOUNCE_MS, self._calm_ms))

    def _look_at(self, due_ms: float) -> None:
        """Look then, or earlier when that was planned already."""
        if self._timer is not None:
            if self._due_ms <= due_ms:
                return
            self._timer.cancel()
        self._due_ms = due_ms
        wait_s = max(0.0, due_ms - monotonic_ms()) / 1000
        self._timer = asyncio.get_running_loop().call_later(wait_s, self.look)

    def look(self) -> None:
        """Compare, repair what is due, and plan the next look."""
        self._timer = None
        began = monotonic_ms()
        again_ms: float | None = began + RETRY_MS
        try:
            again_ms = self._look(began)
        except OSError:
            pass  # Interrupted by yet another change.
        finally:
            if again_ms is None:
                self._heard_ms = None
                ended = monotonic_ms()
                self._calm_ms = ended + CALM_FACTOR * (ended - began)
            self._look_at(again_ms or began + RESYNC_MS)

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
            self._log.repaired(done, self._heard_ms or now, monotonic_ms(), "")

    def _put_back(self, due: Sequence[Damage[Thing]], now: float) -> dict[Thing, Damage[Thing]]:
        """What is damaged afterwards."""
        for damage in due:
            try:
                self._kernel.add(damage.thing)
            except OSError as error:
                self._log.failed(damage, error.strerror or str(error), now)
        return {damage.thing: damage for damage in self._damages()}
