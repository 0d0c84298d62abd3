# SPDX-License-Identifier: GPL-3.0-or-later
"""The wall clock of the double: the machine's, moved or stopped as a test wants it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Time with a zone; `advance` moves it, `stop_at` holds it."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._held: datetime | None = None

    def now(self) -> datetime:
        """Return the time that the double believes in."""
        return (self._held or datetime.now(UTC)) + self._ahead

    def advance(self, seconds: float) -> None:
        """Let seconds pass at once."""
        self._ahead += timedelta(seconds=seconds)

    def stop_at(self, moment: datetime) -> None:
        """Hold the clock at a moment, which must name its zone."""
        if moment.tzinfo is None:
            raise ValueError("a moment without a time zone: pass datetime(..., tzinfo=...)")
        self._held, self._ahead = moment.astimezone(UTC), timedelta()


def written(moment: datetime) -> str:
    """Return a moment as the API writes it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
