# SPDX-License-Identifier: GPL-3.0-or-later
"""Instants as text: RFC 3339 in UTC with milliseconds, which sorts as it reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def rfc3339(at: datetime) -> str:
    """`2026-01-01T09:00:00.150Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def of_unix_ms(unix_ms: int) -> str:
    """The same of whole ms since 1970."""
    whole, ms = divmod(unix_ms, 1000)
    return rfc3339(datetime.fromtimestamp(whole, UTC) + timedelta(milliseconds=ms))


def later(instant: str, ms: float) -> str:
    """The instant so many ms after another, before it when negative."""
    return rfc3339(_read(instant) + timedelta(milliseconds=round(ms)))


def between_ms(first: str, last: str) -> int:
    """Whole ms from one instant to another; 0 where a clock that was set has them swapped."""
    return max(0, round((_read(last) - _read(first)) / timedelta(milliseconds=1)))


def stamp(instant: str) -> str:
    """`20261128T200500Z`, for identifiers."""
    return _read(instant).strftime("%Y%m%dT%H%M%SZ")


def _read(instant: str) -> datetime:
    return datetime.fromisoformat(instant).astimezone(UTC)
