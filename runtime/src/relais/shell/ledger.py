# SPDX-License-Identifier: GPL-3.0-or-later
"""What each WAN with a quota has carried in each month of its contract, kept in the journal.

A row for each period: a clock that is wrong for a while spoils the count of no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from relais.core.events import PeriodBegan
from relais.core.link import Link
from relais.core.model import Config
from relais.core.quota import Usage, period
from relais.shell import clock
from relais.shell.journal import Journal

SCHEMA = """
CREATE TABLE IF NOT EXISTS usage (
  wan TEXT NOT NULL, period TEXT NOT NULL, used_bytes INTEGER NOT NULL,
  PRIMARY KEY (wan, period)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meters (
  wan TEXT PRIMARY KEY, rx_bytes INTEGER NOT NULL, tx_bytes INTEGER NOT NULL) WITHOUT ROWID;
"""
_KEEP_USAGE = "INSERT OR REPLACE INTO usage (wan, period, used_bytes) VALUES (?, ?, ?)"
_KEEP_METER = "INSERT OR REPLACE INTO meters (wan, rx_bytes, tx_bytes) VALUES (?, ?, ?)"
KEEP_EVERY_MS = 300_000.0
"""A loss of power costs the bytes of so long; a restart costs none, for the kernel counts on."""


class Ledger:
    """Knows the calendar of the site and what was kept of earlier runs."""

    def __init__(self, config: Config, journal: Journal) -> None:
        self._wans = [wan for wan in config.wans if wan.monthly_quota_gb is not None]
        self._zone = zone(config.timezone)
        self._journal = journal
        self._used: dict[tuple[str, str], int] = {}
        self._meters: dict[str, tuple[int, int]] = {}
        self._kept_ms = 0.0

    def start(self) -> None:
        """Read what was kept; the journal's own error tells when that fails."""
        for wan, of, used in self._journal.read("SELECT wan, period, used_bytes FROM usage"):
            self._used[wan, of] = used
        for wan, rx, tx in self._journal.read("SELECT wan, rx_bytes, tx_bytes FROM meters"):
            self._meters[wan] = (rx, tx)

    def due(
        self, links: Mapping[str, Link], now_ms: float, wall: datetime | None = None
    ) -> list[PeriodBegan]:
        """The periods that have begun, at start those under way; and keep what is to be kept."""
        local = (wall or clock.wall_now()).astimezone(self._zone)
        began = []
        for wan in self._wans:
            usage = links[wan.name].usage
            first, end = period(local, wan.quota_resets_on_day)
            name = first.isoformat()
            if usage is not None and usage.period == name:
                continue
            if usage is not None:
                self._note(wan.name, usage)
            rx, tx = self._meters.get(wan.name, (None, None))
            used = self._used.get((wan.name, name), 0)
            began.append(PeriodBegan(now_ms, wan.name, name, end.isoformat(), used, rx, tx))
        if now_ms - self._kept_ms >= KEEP_EVERY_MS:
            self.keep(links.values())
            self._kept_ms = now_ms
        return began

    def keep(self, links: Iterable[Link]) -> None:
        """Write down what was carried so far."""
        for link in links:
            if link.usage is not None:
                self._note(link.wan.name, link.usage)

    def _note(self, wan: str, usage: Usage) -> None:
        if usage.rx_bytes is None or usage.tx_bytes is None:
            return
        meter = (usage.rx_bytes, usage.tx_bytes)
        if self._meters.get(wan) != meter or (wan, usage.period) not in self._used:
            self._journal.write(
                (_KEEP_METER, (wan, *meter)),
                (_KEEP_USAGE, (wan, usage.period, usage.used_bytes)),
            )
        self._meters[wan] = meter
        self._used[wan, usage.period] = usage.used_bytes


def zone(name: str) -> tzinfo:
    """The site's time zone; UTC on a machine that does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
