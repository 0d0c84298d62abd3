# SPDX-License-Identifier: GPL-3.0-or-later
"""When the core next has something to do: the ticks in between would change nothing.

`runtime/tests/simulate/test_skipping.py` holds this against a run that ticks whenever
the daemon would.
"""

from __future__ import annotations

from dataclasses import dataclass

from relais.core.due import NEVER, due_ms
from relais.core.evidence import SLA_PROBES
from relais.core.link import Link
from relais.core.model import Config
from relais.core.quality import Quality, link_mos, wilson_low
from relais.core.state import REVIEW_MS, State

CALM_CUSUM = 3.0
"""Below this a single loss cannot raise the alarm before the next whole second."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What of a configuration says when a review may find something."""

    config: Config
    limits: Limits | None

    @classmethod
    def of(cls, config: Config) -> Outlook:
        """For one configuration."""
        return cls(config, Limits.of(config))

    def due_ms(self, state: State, now_ms: float, *, watched: bool) -> float:
        """The instant from which on a tick may have an effect.

        `now_ms` is that of the daemon's last tick, even if it was skipped; `watched`: throughput
        may matter, which the core samples once a second.
        """
        due = NEVER
        review = watched
        for link in state.links.values():
            due = min(due, due_ms(link, self.config, now_ms))
            review = review or _unsettled(link, self.limits, now_ms)
        return min(due, (now_ms // REVIEW_MS + 1) * REVIEW_MS) if review else due


def _unsettled(link: Link, limits: Limits | None, now_ms: float) -> bool:
    """Whether the review of a whole second could find anything."""
    if (
        link.quality is not Quality.GOOD
        or link.cusum.bad >= CALM_CUSUM
        or link.penalty.suppressed
        or link.admin_until_ms is not None
        or link.sla_since_ms
        or link.sla_broken
        or link.full(now_ms)
    ):
        return True
    for record in link.targets:
        if record.missed > 1:
            return True
    window = link.window
    if limits is None or window.srtt_ms is None:
        return False
    judged = min(window.count, SLA_PROBES)
    answered = (window.answered_bits & ((1 << judged) - 1)).bit_count()
    jitter_ms = window.jitter_ms or 0.0
    return (
        judged - answered > limits.losses
        or window.srtt_ms > limits.rtt_ms
        or jitter_ms > limits.jitter_ms
        or window.srtt_ms / 2 + 2 * jitter_ms > limits.delay_ms
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """Figures up to which no service's limits can be broken: losses among the newest probes, and
    times; `delay_ms` is half a round trip and two jitters, as the voice quality has it."""

    losses: int
    rtt_ms: float
    jitter_ms: float
    delay_ms: float

    @classmethod
    def of(cls, config: Config) -> Limits | None:
        """The strictest of all services; None when no service has any."""
        slas = [service.sla for service in config.services if service.sla is not None]
        if not slas:
            return None
        shares = [sla.loss_percent for sla in slas if sla.loss_percent is not None]
        losses = _losses(min(shares, default=100.0) / 100)
        loss = 100 * wilson_low(losses, SLA_PROBES)
        delays = (
            ms
            for ms in range(1000)
            for sla in slas
            if sla.mos is not None and link_mos(2.0 * ms, 0.0, loss, sla.codec) < sla.mos
        )
        return cls(
            losses,
            2 * min((sla.latency_ms for sla in slas if sla.latency_ms is not None), default=NEVER),
            min((sla.jitter_ms for sla in slas if sla.jitter_ms is not None), default=NEVER),
            next(delays, NEVER) - 1,
        )


def _losses(share: float) -> int:
    """How many of the newest probes may be lost for sure, also while there are fewer of them."""
    return next(
        lost
        for lost in range(SLA_PROBES + 1)
        if lost == SLA_PROBES or wilson_low(lost + 1, lost + 1 + 20) > share
    )
