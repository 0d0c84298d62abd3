# SPDX-License-Identifier: GPL-3.0-or-later
"""Up to where a link breaks no service's limits for sure, worked out once for a configuration."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from relais.core.model import Config
from relais.core.quality import link_mos, wilson_low
from relais.core.window import Window

LOSS_PROBES = 120
"""Newest probes that loss is counted over when a service has limits."""
_NEWEST = tuple((1 << probes) - 1 for probes in range(LOSS_PROBES + 1))


@dataclass(frozen=True, slots=True)
class Limits:
    """Figures up to which no service's limits can be broken: losses by number of probes, and times.

    `delay_ms` is half a round trip and two jitters, as the voice quality has it.
    """

    losses: tuple[int, ...]
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
        share = min(shares, default=100.0) / 100
        losses = tuple(_losses(share, judged) for judged in range(LOSS_PROBES + 1))
        loss = 100 * share
        delays = (
            ms
            for ms in range(1000)
            for sla in slas
            if sla.mos is not None and link_mos(2.0 * ms, 0.0, loss, sla.codec) < sla.mos
        )
        return cls(
            losses,
            2 * min((sla.latency_ms for sla in slas if sla.latency_ms is not None), default=inf),
            min((sla.jitter_ms for sla in slas if sla.jitter_ms is not None), default=inf),
            next(delays, inf) - 1,
        )

    def kept(self, window: Window) -> bool:
        """No service's limits are broken; False when a closer look is needed.

        Probes under way count as lost here, which errs on the side of a closer look.
        """
        srtt_ms = window.srtt_ms
        if srtt_ms is None:
            return True
        probes = window.count if window.count < LOSS_PROBES else LOSS_PROBES
        answered = (window.answered_bits & _NEWEST[probes]).bit_count()
        jitter_ms = window.jitter_ms or 0.0
        return (
            probes - answered <= self.losses[probes]
            and srtt_ms <= self.rtt_ms
            and jitter_ms <= self.jitter_ms
            and srtt_ms / 2 + 2 * jitter_ms <= self.delay_ms
        )


def _losses(share: float, judged: int) -> int:
    """How many of so many probes may be lost before their share is above `share` for sure."""
    return max(lost for lost in range(judged + 1) if wilson_low(lost, judged) <= share)
