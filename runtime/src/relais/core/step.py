# SPDX-License-Identifier: GPL-3.0-or-later
"""The only door of the core: `step(state, event) -> (state, actions)`."""

from __future__ import annotations

from typing import assert_never

from relais.core import evidence, facts, metering, pacing, watch
from relais.core.actions import Action, Record, SendProbe
from relais.core.adopt import adopt
from relais.core.damping import Penalty
from relais.core.decide import decide
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
)
from relais.core.evolve import evolve
from relais.core.link import Link, advance, begin_burst, observed
from relais.core.model import Admin
from relais.core.quality import ALARM, Quality
from relais.core.review import review
from relais.core.state import REVIEW_MS, State, Work
from relais.core.transitions import SUSPECT, UP, LinkState, Trigger

RETRY_MS = 500.0
"""Pause after a switch that the kernel refused."""
FORGET_MS = 5000.0
"""A refusal is told again when the last one like it was so long ago."""


def step(state: State, event: Event) -> tuple[State, tuple[Action, ...]]:
    """Take one event; return the new state and what must be done, in that order.

    Order of the actions: the switch (`Steer`), then evictions, then records, then probes. When the
    shell cannot carry out the `Steer` it drops the evictions behind it and reports `SwitchFailed`.
    """
    work = Work(state, dict(state.links), [], [], state.next_probe, state.reviewed_ms, state.waits)
    match event:
        case Tick():
            _tick(work, event)
        case ProbeReplied():
            _probe_replied(work, event)
        case LinkObserved():
            _link_observed(work, event)
        case Adopted():
            return adopt(state, event), ()
        case AdminRequested():
            _admin(work, event)
        case Excused():
            link = work.links[event.wan]
            work.links[event.wan] = evolve(link, excused_until_ms=event.until_ms)
        case SwitchFailed():
            return _switch_failed(state, event)
        case FlowsMeasured():
            _flows_measured(work, event)
        case PeriodBegan():
            metering.begin(work, event)
        case _:
            assert_never(event)
    return decide(work, state, event.now_ms)


def _switch_failed(state: State, event: SwitchFailed) -> tuple[State, tuple[Action, ...]]:
    """Forget what was thought done; switch and evictions are asked for again a moment later."""
    links = {name: evolve(link, evicted=frozenset()) for name, link in state.links.items()}
    repeated = event.error == state.switch_error and event.now_ms - state.retry_ms < FORGET_MS
    failure = Record("switch", "switch failed", event.error, inputs={"failed": True})
    told = () if repeated else (failure,)
    failed = evolve(
        state,
        now_ms=event.now_ms,
        links=links,
        steered=None,
        switch_error=event.error,
        retry_ms=event.now_ms + RETRY_MS,
    )
    return failed, told


def _apply(work: Work, name: str, link: Link, trigger: Trigger, reason: str, now_ms: float) -> Link:
    """Move one link, note it, and prove the other links when this one is gone."""
    before = link
    link = advance(link, trigger, reason, now_ms)
    if link.state is before.state:
        return link
    work.records += _told(before, link, reason)
    if link.state is LinkState.DOWN:
        _prove_others(work, name, now_ms)
    return link


def _arm(work: Work, name: str, link: Link, now_ms: float) -> Link:
    """Most suspicions are answered within one round trip; the rest have the backup proved."""
    young = now_ms - link.since_ms < pacing.PREARM_AFTER_MS
    if link.state is not LinkState.SUSPECT or link.prearmed or young:
        return link
    _prove_others(work, name, now_ms)
    return evolve(link, prearmed=True)


def _prove_others(work: Work, name: str, now_ms: float) -> None:
    for other, peer in work.links.items():
        if other != name and peer.state not in (LinkState.SUSPECT, LinkState.DOWN):
            work.links[other] = begin_burst(peer, now_ms, 1)


def _told(before: Link, link: Link, reason: str) -> list[Record]:
    """Records of a change of state. A suspicion is told only when it proves right."""
    quiet = (LinkState.UP, LinkState.SUSPECT)
    if before.state in quiet and link.state in quiet:
        return []
    name = link.wan.name
    inputs = facts.of_state(before, link, link.since_ms)
    record = Record("link", f"{name} {link.state}", reason, wan=name, inputs=inputs)
    if before.state is LinkState.SUSPECT:
        doubt = {"fact": "state", "before": "up", "state": "suspect"}
        what, since_ms = f"{name} suspect", before.since_ms
        suspect = Record("link", what, before.reason, wan=name, inputs=doubt, at_ms=since_ms)
        return [suspect, record]
    return [record]


def _link_observed(work: Work, event: LinkObserved) -> None:
    before = work.links[event.wan]
    link, trigger, reason = observed(before, event)
    if before.usable and link.usable:
        work.records += _moved(before, link)
    if trigger is not None:
        link = _apply(work, event.wan, link, trigger, reason, event.now_ms)
        if before.state is LinkState.DOWN and link.reason != reason:
            work.records += _vanished(link, event)
            link = evolve(link, reason=reason)
    work.links[event.wan] = link
    _send(work, event.now_ms)


def _vanished(link: Link, event: LinkObserved) -> list[Record]:
    """The kernel tells of the carrier first, then that there is no interface any more."""
    if event.present:
        return []
    why = f"{link.wan.interface} is gone from the machine"
    return [Record("link", f"{link.wan.name} has no interface", why, wan=link.wan.name)]


def _moved(before: Link, link: Link) -> list[Record]:
    """A lease that gave another address or next hop, or an administrator who did."""
    name = link.wan.name
    if before.address != link.address:
        what = f"{name} has the address {link.address}, by {link.gateway}"
        why = f"{before.address} is gone, and with it the flows that were translated to it"
        return [Record("link", what, why, wan=name)]
    if before.gateway != link.gateway:
        what = f"{name} has the next hop {link.gateway}"
        return [Record("link", what, f"it was {before.gateway}", wan=name)]
    return []


def _probe_replied(work: Work, event: ProbeReplied) -> None:
    before = work.links[event.wan]
    quick = watch.replied(before, event)
    if quick is not None:
        work.links[event.wan] = quick
        return
    index = work.state.order.get(event.target)
    link, trigger, reason = evidence.replied(before, event, index)
    if trigger is not None:
        link = _apply(work, event.wan, link, trigger, reason, event.now_ms)
    if before.state is SUSPECT and link.state is UP:
        sent_ms = event.now_ms - event.rtt_ms
        link = watch.cleared(evidence.cleared(link, event.now_ms, sent_ms), event.now_ms)
    work.links[event.wan] = link


def _tick(work: Work, event: Tick) -> None:
    now_ms = event.now_ms
    for name, before in work.links.items():
        link = evidence.counted(before, event)
        if link.anchor is not None:
            link = watch.counted(before, link, now_ms)
        if not link.calm:
            link = _examined(work, name, link, now_ms)
        work.links[name] = link
    if work.alarmed or now_ms // REVIEW_MS != work.state.reviewed_ms // REVIEW_MS:
        work.reviewed_ms = now_ms
        review(work, now_ms)
        metering.count(work)
    _ask_anchors(work, now_ms)
    _send(work, now_ms)


def _examined(work: Work, name: str, link: Link, now_ms: float) -> Link:
    """The link after what the passing of time says of it."""
    config, order = work.state.config, work.state.order
    before, link = link, evidence.misses(link, order, now_ms)
    if link is not before and link.cusum.bad >= ALARM and link.quality is Quality.GOOD:
        work.alarmed = True
    if link.state is UP:
        if not link.usable:
            return link
        doubt = watch.suspicion(link, now_ms)
        if doubt is not None and link.anchor is not None:
            link = evolve(link, anchor=evolve(link.anchor, alarmed=True))
        doubt = doubt or evidence.suspicion(link, order, now_ms)
        if doubt is None:
            return link
        link = evolve(link, dark_since_ms=doubt[0], dark_count=link.window.count)
        link = _apply(work, name, link, Trigger.SILENT, doubt[1], now_ms)
    link = evidence.still_heard(_arm(work, name, link, now_ms), now_ms)
    patience_ms = min(service.patience_ms for service in config.services)
    said = evidence.verdict(link, now_ms, patience_ms)
    if said is not None:
        link = _apply(work, name, link, said[0], said[1], now_ms)
    link, earned = evidence.trusted(link, config.policy.failback_after_s * 1000, now_ms)
    if earned is not None:
        link = _apply(work, name, link, Trigger.TRUSTED, earned, now_ms)
    return link


def _flows_measured(work: Work, event: FlowsMeasured) -> None:
    wait = work.waits.get(event.service)
    if wait is not None and wait.wan == event.wan:
        measured = wait.measured(event.fastest_pps, event.now_ms)
        work.waits = {**work.waits, event.service: measured}


def _admin(work: Work, event: AdminRequested) -> None:
    before = work.links[event.wan]
    for name, link in work.links.items():
        if name == event.wan:
            if event.mode is Admin.AUTO:  # A person vouches for the link: the past is forgiven.
                work.links[name] = evolve(
                    link, admin=Admin.AUTO, admin_until_ms=None, penalty=Penalty()
                )
            else:
                work.links[name] = evolve(link, admin=event.mode, admin_until_ms=event.until_ms)
        elif event.mode is Admin.FORCE and link.admin is Admin.FORCE:
            work.links[name] = evolve(link, admin=Admin.AUTO, admin_until_ms=None)
    work.hold = False
    work.records.append(
        Record(
            "admin",
            f"{event.wan} set to {event.mode}",
            "asked by hand",
            wan=event.wan,
            inputs=facts.of_admin(before, work.links[event.wan]),
        )
    )


def _ask_anchors(work: Work, now_ms: float) -> None:
    """The quick questions, which are no probes of the window."""
    for name, link in work.links.items():
        if link.anchor is None:
            return
        link, asked = watch.question(link, now_ms, active=name in work.state.in_use)
        if asked is not None:
            link = watch.sent(link, work.next_probe, now_ms)
            work.probes.append(SendProbe(name, asked, work.next_probe))
            work.next_probe += 1
        work.links[name] = link


def _send(work: Work, now_ms: float) -> None:
    """Whatever probes are due, on every link."""
    state = work.state
    config = state.config
    for name, link in work.links.items():
        if link.burst is None and now_ms < link.next_probe_ms:
            continue
        interval_ms = config.policy.probe_interval_ms
        pace = pacing.pace_ms(link, interval_ms, active=name in state.in_use)
        changes, asked = pacing.probes(link, now_ms, pace, config.asked[name], edge=evidence.EDGE)
        window = link.window
        for target in asked:
            if target != evidence.EDGE:
                # One that is not listened to tells nothing of the line either; and a burst asks
                # many times of one moment, which was chosen because something was lost in it.
                heard = link.targets[state.order[target]].missed < evidence.BENCH_MISSES
                counts = heard and link.burst is None
                window = window.sent(work.next_probe, target, now_ms, counts=counts)
            work.probes.append(SendProbe(name, target, work.next_probe))
            work.next_probe += 1
        if changes:
            sent = link.probes + len(asked)
            work.links[name] = evolve(link, window=window, probes=sent, **changes)
