# SPDX-License-Identifier: GPL-3.0-or-later
"""How good a link is while it lives: change detection on loss, and voice quality."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from relais.core.evolve import swift
from relais.core.model import Codec, Sla

BROWNOUT_LOSS = 0.25
HEALTHY_LOSS = 0.05
_ON_LOSS = math.log(BROWNOUT_LOSS / HEALTHY_LOSS)
_ON_ANSWER = math.log((1 - BROWNOUT_LOSS) / (1 - HEALTHY_LOSS))
ALARM = 16.0
DOUBT = 3.0
"""Two losses close together: reason to look more often, no more."""
WELL = 8.0
LEAST_PROBES = 20
"""Fewer convict no line of loss, whatever the interval says: at its low end it is no good guide."""
_BAD_MOST = 2 * ALARM
_WELL_MOST = 2 * WELL


class Quality(StrEnum):
    """What a living link is worth."""

    GOOD = "good"
    SATURATED = "saturated"
    """Slow or lossy because we fill it ourselves; leaving it would not help."""
    DEGRADED = "degraded"
    """Loses far too much for reasons that are not ours."""
    PARTIAL = "partial"
    """A whole protocol (TCP, DNS, IPv6) is dead here and works through another link."""


GOOD: Final = Quality.GOOD
"""By a name of its own, as the states of a link are (core/transitions.py)."""


@swift
@dataclass(frozen=True, slots=True)
class Cusum:
    """Two cumulative sums of log likelihood ratios (Page 1954) between a healthy and a bad line.

    `bad` grows with losses and says when the line has turned bad; `well` grows with answers and
    says when it has turned well again. A line at 5 % loss or below raises a false alarm about once
    in exp(16), nine million, probes; one that loses half of them is found after some twenty.
    """

    bad: float = 0.0
    well: float = 0.0

    def after(self, *, lost: int, answered: int) -> Cusum:
        """The sums after some more judged probes."""
        moved = lost * _ON_LOSS + answered * _ON_ANSWER
        if moved <= 0.0 and self.bad == 0.0 and self.well == _WELL_MOST:
            return self  # Most of the time.
        bad = min(max(0.0, self.bad + moved), _BAD_MOST)
        well = min(max(0.0, self.well - moved), _WELL_MOST)
        return self if bad == self.bad and well == self.well else Cusum(bad, well)


@dataclass(frozen=True, slots=True)
class Impairment:
    """What a codec costs (ITU-T G.113, appendix I): equipment factor Ie and robustness Bpl."""

    equipment: float
    robustness: float


IMPAIRMENTS = {
    Codec.G711: Impairment(0.0, 25.1),
    Codec.G711_BARE: Impairment(0.0, 4.3),
    Codec.G729A: Impairment(11.0, 19.0),
}
_R_DEFAULT = 93.2
"""R with every parameter of G.107 at its default."""


def transmission_rating(mouth_to_ear_ms: float, loss_percent: float, codec: Impairment) -> float:
    """R of ITU-T G.107 (06/2015) for random loss, all other parameters at their defaults.

    Delay is taken by the usual two-line approximation of Id, within 0.9 of the full model up to
    300 ms; loss by equation 7-29.
    """
    delay = 0.024 * mouth_to_ear_ms + 0.11 * max(0.0, mouth_to_ear_ms - 177.3)
    loss = codec.equipment + (95 - codec.equipment) * loss_percent / (
        loss_percent + codec.robustness
    )
    return _R_DEFAULT - delay - loss


def mean_opinion_score(rating: float) -> float:
    """MOS-CQE of a rating R (ITU-T G.107, annex B)."""
    if rating <= 0:
        return 1.0
    if rating >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * rating + 7e-6 * rating * (rating - 60) * (100 - rating))


def link_rating(rtt_ms: float, jitter_ms: float, loss_percent: float, codec: Codec) -> float:
    """R that a call would have: half the round trip, 20 ms of packets, a buffer of two jitters.

    Loss is that of the round trip, so the figure is the worst case for one direction.
    """
    mouth_to_ear = rtt_ms / 2 + 20 + 2 * jitter_ms
    return transmission_rating(mouth_to_ear, loss_percent, IMPAIRMENTS[codec])


def link_mos(rtt_ms: float, jitter_ms: float, loss_percent: float, codec: Codec) -> float:
    """MOS of the same call."""
    return mean_opinion_score(link_rating(rtt_ms, jitter_ms, loss_percent, codec))


def breach(
    sla: Sla, rtt_ms: float | None, jitter_ms: float | None, judged: int, answered: int
) -> str | None:
    """Which limit of `sla` a link breaks for sure, in words; None when none.

    Loss counts only when even the lower end of its 99.99 % interval (Wilson 1927) is over the
    limit, so that a handful of probes cannot convict a line.
    """
    if judged == 0 or rtt_ms is None:
        return None
    loss = 100.0 * (judged - answered) / judged
    lost = judged - answered if judged >= LEAST_PROBES else 0
    sure_loss = 100.0 * wilson_low(lost, judged)
    jitter = jitter_ms or 0.0
    if sla.loss_percent is not None and sure_loss > sla.loss_percent:
        return f"loss {loss:.1f} % is above {sla.loss_percent:g} %"
    if sla.latency_ms is not None and rtt_ms / 2 > sla.latency_ms:
        return f"latency {rtt_ms / 2:.0f} ms is above {sla.latency_ms:g} ms"
    if sla.jitter_ms is not None and jitter > sla.jitter_ms:
        return f"jitter {jitter:.0f} ms is above {sla.jitter_ms:g} ms"
    if sla.mos is not None:
        mos = link_mos(rtt_ms, jitter, sure_loss, sla.codec)
        if mos < sla.mos:
            return f"MOS {mos:.1f} is below {sla.mos:g}"
    return None


def wilson_low(events: int, trials: int) -> float:
    """Lower end of the 99.99 % score interval of a proportion: it is looked at every second."""
    if trials == 0 or events == 0:
        return 0.0
    z = 3.89
    share = events / trials
    middle = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return max(0.0, (middle - spread) / (1 + z * z / trials))
