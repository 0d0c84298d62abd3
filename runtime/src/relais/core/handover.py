# SPDX-License-Identifier: GPL-3.0-or-later
"""What a daemon leaves to its successor: what it believed of each link, and the clocks that run.

Figures of the newest probes are not among it; they are there again within seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from relais.core.actions import Sweep
from relais.core.calls import Wait
from relais.core.damping import Penalty
from relais.core.model import Admin
from relais.core.quality import Cusum, Quality
from relais.core.transitions import LinkState


@dataclass(frozen=True, slots=True)
class LinkLeft:
    """What was believed of one link: the fields of `Link` that have these names, and the interface
    that it was."""

    interface: str
    state: LinkState = LinkState.UNKNOWN
    since_ms: float = 0.0
    reason: str = "starting"
    admin: Admin = Admin.AUTO
    admin_until_ms: float | None = None
    trusted: bool = True
    excused_until_ms: float = 0.0
    carrier: bool = False
    address: str | None = None
    gateway: str | None = None
    address6: str | None = None
    dark_since_ms: float | None = None
    evicted: frozenset[str] = frozenset()
    sweeps_ms: tuple[float, ...] = ()
    after_hiccup: bool = False
    cusum: Cusum = field(default_factory=Cusum)
    quality: Quality = Quality.GOOD
    quality_since_ms: float = 0.0
    quality_reason: str = ""
    penalty: Penalty = field(default_factory=Penalty)
    faults_ms: tuple[float, ...] = ()
    sla_since_ms: Mapping[str, float] = field(default_factory=dict)
    sla_broken: Mapping[str, str] = field(default_factory=dict)
    tokens_bytes: float = 0.0
    tokens_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Handover:
    """Left at `at_ms`; every time is CLOCK_MONOTONIC in ms, of one boot."""

    at_ms: float
    links: Mapping[str, LinkLeft] = field(default_factory=dict)
    waits: Mapping[str, Wait] = field(default_factory=dict)
    sweeps: tuple[Sweep, ...] = ()
