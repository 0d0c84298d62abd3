# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the daemon itself does not work as it should, and since when. Decisions go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from relais.core.actions import Record
from relais.shell import clock

Tell = Callable[[Record, float], object]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a part fails, and since when (CLOCK_MONOTONIC in ms)."""

    why: str
    since_ms: float


class Health:
    """Parts by name. One that fails, and one that works again, is told once as an event."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._faults: dict[str, Fault] = {}

    def note(self, part: str, why: str | None) -> None:
        """A part works (None), or fails and why."""
        before = self._faults.get(part)
        if why is None and before is None:
            return
        now = clock.monotonic_ms()
        if why is None:
            del self._faults[part]
            self._tell(Record("daemon", f"{part}: well again", "relaisd has looked"), now)
        elif before is None:
            self._faults[part] = Fault(why, now)
            self._tell(Record("daemon", f"{part}: degraded", why), now)
        elif before.why != why:
            self._faults[part] = Fault(why, before.since_ms)

    def document(self) -> list[dict[str, str]]:
        """What fails now, for the state document."""
        return [
            {"part": part, "since": clock.wall_text(fault.since_ms), "why": fault.why}
            for part, fault in self._faults.items()
        ]
