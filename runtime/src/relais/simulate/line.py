# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulated line for one stretch: what becomes of a probe, and what its counters read."""

from __future__ import annotations

import math
from dataclasses import dataclass

from relais.core.events import Traffic
from relais.core.model import Wan
from relais.simulate.models import (
    REAL,
    Episodes,
    GilbertElliott,
    Kind,
    LinkModel,
    RandomLoss,
    Spans,
    Stretch,
    Timeline,
    bad_states,
    draw,
    seeded,
)

PACKET_BYTES = 700
PROBE_PACKET_BYTES = 90


@dataclass(frozen=True, slots=True)
class Fault:
    """Something real that happened to a link: what a perfect gateway would know."""

    wan: str
    kind: Kind
    begin_ms: float
    end_ms: float


@dataclass(frozen=True, slots=True)
class _Lossy:
    """Loss in percent of each direction inside and outside of some spans, as shares."""

    timeline: Timeline
    inside: float
    outside: float

    def share(self, now_ms: float) -> float:
        return self.inside if self.timeline.active(now_ms) else self.outside


class Line:
    """A line between the gateway and the Internet.

    `dark` is every span in which nothing passes. Load (packets and bytes per ms) is set by the
    office; the counters are exact functions of time between two changes.
    """

    def __init__(self, wan: Wan, model: LinkModel, stretch: Stretch, seed: str) -> None:
        self.wan = wan
        self.name = wan.name
        self._rtt_ms = model.rtt_ms
        self._jitter_ms = model.jitter_ms
        self._fate = seeded(f"{seed}/{wan.name}/packets")
        self.faults: list[Fault] = []
        self._up_share = self._down_share = 0.0
        self._lossy: list[_Lossy] = []
        self._slow: list[tuple[Timeline, float]] = []
        dark: Spans = []
        carrier: Spans = []
        for index, part in enumerate(model.models):
            rng = seeded(f"{seed}/{wan.name}/{index}")
            match part:
                case RandomLoss():
                    self._up_share = 1 - (1 - self._up_share) * (1 - part.up_percent / 100)
                    self._down_share = 1 - (1 - self._down_share) * (1 - part.down_percent / 100)
                case GilbertElliott():
                    bad = Timeline(bad_states(part, stretch, rng))
                    shares = part.bad_percent / 100, part.good_percent / 100
                    self._lossy.append(_Lossy(bad, *shares))
                case Episodes():
                    spans = draw(part, stretch, rng)
                    self._take(part, spans, dark, carrier)
        self.dark = Timeline(dark)
        self.carrier = Timeline(carrier)
        self._calm = 1 - (1 - self._up_share) * (1 - self._down_share)
        self._since_ms = stretch.begin_ms
        self._packets_per_ms = self._bytes_per_ms = 0.0
        self._extra_ms = self._extra_loss = 0.0
        self._is_dark = False
        self._rx = self._tx = 0.0
        self._rx_bytes = self._tx_bytes = 0.0
        self._told: Traffic | None = None

    def _take(self, part: Episodes, spans: Spans, dark: Spans, carrier: Spans) -> None:
        if part.kind in REAL:
            self.faults += [Fault(self.name, part.kind, begin, end) for begin, end in spans]
        match part.kind:
            case Kind.OUTAGE | Kind.BURST:
                dark.extend(spans)
            case Kind.CARRIER:
                dark.extend(spans)
                carrier.extend(spans)
            case Kind.BROWNOUT:
                self._lossy.append(_Lossy(Timeline(spans), part.loss_percent / 100, 0.0))
            case Kind.SPIKE:
                self._slow.append((Timeline(spans), part.extra_ms))

    def changes(self) -> list[float]:
        """Every instant at which the line goes dark or comes back."""
        return [instant for span in self.dark.spans() for instant in span]

    def probe(self, now_ms: float) -> float | None:
        """Send one probe: its round trip in ms, or None when it or its answer is lost."""
        self._told = None
        self._tx += 1
        self._tx_bytes += PROBE_PACKET_BYTES
        rng = self._fate
        chance, wobble = rng.random(), rng.random()
        rtt_ms = self._rtt_ms + self._extra_ms - self._jitter_ms * math.log(1.0 - wobble)
        for timeline, extra_ms in self._slow:
            if timeline.active(now_ms):
                rtt_ms += extra_ms
        back_ms = now_ms + rtt_ms
        if self._is_dark or self.dark.active(back_ms):
            return None
        survival = (1.0 - self._calm) * (1.0 - self._extra_loss)
        for lossy in self._lossy:
            survival *= (1.0 - lossy.share(now_ms)) * (1.0 - lossy.share(back_ms))
        return rtt_ms if chance < survival else None

    def heard(self) -> None:
        """An answer came in."""
        self._told = None
        self._rx += 1
        self._rx_bytes += PROBE_PACKET_BYTES

    def darken(self, now_ms: float) -> None:
        """Look whether the line is dark from now on."""
        self._settle(now_ms)
        self._is_dark = self.dark.active(now_ms)

    def load(
        self, now_ms: float, mbit: float, *, extra_ms: float = 0.0, extra_loss: float = 0.0
    ) -> None:
        """From now on the office sends and receives so much, which may slow the line."""
        self._settle(now_ms)
        self._bytes_per_ms = mbit * 125
        self._packets_per_ms = mbit * 125 / PACKET_BYTES
        self._extra_ms = extra_ms
        self._extra_loss = extra_loss

    def _settle(self, now_ms: float) -> None:
        self._told = None
        passed = now_ms - self._since_ms
        self._since_ms = now_ms
        self._tx += self._packets_per_ms * passed
        self._tx_bytes += self._bytes_per_ms * passed
        if not self._is_dark:
            self._rx += self._packets_per_ms * passed
            self._rx_bytes += self._bytes_per_ms * passed

    @property
    def blind(self) -> bool:
        """Packets leave and none can come back."""
        return self._is_dark and self._packets_per_ms > 0

    @property
    def loaded(self) -> bool:
        """Packets of the office flow, so that every tick hears some unless the line is dark."""
        return self._packets_per_ms > 0

    def traffic(self, now_ms: float) -> Traffic:
        """What the counters read."""
        told = self._told
        if told is not None and self._packets_per_ms <= 0:
            return told  # Nothing has passed since they were last read.
        passed = now_ms - self._since_ms
        packets, octets = self._packets_per_ms * passed, self._bytes_per_ms * passed
        heard = 0.0 if self._is_dark else 1.0
        told = self._told = Traffic(
            int(self._rx + packets * heard),
            int(self._tx + packets),
            int(self._rx_bytes + octets * heard),
            int(self._tx_bytes + octets),
        )
        return told
