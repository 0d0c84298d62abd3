# SPDX-License-Identifier: GPL-3.0-or-later
"""What a WAN may carry in a month of its contract, and which services must then spare it."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from relais.core.events import Traffic
from relais.core.model import Importance, Service, Wan

NEAR_PERCENT = 80
FULL_PERCENT = 100
BYTES_PER_GB = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes carried both ways in one period, and the counters as they were when it was last told.

    `period` is its first day (`2026-11-01`), `resets_at` the RFC 3339 instant at which the next
    begins. `rx_bytes` and `tx_bytes` are None before the counters were ever read.
    """

    quota_bytes: int
    period: str
    resets_at: str
    used_bytes: int
    rx_bytes: int | None = None
    tx_bytes: int | None = None

    @property
    def percent(self) -> float:
        """Share of the quota that is used; may be above 100."""
        return 100.0 * self.used_bytes / self.quota_bytes

    @property
    def level(self) -> int:
        """The last threshold reached: 0, 80 or 100 percent."""
        reached = (limit for limit in (FULL_PERCENT, NEAR_PERCENT) if self.percent >= limit)
        return next(reached, 0)

    def counted(self, traffic: Traffic) -> Usage:
        """After a look at the counters; one that is lower than before has started anew."""
        if traffic.rx_bytes == self.rx_bytes and traffic.tx_bytes == self.tx_bytes:
            return self
        more = _more(self.rx_bytes, traffic.rx_bytes) + _more(self.tx_bytes, traffic.tx_bytes)
        return replace(
            self,
            used_bytes=self.used_bytes + more,
            rx_bytes=traffic.rx_bytes,
            tx_bytes=traffic.tx_bytes,
        )

    def told(self) -> str:
        """`40.10 of 50 GB (80 %)`."""
        used, quota = (n / BYTES_PER_GB for n in (self.used_bytes, self.quota_bytes))
        return f"{used:.2f} of {quota:g} GB ({self.percent:.0f} %)"


def _more(before: int | None, now: int) -> int:
    if before is None:
        return 0
    return now - before if now >= before else now


def quota_bytes(wan: Wan) -> int | None:
    """A WAN's quota for one period; None without."""
    return None if wan.monthly_quota_gb is None else round(wan.monthly_quota_gb * BYTES_PER_GB)


def spares(service: Service, usage: Usage | None) -> bool:
    """Whether a service should leave a link with this usage to more important ones."""
    if usage is None or service.importance is Importance.VITAL:
        return False
    limit = NEAR_PERCENT if service.importance is Importance.DEGRADABLE else FULL_PERCENT
    return usage.level >= limit


def period(now: datetime, resets_on_day: int) -> tuple[date, datetime]:
    """First day of the period around a local time, and when the next begins in that time zone.

    A day that a month does not have is its last one.
    """
    begin = _reset_day(now.year, now.month, resets_on_day)
    if now.date() < begin:
        year, month = (now.year, now.month - 1) if now.month > 1 else (now.year - 1, 12)
        begin = _reset_day(year, month, resets_on_day)
    year, month = (begin.year, begin.month + 1) if begin.month < 12 else (begin.year + 1, 1)
    end = _reset_day(year, month, resets_on_day)
    return begin, datetime.combine(end, time(), tzinfo=now.tzinfo)


def _reset_day(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))
