# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on demand: refusals, slowness, lost connections."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

Kind = Literal["status", "slow", "reset", "reset_after"]


@dataclass
class Fault:
    """Befalls the next `times` requests whose `METHOD /path` contains `on`."""

    kind: Kind
    on: str = ""
    times: int = 1
    status: int = 503
    retry_after: int | None = None
    seconds: float = 0.0


class Faults:
    """The faults that are still to come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Have a fault happen."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Have none of the waiting faults happen."""
        with self._lock:
            self._waiting.clear()

    def take(self, request: str) -> Fault | None:
        """Return the first fault that befalls a request, and count it."""
        with self._lock:
            for fault in self._waiting:
                if fault.on in request:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                    return fault
        return None
