# SPDX-License-Identifier: GPL-3.0-or-later
"""The two things that are kept: what each link measured in each interval, and how long each link
and service was in which state.

Every number is whole, so that sums made anywhere agree to the last digit. Instants are Unix time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

STEPS_S = (1, 60, 3600)
"""Lengths of the intervals in seconds; each is made of whole ones of the one before."""


@dataclass(frozen=True, slots=True)
class Roll:
    """What a link measured from `at_s` for `step_s` seconds, while it was available.

    `sent` are the probes to far targets whose fate is known, `lost` those of them that no answer
    came back for within the time that the core waits for one. `rtt_buckets` counts the round trips
    by the number of their bucket (core/history/buckets.py), `rtt_sum_us` and `rtt_least_us` are
    exact. `observed_ms` is how long the daemon watched; the rest of the interval is no data.
    """

    wan: str
    step_s: int
    at_s: int
    observed_ms: int = 0
    sent: int = 0
    lost: int = 0
    rtt_sum_us: int = 0
    rtt_least_us: int | None = None
    rtt_buckets: Mapping[int, int] = field(default_factory=dict)
    rx_bytes: int = 0
    tx_bytes: int = 0


class Subject(StrEnum):
    """Whose period it is."""

    WAN = "wan"
    SERVICE = "service"


class Condition(StrEnum):
    """What a link or a service was good for in a period."""

    AVAILABLE = "available"
    MICRO_OUTAGE = "micro_outage"
    """Dark, and back before it was given up: counted by itself, no unavailability."""
    UNAVAILABLE = "unavailable"
    """A link: from its last answer until it answers again, once it was found `down`. A service:
    from the last answer of the link that its new flows took until they take a living one."""


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time in one condition. Between two periods lies time without data.

    `wan`: of a service the link that its new flows took; of a link its own name. `excused`: a
    drill or planned work was announced for that link, so the operator is not held to it. `state`
    is that of the link in the core (core/transitions.py) when the period began.
    """

    subject: Subject
    name: str
    condition: Condition
    wan: str
    state: str
    excused: bool
    began_ms: int
    ended_ms: int
