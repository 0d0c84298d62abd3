# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration as frozen types: what `/etc/relais/config.json` says once it is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

WAN_SHIFT = 8
WAN_MASK = 0x0000FF00
SERVICE_MASK = 0x000000FF
BOTH_MASK = WAN_MASK | SERVICE_MASK


class Importance(StrEnum):
    """How much a service matters to the office."""

    VITAL = "vital"
    NORMAL = "normal"
    DEGRADABLE = "degradable"


class Mode(StrEnum):
    """How a service picks its WAN among those that work."""

    ORDERED = "ordered"
    MOST_STABLE = "most_stable"
    BALANCE = "balance"


class Failback(StrEnum):
    """How a service returns to a better WAN. Open TCP flows always stay where they are."""

    NOW = "now"
    """At once, and flows that are not TCP with it."""
    DRAIN = "drain"
    """At once with new flows; open ones stay until they end."""
    BETWEEN_CALLS = "between_calls"
    """Like `drain`, once no call is in progress."""
    MANUAL = "manual"
    """Like `drain`, once the administrator says so."""


class ProbeKind(StrEnum):
    """What a probe sends: ICMP echo, DNS query over UDP, TCP handshake, HTTP HEAD, TLS hello,
    SIP OPTIONS over UDP, a signed question to a responder of our own."""

    ICMP = "icmp"
    DNS = "dns"
    TCP = "tcp"
    HTTP = "http"
    HTTPS = "https"
    SIP = "sip"
    ANCHOR = "anchor"

    @property
    def protocol(self) -> str | None:
        """The protocol whose death an answer disproves; None for those that prove only a path."""
        if self in (ProbeKind.TCP, ProbeKind.HTTP, ProbeKind.HTTPS):
            return "TCP"
        return self.value.upper() if self in (ProbeKind.DNS, ProbeKind.SIP) else None


class Codec(StrEnum):
    """The voice codec that phones use: it says how much delay and loss a call bears."""

    G711 = "g711"
    """G.711 with packet loss concealment, as phones of today have it."""
    G711_BARE = "g711_without_plc"
    G729A = "g729a"


class Admin(StrEnum):
    """What the administrator asked of a link."""

    AUTO = "auto"
    DRAIN = "drain"
    FORCE = "force"


@dataclass(frozen=True, slots=True)
class Wan:
    """One WAN link. `address` (with prefix) and `gateway` are None when DHCP gives them, `address6`
    and `gateway6` when it has no IPv6 (`ipv6` tells) or the operator announces it. `table` is its
    routing table, `rule_priority` that of the rule which leads there, `metric` that of its default
    route in the main table.

    `down_mbit` and `up_mbit` are what the operator sold; `probe_budget_mb` is what probes may cost
    in a month (30 days), None without limit. The month of `monthly_quota_gb` begins on the day
    `quota_resets_on_day`. `operator` to `availability_percent` are what the contract says; they
    decide nothing.
    """

    id: int
    name: str
    interface: str
    table: int
    address: str | None = None
    gateway: str | None = None
    ipv6: bool = False
    rule_priority: int | None = None
    metric: int | None = None
    address6: str | None = None
    gateway6: str | None = None
    technology: str | None = None
    metered: bool = False
    monthly_quota_gb: float | None = None
    down_mbit: float | None = None
    up_mbit: float | None = None
    probe_budget_mb: float | None = None
    quota_resets_on_day: int = 1
    operator: str | None = None
    contract: str | None = None
    repair_time_hours: float | None = None
    availability_percent: float | None = None

    @property
    def mark(self) -> int:
        """The WAN's bits of the packet and connection mark (mask 0x0000ff00)."""
        return self.id << WAN_SHIFT


@dataclass(frozen=True, slots=True)
class Member:
    """A WAN that a service may use; `weight` counts only in balance mode."""

    wan: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Sla:
    """Limits a link should keep for a service; None means no limit."""

    loss_percent: float | None = None
    latency_ms: float | None = None
    jitter_ms: float | None = None
    mos: float | None = None
    codec: Codec = Codec.G711


@dataclass(frozen=True, slots=True)
class Service:
    """A class of traffic that is steered as one."""

    id: int
    name: str
    importance: Importance
    mode: Mode
    members: tuple[Member, ...]
    patience_ms: int = 800
    failback: Failback = Failback.DRAIN
    sla: Sla | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A far host that probes ask, through every WAN."""

    name: str
    address: str
    probe: ProbeKind
    port: int | None = None
    query: str | None = None

    @property
    def family(self) -> str:
        """`IPv4` or `IPv6`, by its address."""
        return "IPv6" if ":" in self.address else "IPv4"

    def asked_through(self, wan: Wan) -> bool:
        """A link without IPv6 is not judged by it."""
        return wan.ipv6 or self.family == "IPv4"


@dataclass(frozen=True, slots=True)
class Policy:
    """Site-wide timing: seconds a link must behave before it is trusted again; pace of probes."""

    failback_after_s: float = 60.0
    probe_interval_ms: int = 1000


@dataclass(frozen=True, slots=True)
class DrillService:
    """How the drill's LAN client exercises one service (`probe`: echo, dns or connect)."""

    name: str
    protocol: str
    probe: str
    address: str
    port: int
    classified: str = "by_match"
    query: str | None = None


@dataclass(frozen=True, slots=True)
class DrillSessions:
    """Where the drill opens TCP connections that stay open, and how many."""

    address: str
    port: int
    count: int


@dataclass(frozen=True, slots=True)
class DrillSip:
    """The account that the drill's telephone has, and the number that it calls, which must answer
    and send the voice back (None: no call). `secret_file` holds its password (None: it needs none).
    """

    registrar: str
    port: int
    domain: str
    user: str
    secret_file: str | None = None
    call: str | None = None


@dataclass(frozen=True, slots=True)
class Drill:
    """Addresses, budgets and windows of the live failover drill."""

    interface: str
    gateway_address: str
    client_address: str
    budget_ms: Mapping[str, int]
    windows: tuple[str, ...]
    services: tuple[DrillService, ...]
    sessions: DrillSessions | None
    sip: DrillSip | None = None
    local: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lan:
    """The office's side: interface and addresses with prefix."""

    interface: str
    address: str
    address6: str | None = None


@dataclass(frozen=True, slots=True)
class Routing:
    """Numbers of the plan: the rule that sends to what is directly connected, and the metric of the
    end of every WAN's table."""

    local_priority: int
    end_metric: int


@dataclass(frozen=True, slots=True)
class Telephony:
    """The telephone system and the phones: the service that carries their SIP and RTP, the networks
    of the LAN that they are in, and whether the system is told when its WAN has changed."""

    service: str
    sources: tuple[str, ...]
    refresh: bool = False


@dataclass(frozen=True)
class Config:
    """One gateway's whole configuration."""

    site: str
    gateway: str
    timezone: str
    wans: tuple[Wan, ...]
    services: tuple[Service, ...]
    targets: tuple[Target, ...]
    policy: Policy
    drill: Drill | None = None
    lan: Lan | None = None
    routing: Routing | None = None
    telephony: Telephony | None = None

    @property
    def codec(self) -> Codec:
        """That of the first service whose limits name a MOS: the one that carries the calls."""
        slas = (service.sla for service in self.services)
        return next((sla.codec for sla in slas if sla and sla.mos is not None), Codec.G711)

    @cached_property
    def asked(self) -> Mapping[str, tuple[str, ...]]:
        """The targets that each WAN is judged by, in their order."""
        return {
            wan.name: tuple(t.name for t in self.targets if t.asked_through(wan))
            for wan in self.wans
        }

    def wan(self, name: str) -> Wan:
        """The WAN called `name`. Raises KeyError."""
        for wan in self.wans:
            if wan.name == name:
                return wan
        raise KeyError(name)

    def service(self, name: str) -> Service:
        """The service called `name`. Raises KeyError."""
        for service in self.services:
            if service.name == name:
                return service
        raise KeyError(name)
