# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted world around `step()`: links that answer or stay silent, on a virtual clock."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from relais.core.actions import (
    Action,
    Announce,
    Evict,
    MeasureFlows,
    Move,
    Record,
    SendProbe,
    Steer,
)
from relais.core.config import parse_config
from relais.core.events import (
    AdminRequested,
    Adopted,
    Event,
    Excused,
    FlowsMeasured,
    LinkObserved,
    PeriodBegan,
    ProbeReplied,
    SwitchFailed,
    Tick,
    Traffic,
)
from relais.core.model import Admin, Config, Member
from relais.core.state import State, initial
from relais.core.step import step

TICK_MS = 50.0

DOCUMENT: dict[str, Any] = {
    "schema": "relais.config/1",
    "site": "Cabinet Exemple",
    "gateway": "gw",
    "wans": [
        {
            "id": 1,
            "name": "fibre",
            "interface": "wan1",
            "table": 1001,
            "gateway": "203.0.113.1",
            "technology": "ftth",
        },
        {"id": 2, "name": "lte", "interface": "wan2", "table": 1002, "metered": True},
    ],
    "services": [
        {
            "id": 1,
            "name": "voice",
            "importance": "vital",
            "mode": "ordered",
            "members": [{"wan": "fibre"}, {"wan": "lte"}],
            "patience_ms": 500,
        },
        {
            "id": 255,
            "name": "default",
            "members": [{"wan": "fibre"}, {"wan": "lte"}],
            "patience_ms": 800,
        },
    ],
    "targets": [
        {"name": "a", "address": "198.51.100.10", "probe": "dns"},
        {"name": "b", "address": "198.51.100.70", "probe": "icmp"},
        {"name": "c", "address": "198.51.100.140", "probe": "tcp"},
    ],
    "policy": {"failback_after_s": 10, "probe_interval_ms": 500},
}


def document(**changes: Any) -> dict[str, Any]:
    """A fresh copy of the two-WAN document, with top-level keys replaced."""
    return {**copy.deepcopy(DOCUMENT), **changes}


Answers = Callable[[str, str], bool]
Listener = Callable[[State, Event, State, tuple[Action, ...]], None]


@dataclass
class World:
    """Feeds the core and carries out its actions on a pretend kernel."""

    config: Config = field(default_factory=lambda: parse_config(document()))
    rtt_ms: dict[str, float] = field(default_factory=lambda: {"fibre": 8.0, "lte": 45.0})
    now_ms: float = 1000.0
    refuse_switch: bool = False
    tick_ms: float = TICK_MS
    packet_bytes: int = 200
    listener: Listener | None = None

    def __post_init__(self) -> None:
        self.state: State = initial(self.config, self.now_ms)
        self.dark: set[str] = set()
        self.silent_targets: set[tuple[str, str]] = set()
        self.busy: set[str] = set()
        self.losing: dict[str, Callable[[], bool]] = {}
        self.stream_mbit: dict[str, float] = {}
        self.stream_bytes: dict[str, float] = {wan.name: 0.0 for wan in self.config.wans}
        self.kernel: dict[str, tuple[Member, ...]] = {
            service.name: service.members[:1] for service in self.config.services
        }
        self.dead: frozenset[int] = frozenset()
        self.steers: list[tuple[float, Steer]] = []
        self.talk_pps: dict[str, float] = {}
        self.looks: list[tuple[float, MeasureFlows]] = []
        self.moves: list[tuple[float, Move]] = []
        self.announced: list[tuple[float, Announce]] = []
        self.evictions: list[tuple[float, Evict]] = []
        self.records: list[tuple[float, Record]] = []
        self.probes: list[tuple[float, SendProbe]] = []
        self.in_flight: list[tuple[float, SendProbe, float]] = []
        self.counters = {wan.name: [0, 0] for wan in self.config.wans}

    def start(self) -> World:
        """Adopt the pretend kernel, see every link usable, let a second pass."""
        self.feed(Adopted(self.now_ms, dict(self.kernel), self.dead))
        for wan in self.config.wans:
            self.link(wan.name)
        return self.run(1.0)

    def link(self, wan: str, *, carrier: bool = True) -> None:
        """Netlink's picture of a WAN: all there, or without carrier."""
        address, gateway = ("203.0.113.2/30", "203.0.113.1") if carrier else (None, None)
        if not carrier:
            self.dark.add(wan)
        else:
            self.dark.discard(wan)
        self.feed(LinkObserved(self.now_ms, wan, carrier, address, gateway))

    def admin(self, wan: str, mode: Admin) -> None:
        """The administrator speaks."""
        self.feed(AdminRequested(self.now_ms, wan, mode))

    def excuse(self, wan: str, seconds: float) -> None:
        """A drill announces itself."""
        self.feed(Excused(self.now_ms, wan, self.now_ms + seconds * 1000))

    def month(self, wan: str, used_gb: float, period: str = "2026-11-01") -> None:
        """A month of the contract, of which so much is used."""
        used = round(used_gb * 1_000_000_000)
        self.feed(PeriodBegan(self.now_ms, wan, period, "2026-12-01T00:00:00+01:00", used))

    def run(self, seconds: float) -> World:
        """Let time pass in ticks, delivering answers when they are due."""
        end = self.now_ms + seconds * 1000
        while self.now_ms < end:
            self.now_ms += self.tick_ms
            arrived = [item for item in self.in_flight if item[0] <= self.now_ms]
            self.in_flight = [item for item in self.in_flight if item[0] > self.now_ms]
            for at_ms, probe, rtt_ms in sorted(arrived, key=lambda item: item[0]):
                self.counters[probe.wan][0] += 1
                self.feed(ProbeReplied(at_ms, probe.wan, probe.target, probe.probe, rtt_ms))
            for wan in self.busy:
                self.counters[wan][1] += 5
                self.counters[wan][0] += 0 if wan in self.dark else 5
            for wan, mbit in self.stream_mbit.items():
                self.stream_bytes[wan] += mbit * self.tick_ms * 125
            size = self.packet_bytes
            traffic = {
                wan: Traffic(rx, tx, rx * size, tx * size + int(self.stream_bytes[wan]))
                for wan, (rx, tx) in self.counters.items()
            }
            self.feed(Tick(self.now_ms, traffic, self.now_ms - self.tick_ms))
        return self

    def feed(self, event: Event) -> None:
        """One event through the core; its actions take effect at once."""
        before = self.state
        self.state, actions = step(before, event)
        if self.listener is not None:
            self.listener(before, event, self.state, actions)
        steer = next((action for action in actions if isinstance(action, Steer)), None)
        failed = steer is not None and self.refuse_switch
        if steer is not None:
            self.steers.append((event.now_ms, steer))
        if steer is not None and not failed:
            self.kernel = dict(steer.choices)
            self.dead = steer.dead
        for action in actions:
            if not (failed and isinstance(action, Evict | Move | Announce)):
                self._act(event.now_ms, action)
        if failed:
            self.feed(SwitchFailed(event.now_ms, "refused"))
        for look in [action for action in actions if isinstance(action, MeasureFlows)]:
            pps = self.talk_pps.get(look.service, 0.0)
            self.feed(FlowsMeasured(event.now_ms, look.service, look.wan, pps))

    def _act(self, now_ms: float, action: Action) -> None:
        match action:
            case Steer():
                pass
            case Evict():
                self.evictions.append((now_ms, action))
            case Move():
                self.moves.append((now_ms, action))
            case Announce():
                self.announced.append((now_ms, action))
            case MeasureFlows():
                self.looks.append((now_ms, action))
            case Record():
                self.records.append((now_ms, action))
            case SendProbe():
                self._send(now_ms, action)

    def _send(self, now_ms: float, probe: SendProbe) -> None:
        self.probes.append((now_ms, probe))
        self.counters[probe.wan][1] += 1
        silent = (probe.wan, probe.target) in self.silent_targets
        lost = self.losing.get(probe.wan)
        silent = silent or (lost is not None and lost())
        if probe.wan not in self.dark and not silent:
            rtt_ms = self.rtt_ms[probe.wan]
            self.in_flight.append((now_ms + rtt_ms, probe, rtt_ms))

    def uses(self, service: str) -> str:
        """WANs that the pretend kernel uses for a service."""
        return "+".join(member.wan for member in self.kernel[service])

    def when(self, what: str) -> list[float]:
        """Instants of the records that say `what`."""
        return [at for at, record in self.records if record.what == what]
