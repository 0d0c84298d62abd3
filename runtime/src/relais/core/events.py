# SPDX-License-Identifier: GPL-3.0-or-later
"""What the world tells the core. Every event carries its monotonic instant in ms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from relais.core.evolve import swift
from relais.core.handover import Handover
from relais.core.model import Admin, Member


@dataclass(frozen=True, slots=True)
class Adopted:
    """What was found at start: members per service and evicted flow marks in the kernel, and what
    the predecessor has left, if there was one since the boot."""

    now_ms: float
    choices: Mapping[str, tuple[Member, ...]]
    dead: frozenset[int]
    left: Handover | None = None


@dataclass(frozen=True, slots=True)
class LinkObserved:
    """Netlink's full picture of one WAN; sent at every change and at start.

    Whether IPv6 works is for the targets to say: `address6` is only told. `present`: there is such
    an interface.
    """

    now_ms: float
    wan: str
    carrier: bool
    address: str | None
    gateway: str | None
    address6: str | None = None
    present: bool = True

    @property
    def usable(self) -> bool:
        """A link that could carry a packet at all."""
        return self.carrier and self.address is not None and self.gateway is not None


@swift
@dataclass(frozen=True, slots=True)
class ProbeReplied:
    """An answer, however late."""

    now_ms: float
    wan: str
    target: str
    probe: int
    rtt_ms: float


@swift
@dataclass(frozen=True, slots=True)
class Traffic:
    """What a WAN has received and sent since some fixed origin."""

    rx_packets: int
    tx_packets: int
    rx_bytes: int = 0
    tx_bytes: int = 0


@swift
@dataclass(frozen=True, slots=True)
class Tick:
    """Time passes; with it come the traffic counters of each WAN (empty when unknown).

    `since_ms` is when they were read the time before; a packet sent in between may have left so
    early.
    """

    now_ms: float
    traffic: Mapping[str, Traffic]
    since_ms: float | None = None


@dataclass(frozen=True, slots=True)
class AdminRequested:
    """The administrator sets a link's mode, for good or until an instant."""

    now_ms: float
    wan: str
    mode: Admin
    until_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Excused:
    """A drill is about to break a link: what it does to the link is not held against it."""

    now_ms: float
    wan: str
    until_ms: float


@dataclass(frozen=True, slots=True)
class SwitchFailed:
    """The kernel did not take the choice; it is asked again at the next tick."""

    now_ms: float
    error: str


@dataclass(frozen=True, slots=True)
class FlowsMeasured:
    """The answer to MeasureFlows: packets per second, both directions together, of the busiest flow
    that is not TCP; None while nobody can tell, as after the first look."""

    now_ms: float
    service: str
    wan: str
    fastest_pps: float | None


@dataclass(frozen=True, slots=True)
class PeriodBegan:
    """At start and when a month of the contract begins: what a WAN has carried in it so far.

    `rx_bytes` and `tx_bytes` are the counters when that was noted, None when they are not known.
    """

    now_ms: float
    wan: str
    period: str
    resets_at: str
    used_bytes: int
    rx_bytes: int | None = None
    tx_bytes: int | None = None


Event = (
    Adopted
    | LinkObserved
    | ProbeReplied
    | Tick
    | AdminRequested
    | Excused
    | SwitchFailed
    | FlowsMeasured
    | PeriodBegan
)
