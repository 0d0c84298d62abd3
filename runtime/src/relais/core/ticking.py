# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the world should be looked at: a decision too, and the same in daemon and simulator."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from relais.core.events import Traffic
from relais.core.link import Link
from relais.core.transitions import LinkState

TICK_MS = 50.0
FAST_TICK_MS = 10.0
CALM_TICK_MS = 100.0
CALM_AFTER_MS = 3000.0
BUSY_PACKETS = 4
"""More packets than this between two looks are not only our own probes."""
_DOUBTFUL = (LinkState.SUSPECT, LinkState.LOST)


@dataclass(slots=True)
class Pace:
    """Fast while a link is in doubt, when every look may bring the verdict; slow when the lines are
    idle, because silence can then only be found by probes."""

    tick_ms: float = TICK_MS
    busy_ms: float = -CALM_AFTER_MS
    sent: int = 0

    def ticked(self, links: Iterable[Link], traffic: Mapping[str, Traffic], now_ms: float) -> float:
        """Take note of a look's counters; the time in ms until the next one."""
        sent = sum(counted.tx_packets for counted in traffic.values())
        if abs(sent - self.sent) > BUSY_PACKETS:
            self.busy_ms = now_ms
        self.sent = sent
        self.tick_ms = self.wanted_ms(links, now_ms)
        return self.tick_ms

    def wanted_ms(self, links: Iterable[Link], now_ms: float) -> float:
        """Time between looks at these links, as they are now."""
        for link in links:
            unheard = link.state is LinkState.UP and link.unheard_since_ms is not None
            if unheard or link.state in _DOUBTFUL:
                return FAST_TICK_MS
        return TICK_MS if now_ms - self.busy_ms < CALM_AFTER_MS else CALM_TICK_MS

    def calm_ms(self) -> float:
        """When the pace slackens if nothing more is sent; infinite when it has."""
        return self.busy_ms + CALM_AFTER_MS if self.tick_ms == TICK_MS else math.inf
