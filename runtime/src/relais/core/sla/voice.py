# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call would have been worth, by ITU-T G.107 (06/2015), narrowband."""

from __future__ import annotations

from dataclasses import dataclass

from relais.core.model import Codec
from relais.core.quality import IMPAIRMENTS, mean_opinion_score, transmission_rating
from relais.core.sla.delay import Delay
from relais.core.sla.samples import Samples
from relais.core.sla.times import share_percent

PACKETS_US = 20_000
"""A packet of voice holds 20 ms."""
NAMES = {
    Codec.G711: ("G.711", True),
    Codec.G711_BARE: ("G.711", False),
    Codec.G729A: ("G.729A", True),
}
"""Name of each codec, and whether it conceals the loss of packets (PLC)."""


@dataclass(frozen=True, slots=True)
class Voice:
    """R and MOS of a call, with what they were computed from: `ta_us` from mouth to ear, loss in
    percent, equipment factor Ie and robustness Bpl of the codec (ITU-T G.113)."""

    rating: float
    mos: float
    codec: str
    plc: bool
    ie: float
    bpl: float
    ta_us: int
    loss_percent: float


def voice(samples: Samples, delay: Delay, codec: Codec) -> Voice | None:
    """A call over the link in the mean: half the mean round trip, 20 ms of packets, and a buffer
    that holds all but one packet in twenty of the variation. None with too few samples.

    Loss and variation are those of the round trip, so it is the worst case of one direction.
    """
    if not samples.sent or delay.mean_us is None or delay.pdv_p95_us is None:
        return None
    ta_us = delay.mean_us // 2 + PACKETS_US + delay.pdv_p95_us
    loss_percent = 100 * samples.lost / samples.sent
    impairment = IMPAIRMENTS[codec]
    rating = transmission_rating(ta_us / 1000, loss_percent, impairment)
    name, plc = NAMES[codec]
    return Voice(
        rating=round(rating, 2),
        mos=round(mean_opinion_score(rating), 2),
        codec=name,
        plc=plc,
        ie=impairment.equipment,
        bpl=impairment.robustness,
        ta_us=ta_us,
        loss_percent=share_percent(samples.lost, samples.sent) or 0.0,
    )
