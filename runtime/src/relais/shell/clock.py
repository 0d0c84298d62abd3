# SPDX-License-Identifier: GPL-3.0-or-later
"""The only place that asks for the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from relais.core.instants import rfc3339


def monotonic_ms() -> float:
    """CLOCK_MONOTONIC in ms: for every decision, and comparable between processes of one boot."""
    return time.clock_gettime(time.CLOCK_MONOTONIC) * 1000.0


def wall_ms() -> int:
    """Milliseconds since 1970, UTC: only to show a far host that a message is fresh."""
    return time.time_ns() // 1_000_000


def wall_now() -> datetime:
    """Now, in UTC: for journals and messages only."""
    return datetime.now(UTC)


def wall_at(mono_ms: float) -> datetime:
    """The wall clock at a monotonic instant, by the present offset of the two clocks."""
    return wall_now() - timedelta(milliseconds=monotonic_ms() - mono_ms)


def wall_text(mono_ms: float) -> str:
    """RFC 3339 text (UTC, ms) of a monotonic instant."""
    return rfc3339(wall_at(mono_ms))
