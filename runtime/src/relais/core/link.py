# SPDX-License-Identifier: GPL-3.0-or-later
"""One link: what is known of it, and how it changes state.

A suspicion never decides. It starts a burst to every far target, and only a burst that nobody
answers (a quorum of targets, never one packet and never one target) takes new flows off the link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from relais.core.anchor import Anchor
from relais.core.damping import PER_FAULT, Penalty
from relais.core.events import LinkObserved, Traffic
from relais.core.evolve import evolve, swift
from relais.core.model import Admin, Wan
from relais.core.profile import Profile, profile_of
from relais.core.quality import ALARM, Cusum, Quality
from relais.core.quota import Usage
from relais.core.transitions import UP, LinkState, Trigger, following
from relais.core.window import Window

BURST_ROUNDS = 3
SHAKY_PATIENCE_MS = 2000.0
FAULT_MEMORY_MS = 3_600_000.0


@dataclass(frozen=True, slots=True)
class Burst:
    """Probes to every target in quick rounds, from `start_ms` on."""

    start_ms: float
    rounds_left: int
    next_ms: float


@dataclass(frozen=True)
class Heard:
    """Packets received and sent, and answers of the first hop, when a suspicion began; `others`
    received since then. `idle`: hardly anything but probes crossed the line before it."""

    packets: int
    edge_answers: int
    others: int = 0
    idle: bool = False
    sent: int = 0


@swift
@dataclass(frozen=True, slots=True)
class TargetRecord:
    """One target as seen through one link; `missed` counts probes unanswered in a row, `indices`
    are the places of the first of them in the window."""

    missed: int = 0
    answered_ms: float | None = None
    rtt_ms: float | None = None
    indices: tuple[int, ...] = ()

    @property
    def answers(self) -> bool:
        """It answered last time."""
        return self.missed == 0 and self.answered_ms is not None


@swift
@dataclass(frozen=True, slots=True)
class Rate:
    """Throughput over the last whole second or more, and until when the link counts as full.
    `probes` had been sent by then; `idle`: they were all, or nearly all, that crossed the line."""

    at_ms: float
    traffic: Traffic
    rx_mbit: float = 0.0
    tx_mbit: float = 0.0
    full_until_ms: float = 0.0
    probes: int = 0
    idle: bool = False

    def was_full(self, now_ms: float, within_ms: float) -> bool:
        """It counts as full, or has done so a while ago."""
        return self.full_until_ms > 0.0 and now_ms < self.full_until_ms + within_ms


@dataclass(frozen=True)
class Link:
    """All that is known of one link; times are monotonic ms."""

    wan: Wan
    since_ms: float
    profile: Profile
    window: Window
    targets: tuple[TargetRecord, ...]
    state: LinkState = LinkState.UNKNOWN
    reason: str = "starting"
    admin: Admin = Admin.AUTO
    admin_until_ms: float | None = None
    trusted: bool = True
    excused_until_ms: float = 0.0
    carrier: bool = False
    address: str | None = None
    gateway: str | None = None
    address6: str | None = None
    next_probe_ms: float = 0.0
    next_target: int = 0
    probes: int = 0
    burst: Burst | None = None
    proved_ms: float | None = None
    edge_ms: float | None = None
    edge_answers: int = 0
    heard: Heard | None = None
    prearmed: bool = False
    dark_since_ms: float | None = None
    dark_count: int = 0
    suspect_ms: float = 0.0
    unheard_since_ms: float | None = None
    silence_factor: int = 1
    silence_raised_ms: float = 0.0
    traffic: Traffic | None = None
    rate: Rate | None = None
    tokens_bytes: float = 0.0
    tokens_ms: float = 0.0
    anchor: Anchor | None = None
    usage: Usage | None = None
    cusum: Cusum = field(default_factory=Cusum)
    quality: Quality = Quality.GOOD
    quality_since_ms: float = 0.0
    quality_reason: str = ""
    better_since_ms: float | None = None
    penalty: Penalty = field(default_factory=Penalty)
    faults_ms: tuple[float, ...] = ()
    evicted: frozenset[str] = frozenset()
    sweeps_ms: tuple[float, ...] = ()
    after_hiccup: bool = False
    sla_since_ms: Mapping[str, float] = field(default_factory=dict)
    sla_broken: Mapping[str, str] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Could carry a packet: carrier, an address and a next hop."""
        return self.carrier and self.address is not None and self.gateway is not None

    @property
    def alive(self) -> bool:
        """In a state in which probes are expected to be answered."""
        return self.state in (LinkState.UP, LinkState.RECOVERING)

    @property
    def calm(self) -> bool:
        """Up, and nothing sent is unanswered: the passing of time alone says nothing of it."""
        return self.state is UP and self.unheard_since_ms is None and not self.window.pending

    def patience_ms(self, asked_ms: float) -> float:
        """How long to stay dark before open flows are given up, when a service asks for `asked_ms`.

        On a line that loses a lot anyway half a second of silence happens by chance, so it is given
        two.
        """
        shaky = self.quality is Quality.DEGRADED or self.cusum.bad >= ALARM / 2
        return max(asked_ms, SHAKY_PATIENCE_MS) if shaky else asked_ms

    def proved_since(self, instant_ms: float) -> bool:
        """A far target answered through this link after `instant_ms`."""
        return self.proved_ms is not None and self.proved_ms >= instant_ms

    def full(self, now_ms: float) -> bool:
        """We fill it ourselves, or did a moment ago."""
        return self.rate is not None and now_ms < self.rate.full_until_ms


def new_link(wan: Wan, targets: int, now_ms: float, anchor: Anchor | None = None) -> Link:
    """A link before anything was heard of it."""
    profile = profile_of(wan.technology)
    window = Window(profile.timeout_min_ms, profile.timeout_max_ms)
    records = tuple(TargetRecord() for _unused in range(targets))
    return Link(wan, now_ms, profile, window, records, tokens_ms=now_ms, anchor=anchor)


def advance(link: Link, trigger: Trigger, reason: str, now_ms: float) -> Link:
    """The link after a trigger; unchanged where the table says so."""
    state = following(link.state, trigger)
    if link.state is LinkState.UNKNOWN and state is LinkState.UP and not link.trusted:
        state = LinkState.RECOVERING
    if state is link.state:
        return link
    before = link.state
    link = evolve(link, state=state, since_ms=now_ms, reason=reason)
    match state:
        case LinkState.UP:
            return evolve(link, dark_since_ms=None, evicted=frozenset(), trusted=True)
        case LinkState.SUSPECT:
            link = evolve(link, heard=_heard(link), prearmed=False, suspect_ms=now_ms)
            return begin_burst(link, now_ms, BURST_ROUNDS)
        case LinkState.LOST:
            return _lost(link, now_ms)
        case LinkState.DOWN:
            return _down(link, trigger, now_ms)
        case LinkState.RECOVERING:
            return _recovering(link, before, now_ms)
        case LinkState.UNKNOWN:
            return link


def _recovering(link: Link, before: LinkState, now_ms: float) -> Link:
    """An evicted link starts with a clean slate; one that only hiccuped keeps its record."""
    hiccup = before is LinkState.LOST
    cusum = link.cusum if hiccup else Cusum()
    # What a target missed while the whole link was dark says nothing of the target.
    targets = tuple(TargetRecord() if record.missed else record for record in link.targets)
    return evolve(
        link,
        targets=targets,
        burst=None,
        dark_since_ms=None,
        next_probe_ms=now_ms,
        window=link.window.rewound(link.dark_count),
        cusum=cusum,
        after_hiccup=hiccup,
        sweeps_ms=(),
    )


def _lost(link: Link, now_ms: float) -> Link:
    """Dark since the suspicion; a relapse while recovering had none, so its patience starts now."""
    if link.dark_since_ms is None:
        link = evolve(link, dark_since_ms=now_ms, dark_count=link.window.count)
    return evolve(link, burst=None, next_probe_ms=now_ms, faults_ms=_faults(link, now_ms))


def _down(link: Link, trigger: Trigger, now_ms: float) -> Link:
    if link.dark_since_ms is None:
        link = evolve(link, dark_since_ms=now_ms, dark_count=link.window.count)
    faults = link.faults_ms if trigger is Trigger.CONFIRMED else _faults(link, now_ms)
    excused = now_ms < link.excused_until_ms or link.proved_ms is None
    penalty = link.penalty if excused else link.penalty.add(PER_FAULT, now_ms)
    return evolve(link, burst=None, faults_ms=faults, penalty=penalty)


def _heard(link: Link) -> Heard | None:
    if link.traffic is None:
        return None
    idle = link.rate is not None and link.rate.idle
    counted = link.traffic
    return Heard(counted.rx_packets, link.edge_answers, idle=idle, sent=counted.tx_packets)


def begin_burst(link: Link, now_ms: float, rounds: int) -> Link:
    """Probe every target at once, `rounds` times; one already under way is kept."""
    if link.burst is not None or not link.usable:
        return link
    return evolve(link, burst=Burst(now_ms, rounds, now_ms))


def observed(link: Link, event: LinkObserved) -> tuple[Link, Trigger | None, str]:
    """Take netlink's picture; a link that cannot carry a packet is gone at once."""
    as_before = link.usable and (link.address, link.gateway) == (event.address, event.gateway)
    link = evolve(
        link,
        carrier=event.carrier,
        address=event.address,
        gateway=event.gateway,
        address6=event.address6,
    )
    if not link.usable:
        return link, Trigger.GONE, _missing(event)
    if not as_before:
        link = evolve(link, next_probe_ms=event.now_ms, burst=None, unheard_since_ms=None)
        if link.state is LinkState.SUSPECT:  # What was asked before can no longer be answered.
            again = evolve(link, since_ms=event.now_ms)
            link = begin_burst(again, event.now_ms, BURST_ROUNDS)
    return link, None, ""


def _missing(event: LinkObserved) -> str:
    if not event.carrier:
        return "no carrier" if event.present else "no interface"
    return "no address" if event.address is None else "no gateway"


def _faults(link: Link, now_ms: float) -> tuple[float, ...]:
    recent = tuple(at for at in link.faults_ms if now_ms - at < FAULT_MEMORY_MS)
    return (*recent[-99:], now_ms)


def fault_count(link: Link, now_ms: float) -> int:
    """How often the link was lost in the last hour."""
    return sum(now_ms - at < FAULT_MEMORY_MS for at in link.faults_ms)
