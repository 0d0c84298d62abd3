# SPDX-License-Identifier: GPL-3.0-or-later
"""The office behind the gateway: how much it asks of the links, and what a full link suffers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from relais.core.model import Config, Member
from relais.simulate.line import Line
from relais.simulate.models import DAY_MS, Episodes, Kind, Stretch, Timeline, draw, seeded

HOUR_MS = 3_600_000.0
FULL_SHARE = 0.97
"""Of what the operator sold, when a download takes all that it can get."""
CALM_SHARE = 0.5
"""Ordinary traffic leaves half of a link free; what fills a link is said by `fills_per_hour`."""
UNSOLD_MBIT = 100.0
"""Rate of a link of which the configuration does not say what was sold."""


@dataclass(frozen=True, slots=True)
class Office:
    """Ordinary traffic in busy hours and outside of them, and downloads that fill any link."""

    busy_hours: tuple[float, float] = (8.0, 18.0)
    busy_mbit: float = 10.0
    idle_mbit: float = 0.0
    fills_per_hour: float = 0.0
    fill_seconds: tuple[float, float] = (5.0, 120.0)
    bloat_ms: float = 120.0
    full_loss_percent: float = 3.0


class Demand:
    """The office's wishes through one stretch, put on whatever link the `default` service uses.

    `loaded`: some link carries traffic now; `watched`: throughput may matter now.
    """

    def __init__(
        self, office: Office, config: Config, lines: Mapping[str, Line], stretch: Stretch, seed: str
    ) -> None:
        self._office = office
        self._lines = lines
        self._sold = {
            wan.name: min(wan.down_mbit or UNSOLD_MBIT, wan.up_mbit or UNSOLD_MBIT)
            for wan in config.wans
        }
        self._carriers: dict[str, float] = {}
        self.loaded = False
        self.watched = False
        fills = Episodes(Kind.SPIKE, per_hour=office.fills_per_hour, seconds=office.fill_seconds)
        busy = self._busy(stretch)
        spans = draw(fills, stretch, seeded(f"{seed}/office"))
        self._fills = Timeline(span for span in spans if busy.active(span[0]))
        self._busy_time = busy
        # Throughput is sampled in whole seconds: those around a download must all be looked at.
        self._watched = Timeline(
            (begin // 1000 * 1000 - 1000, end + 2000) for begin, end in self._fills.spans()
        )

    def _busy(self, stretch: Stretch) -> Timeline:
        first, last = self._office.busy_hours
        day = stretch.begin_ms // DAY_MS * DAY_MS
        return Timeline([(day + first * HOUR_MS, day + last * HOUR_MS)])

    def changes(self) -> list[float]:
        """Every instant at which the office asks for more or less, or must be watched."""
        spans = self._fills.spans() + self._busy_time.spans() + self._watched.spans()
        return [instant for span in spans for instant in span]

    def steered(self, now_ms: float, members: tuple[Member, ...]) -> None:
        """The gateway sends the office's traffic this way from now on."""
        total = sum(member.weight for member in members)
        carriers = {member.wan: member.weight / total for member in members}
        if carriers != self._carriers:
            self._carriers = carriers
            self.apply(now_ms)

    def apply(self, now_ms: float) -> None:
        """Put the load of this instant on the links."""
        office = self._office
        self.watched = self._watched.active(now_ms)
        full = self._fills.active(now_ms)
        wanted = office.busy_mbit if self._busy_time.active(now_ms) else office.idle_mbit
        self.loaded = False
        for name, line in self._lines.items():
            share = self._carriers.get(name, 0.0)
            sold = self._sold[name]
            if full and share:
                line.load(
                    now_ms,
                    sold * FULL_SHARE,
                    extra_ms=office.bloat_ms,
                    extra_loss=office.full_loss_percent / 100,
                )
            else:
                line.load(now_ms, min(wanted * share, sold * CALM_SHARE))
            self.loaded = self.loaded or line.loaded
