# SPDX-License-Identifier: GPL-3.0-or-later
"""Flap damping in the manner of RFC 2439: a penalty that grows with faults and halves with time."""

from __future__ import annotations

from dataclasses import dataclass

HALF_LIFE_MS = 15 * 60_000.0
PER_FAULT = 1000.0
PER_BROWNOUT = 500.0
SUPPRESS = 3000.0
REUSE = 750.0
CEILING = 12_000.0
"""REUSE * 2**(60 min / half-life), so that nothing is suppressed for over an hour (RFC 2439)."""


@dataclass(frozen=True, slots=True)
class Penalty:
    """A link's figure of merit at `at_ms`, and whether it is suppressed."""

    value: float = 0.0
    at_ms: float = 0.0
    suppressed: bool = False

    def now(self, now_ms: float) -> float:
        """The penalty decayed to `now_ms`."""
        if self.value == 0.0:
            return 0.0
        return float(self.value * 2.0 ** (-(now_ms - self.at_ms) / HALF_LIFE_MS))

    def add(self, amount: float, now_ms: float) -> Penalty:
        """After one more fault."""
        value = min(self.now(now_ms) + amount, CEILING)
        return Penalty(value, now_ms, self.suppressed or value >= SUPPRESS)

    def released(self, now_ms: float) -> Penalty:
        """The same penalty, no longer suppressed once it has decayed below the reuse limit."""
        if self.suppressed and self.now(now_ms) < REUSE:
            return Penalty(self.now(now_ms), now_ms)
        return self
