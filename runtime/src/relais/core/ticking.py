# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the world should be looked at: a decision too, and the same in daemon and simulator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from relais.core.due import NEVER, urgent_ms
from relais.core.events import Traffic
from relais.core.state import State
from relais.core.transitions import LOST, SUSPECT, UP

TICK_MS = 20.0
FAST_TICK_MS = 10.0
CALM_TICK_MS = 100.0
CALM_AFTER_MS = 3000.0
BUSY_PACKETS = 4
"""More packets than this between two looks are not only our own probes."""


@dataclass(slots=True)
class Pace:
    """Often while packets flow, because silence counts from the last look that heard something;
    oftener while a link is in doubt; seldom when the lines are idle, because silence can then only
    be found by probes. And at the very instant at which silence or a burst becomes a verdict."""

    tick_ms: float = TICK_MS
    busy_ms: float = -CALM_AFTER_MS
    sent: int = 0

    def ticked(self, state: State, traffic: Mapping[str, Traffic], now_ms: float) -> float:
        """Take note of a look's counters; the instant of the next one."""
        self.noted(state, traffic, now_ms)
        return min(now_ms + self.tick_ms, urgent(state, now_ms))

    def noted(self, state: State, traffic: Mapping[str, Traffic], now_ms: float) -> None:
        """Take note of a look's counters."""
        sent = 0
        for counted in traffic.values():
            sent += counted.tx_packets
        if abs(sent - self.sent) > BUSY_PACKETS:
            self.busy_ms = now_ms
        self.sent = sent
        self.tick_ms = self.wanted_ms(state, now_ms)

    def wanted_ms(self, state: State, now_ms: float) -> float:
        """Time between regular looks at these links, as they are now."""
        watched = now_ms - self.busy_ms < CALM_AFTER_MS
        for link in state.links.values():
            if link.state is SUSPECT or link.state is LOST:
                return FAST_TICK_MS
            if link.anchor is not None and link.anchor.asking:
                watched = True
        return TICK_MS if watched else CALM_TICK_MS

    def calm_ms(self) -> float:
        """When the pace slackens if nothing more is sent; infinite when it has."""
        return self.busy_ms + CALM_AFTER_MS if self.tick_ms == TICK_MS else math.inf


def urgent(state: State, looked_ms: float) -> float:
    """The next instant after a look at which time alone may bring a verdict; infinite without."""
    first = NEVER
    for link in state.links.values():
        if link.state is not UP or link.unheard_since_ms is not None:
            at = urgent_ms(link, state.config, looked_ms)
            if looked_ms < at < first:
                first = at
    return first
