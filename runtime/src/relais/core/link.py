# SPDX-License-Identifier: GPL-3.0-or-later
"""One link: evidence in, triggers and probes out.

A suspicion never decides. It starts a burst to every far target, and only a burst that nobody
answers (a quorum of targets, never one packet and never one target) takes new flows off the link.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from relais.core.events import LinkObserved, ProbeReplied, Traffic
from relais.core.model import Admin, Wan
from relais.core.transitions import LinkState, Trigger, following
from relais.core.window import Window

SILENCE_MS = 200.0
"""Shortest silence of a sending link that makes it suspect (three smoothed RTT when longer)."""
SILENCE_MAX_MS = 3200.0
SILENCE_FORGET_MS = 10_000.0
BURST_ROUNDS = 3
BURST_SPACING_MS = 50.0
BURST_VERDICT_MS = 150.0
BIRTH_VERDICT_MS = 2000.0
FAULT_MEMORY_MS = 3_600_000.0
METERED_STANDBY_MS = 10_000.0
LOST_INTERVAL_MS = 50.0
DOWN_INTERVAL_MS = 1000.0
BIRTH_INTERVAL_MS = 250.0
RECOVERY_MISSES = 3


@dataclass(frozen=True, slots=True)
class Burst:
    """Probes to every target in quick rounds, from `start_ms` on."""

    start_ms: float
    rounds_left: int
    next_ms: float


@dataclass(frozen=True, slots=True)
class Link:
    """All that is known of one link; times are monotonic ms."""

    wan: Wan
    since_ms: float
    state: LinkState = LinkState.UNKNOWN
    reason: str = "starting"
    admin: Admin = Admin.AUTO
    trusted: bool = True
    carrier: bool = False
    address: str | None = None
    gateway: str | None = None
    observed: bool = False
    window: Window = field(default_factory=Window)
    next_probe_ms: float = 0.0
    next_target: int = 0
    burst: Burst | None = None
    proved_ms: float | None = None
    dark_since_ms: float | None = None
    unheard_since_ms: float | None = None
    silence_limit_ms: float = SILENCE_MS
    silence_raised_ms: float = 0.0
    traffic: Traffic | None = None
    faults_ms: tuple[float, ...] = ()
    evicted: frozenset[str] = frozenset()

    @property
    def usable(self) -> bool:
        """Could carry a packet: carrier, an address and a next hop."""
        return self.carrier and self.address is not None and self.gateway is not None

    def proved_since(self, instant_ms: float) -> bool:
        """A far target answered through this link after `instant_ms`."""
        return self.proved_ms is not None and self.proved_ms >= instant_ms


def advance(link: Link, trigger: Trigger, reason: str, now_ms: float) -> Link:
    """The link after a trigger; unchanged where the table says so."""
    state = following(link.state, trigger)
    if link.state is LinkState.UNKNOWN and state is LinkState.UP and not link.trusted:
        state = LinkState.RECOVERING
    if state is link.state:
        return link
    link = replace(link, state=state, since_ms=now_ms, reason=reason)
    match state:
        case LinkState.UP:
            return replace(link, dark_since_ms=None, burst=None, evicted=frozenset(), trusted=True)
        case LinkState.SUSPECT:
            return begin_burst(link, now_ms, BURST_ROUNDS)
        case LinkState.LOST:
            return replace(link, burst=None, next_probe_ms=now_ms, faults_ms=_faults(link, now_ms))
        case LinkState.DOWN:
            dark = now_ms if link.dark_since_ms is None else link.dark_since_ms
            faults = link.faults_ms if trigger is Trigger.CONFIRMED else _faults(link, now_ms)
            return replace(link, burst=None, dark_since_ms=dark, faults_ms=faults)
        case LinkState.RECOVERING:
            return replace(link, burst=None, dark_since_ms=None, next_probe_ms=now_ms)
        case LinkState.UNKNOWN:
            return link


def begin_burst(link: Link, now_ms: float, rounds: int) -> Link:
    """Probe every target at once, `rounds` times; one already under way is kept."""
    if link.burst is not None or not link.usable:
        return link
    return replace(link, burst=Burst(now_ms, rounds, now_ms))


def observed(link: Link, event: LinkObserved) -> tuple[Link, Trigger | None, str]:
    """Take netlink's picture; a link that cannot carry a packet is gone at once."""
    was_usable = link.usable
    link = replace(
        link,
        carrier=event.carrier,
        address=event.address,
        gateway=event.gateway,
        observed=True,
    )
    if not link.usable:
        missing = (
            "no carrier"
            if not event.carrier
            else "no address"
            if event.address is None
            else "no gateway"
        )
        return link, Trigger.GONE, missing
    if not was_usable:
        link = replace(link, next_probe_ms=event.now_ms, burst=None, unheard_since_ms=None)
    return link, None, ""


def replied(link: Link, event: ProbeReplied) -> tuple[Link, Trigger | None, str]:
    """An answer arrived. It proves the link unless its probe left before the suspicion."""
    link = replace(link, window=link.window.answered(event.probe, event.rtt_ms))
    left_ms = event.now_ms - event.rtt_ms
    doubtful = link.state in (LinkState.SUSPECT, LinkState.LOST)
    if doubtful and link.dark_since_ms is not None and left_ms <= link.dark_since_ms:
        return link, None, ""
    link = replace(link, proved_ms=event.now_ms)
    reason = f"{event.target} answered in {event.rtt_ms:.1f} ms"
    return link, Trigger.ANSWERED, reason


def silence(link: Link, now: Traffic | None, now_ms: float) -> Link:
    """Follow the counters: since when have packets left and none come back?"""
    if now is None:
        return replace(link, traffic=None, unheard_since_ms=None)
    before = link.traffic
    if before is None or now.rx_packets != before.rx_packets:
        unheard = None
    elif now.tx_packets != before.tx_packets and link.unheard_since_ms is None:
        unheard = now_ms
    else:
        unheard = link.unheard_since_ms
    limit = link.silence_limit_ms
    if limit > SILENCE_MS and now_ms - link.silence_raised_ms > SILENCE_FORGET_MS:
        limit = SILENCE_MS
    return replace(link, traffic=now, unheard_since_ms=unheard, silence_limit_ms=limit)


def suspicion(link: Link, now_ms: float) -> tuple[float, str] | None:
    """Why an `up` link deserves a burst: since when it is dark, and in words."""
    unheard = link.unheard_since_ms
    limit = max(link.silence_limit_ms, 3 * (link.window.srtt_ms or 0.0))
    if unheard is not None and now_ms - unheard >= limit:
        return unheard, f"packets leave, none came back for {now_ms - unheard:.0f} ms"
    oldest = _oldest_unanswered(link, now_ms)
    if oldest is not None:
        sent_ms, target = oldest
        return sent_ms, f"{target} has not answered for {now_ms - sent_ms:.0f} ms"
    return None


def verdict(link: Link, now_ms: float, patience_ms: float) -> tuple[Trigger, str] | None:
    """What the passing of time says of a link in doubt."""
    match link.state:
        case LinkState.UNKNOWN if link.usable and now_ms - link.since_ms >= BIRTH_VERDICT_MS:
            return Trigger.UNANSWERED, "no target has answered since the start"
        case LinkState.SUSPECT:
            wait = max(BURST_VERDICT_MS, link.window.timeout_ms)
            asked = _unanswered_targets(link)
            if now_ms - link.since_ms >= wait and asked >= 2:
                return Trigger.UNANSWERED, f"{asked} targets silent to a burst of probes"
        case LinkState.LOST:
            dark_ms = now_ms - (link.dark_since_ms or link.since_ms)
            if dark_ms >= patience_ms:
                return Trigger.CONFIRMED, f"dark for {dark_ms:.0f} ms"
        case LinkState.RECOVERING:
            recent = link.window.due(now_ms)[-RECOVERY_MISSES:]
            if len(recent) == RECOVERY_MISSES and all(
                s.rtt_ms is None and s.sent_ms >= link.since_ms for s in recent
            ):
                return Trigger.UNANSWERED, f"{RECOVERY_MISSES} probes in a row unanswered"
        case LinkState.UNKNOWN | LinkState.UP | LinkState.DOWN:
            pass
    return None


def probes(
    link: Link, now_ms: float, interval_ms: float, targets: tuple[str, ...]
) -> tuple[Link, tuple[str, ...]]:
    """The targets to ask now: a burst's whole round, or the next in turn when it is due."""
    if not link.usable:
        return link, ()
    burst = link.burst
    if burst is not None and now_ms >= burst.next_ms:
        left = burst.rounds_left - 1
        following_burst = Burst(burst.start_ms, left, burst.next_ms + BURST_SPACING_MS)
        link = replace(link, burst=following_burst if left else None)
        return replace(link, next_probe_ms=now_ms + interval_ms), targets
    if now_ms < link.next_probe_ms:
        return link, ()
    chosen = targets[link.next_target % len(targets)]
    # A pace kept from the last due time, so that a late tick does not slow the probing down.
    due = max(link.next_probe_ms + interval_ms, now_ms)
    return replace(link, next_probe_ms=due, next_target=link.next_target + 1), (chosen,)


def pace_ms(link: Link, interval_ms: float, *, active: bool) -> float:
    """Time between probes: fast in doubt, sparing on a metered link that nobody uses."""
    match link.state:
        case LinkState.LOST:
            return LOST_INTERVAL_MS
        case LinkState.UNKNOWN:
            return BIRTH_INTERVAL_MS
        case LinkState.DOWN:
            return METERED_STANDBY_MS if link.wan.metered else DOWN_INTERVAL_MS
        case LinkState.UP | LinkState.SUSPECT if link.wan.metered and not active:
            return max(interval_ms, METERED_STANDBY_MS)
        case LinkState.RECOVERING | LinkState.UP | LinkState.SUSPECT:
            return interval_ms


def cleared(link: Link, now_ms: float) -> Link:
    """After a false alarm the silence detector waits twice as long, for a while."""
    limit = min(link.silence_limit_ms * 2, SILENCE_MAX_MS)
    return replace(link, silence_limit_ms=limit, silence_raised_ms=now_ms, unheard_since_ms=None)


def _oldest_unanswered(link: Link, now_ms: float) -> tuple[float, str] | None:
    limit = now_ms - link.window.timeout_ms
    floor = max(link.proved_ms or 0.0, link.since_ms)
    for sample in link.window.samples:
        if sample.rtt_ms is None and floor <= sample.sent_ms <= limit:
            return sample.sent_ms, sample.target
    return None


def _unanswered_targets(link: Link) -> int:
    return len({s.target for s in link.window.samples if s.sent_ms >= link.since_ms})


def _faults(link: Link, now_ms: float) -> tuple[float, ...]:
    recent = tuple(at for at in link.faults_ms if now_ms - at < FAULT_MEMORY_MS)
    return (*recent[-99:], now_ms)
