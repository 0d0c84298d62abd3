# SPDX-License-Identifier: GPL-3.0-or-later
"""The only door of the core: `step(state, event) -> (state, actions)`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from relais.core import link as links_
from relais.core.actions import Action, Evict, Record, SendProbe, Steer
from relais.core.events import (
    AdminRequested,
    Adopted,
    Event,
    LinkObserved,
    ProbeReplied,
    SwitchFailed,
    Tick,
)
from relais.core.link import Link
from relais.core.model import BOTH_MASK, Admin, Config, Member
from relais.core.select import Choice, choose
from relais.core.transitions import LinkState, Trigger

Choices = Mapping[str, tuple[Member, ...]]


@dataclass(frozen=True, slots=True)
class State:
    """Everything the core knows. Make the first one with `initial`."""

    config: Config
    now_ms: float
    links: Mapping[str, Link]
    choices: Mapping[str, Choice] = field(default_factory=dict)
    steered: tuple[Choices, frozenset[int]] | None = None
    next_probe: int = 1


@dataclass(slots=True)
class _Work:
    """One step in progress: links being replaced and actions being gathered."""

    state: State
    links: dict[str, Link]
    records: list[Action]
    probes: list[Action]
    next_probe: int
    hold: bool = True


def initial(config: Config, now_ms: float) -> State:
    """The state before anything was heard."""
    return State(config, now_ms, {w.name: Link(w, now_ms) for w in config.wans})


def step(state: State, event: Event) -> tuple[State, tuple[Action, ...]]:
    """Take one event; return the new state and what must be done, in that order.

    Order of the actions: the switch (`Steer`), then evictions, then records, then probes. When the
    shell cannot carry out the `Steer` it drops the evictions behind it and reports `SwitchFailed`.
    """
    work = _Work(state, dict(state.links), [], [], state.next_probe)
    steered = state.steered
    match event:
        case Adopted():
            return _adopt(state, event), ()
        case LinkObserved():
            _link_observed(work, event)
        case ProbeReplied():
            _probe_replied(work, event)
        case Tick():
            _tick(work, event)
        case AdminRequested():
            _admin(work, event)
        case SwitchFailed():
            steered = None
            work.links = {n: replace(k, evicted=frozenset()) for n, k in work.links.items()}
            work.records.append(Record("switch", "switch failed", event.error))
            failed = replace(state, now_ms=event.now_ms, links=work.links, steered=None)
            return failed, tuple(work.records)
        case _:
            assert_never(event)
    return _decide(work, replace(state, now_ms=event.now_ms, steered=steered))


def _adopt(state: State, event: Adopted) -> State:
    """Start from what the kernel does; a WAN that it avoids must earn its place again."""
    choices: dict[str, Choice] = {}
    avoided: set[str] = set()
    for service in state.config.services:
        members = event.choices.get(service.name, ())
        members = tuple(m for m in members if m.wan in state.links)
        if not members:
            continue
        choices[service.name] = Choice(members, "adopted", "found in the kernel at start")
        used = {member.wan for member in members}
        order = [member.wan for member in service.members]
        first_used = min((order.index(wan) for wan in used if wan in order), default=0)
        avoided.update(order[:first_used])
    links = {
        name: replace(link, trusted=name not in avoided, admin=event.admin.get(name, Admin.AUTO))
        for name, link in state.links.items()
    }
    found = {name: choice.members for name, choice in choices.items()}
    return replace(
        state,
        now_ms=event.now_ms,
        links=links,
        choices=choices,
        steered=(found, event.dead) if len(found) == len(state.config.services) else None,
    )


def _apply(
    work: _Work, name: str, link: Link, trigger: Trigger, reason: str, now_ms: float
) -> Link:
    """Move one link, note it, and prove the other links when this one comes into doubt."""
    before = link.state
    link = links_.advance(link, trigger, reason, now_ms)
    if link.state is before:
        return link
    work.records.append(Record("link", f"{name} {link.state}", reason, wan=name))
    if link.state in (LinkState.SUSPECT, LinkState.DOWN):
        for other, peer in work.links.items():
            if other != name and peer.state not in (LinkState.SUSPECT, LinkState.DOWN):
                work.links[other] = links_.begin_burst(peer, now_ms, 1)
    return link


def _link_observed(work: _Work, event: LinkObserved) -> None:
    link, trigger, reason = links_.observed(work.links[event.wan], event)
    if trigger is not None:
        link = _apply(work, event.wan, link, trigger, reason, event.now_ms)
    work.links[event.wan] = link
    _send(work, event.now_ms)


def _probe_replied(work: _Work, event: ProbeReplied) -> None:
    before = work.links[event.wan]
    link, trigger, reason = links_.replied(before, event)
    if trigger is not None:
        link = _apply(work, event.wan, link, trigger, reason, event.now_ms)
    if before.state is LinkState.SUSPECT and link.state is LinkState.UP:
        link = links_.cleared(link, event.now_ms)
    work.links[event.wan] = link


def _tick(work: _Work, event: Tick) -> None:
    now = event.now_ms
    config = work.state.config
    patience = min(service.patience_ms for service in config.services)
    for name in work.links:
        link = links_.silence(work.links[name], event.traffic.get(name), now)
        if link.state is LinkState.UP and link.usable:
            doubt = links_.suspicion(link, now)
            if doubt is not None:
                link = replace(link, dark_since_ms=doubt[0])
                link = _apply(work, name, link, Trigger.SILENT, doubt[1], now)
        said = links_.verdict(link, now, patience)
        if said is not None:
            link = _apply(work, name, link, said[0], said[1], now)
        dwell_ms = config.policy.failback_after_s * 1000
        if link.state is LinkState.RECOVERING and now - link.since_ms >= dwell_ms:
            reason = f"answered for {config.policy.failback_after_s:g} s"
            link = _apply(work, name, link, Trigger.TRUSTED, reason, now)
        work.links[name] = link
    _send(work, now)


def _admin(work: _Work, event: AdminRequested) -> None:
    for name, link in work.links.items():
        if name == event.wan:
            work.links[name] = replace(link, admin=event.mode)
        elif event.mode is Admin.FORCE and link.admin is Admin.FORCE:
            work.links[name] = replace(link, admin=Admin.AUTO)
    work.hold = False
    work.records.append(
        Record("admin", f"{event.wan} set to {event.mode}", "asked by hand", wan=event.wan)
    )


def _send(work: _Work, now_ms: float) -> None:
    """Whatever probes are due, on every link."""
    config = work.state.config
    targets = tuple(target.name for target in config.targets)
    in_use = {wan for choice in work.state.choices.values() for wan in choice.wans}
    for name, link in work.links.items():
        pace = links_.pace_ms(link, config.policy.probe_interval_ms, active=name in in_use)
        link, asked = links_.probes(link, now_ms, pace, targets)
        window = link.window
        for target in asked:
            window = window.sent(work.next_probe, target, now_ms)
            work.probes.append(SendProbe(name, target, work.next_probe))
            work.next_probe += 1
        work.links[name] = replace(link, window=window) if asked else link


def _decide(work: _Work, state: State) -> tuple[State, tuple[Action, ...]]:
    """Choose for every service, then say what the kernel must do about it."""
    now_ms = state.now_ms
    choices: dict[str, Choice] = {}
    for service in state.config.services:
        before = state.choices.get(service.name)
        chosen = choose(service, work.links, before, now_ms, hold=work.hold)
        choices[service.name] = chosen
        if before is None or before.members != chosen.members:
            work.records.append(_choice_record(work, service.name, before, chosen))
    moved = len(work.records)
    evictions = _evictions(work, state.config, choices, now_ms)
    dead = _dead(work.links, state.config, choices)
    wanted = ({name: choice.members for name, choice in choices.items()}, dead)
    actions: list[Action] = []
    if wanted != state.steered:
        actions.append(Steer(*wanted))
        work.records.insert(moved, _switch_record(*wanted))
    actions += evictions
    new = replace(
        state, links=work.links, choices=choices, steered=wanted, next_probe=work.next_probe
    )
    return new, (*actions, *work.records, *work.probes)


def _switch_record(choices: Choices, dead: frozenset[int]) -> Record:
    uses = ", ".join(f"{name} {'+'.join(m.wan for m in c)}" for name, c in choices.items())
    marks = ", ".join(f"0x{mark:04x}" for mark in sorted(dead)) or "none"
    return Record("switch", f"kernel steers {uses}", f"resets answer the marks: {marks}")


def _choice_record(work: _Work, service: str, before: Choice | None, chosen: Choice) -> Record:
    inputs = {
        name: {"state": str(link.state), "admin": str(link.admin), "reason": link.reason}
        for name, link in work.links.items()
    }
    old = "+".join(before.wans) if before is not None else "nothing"
    what = f"{service}: {old} to {'+'.join(chosen.wans)}"
    reason = f"{chosen.rule}: {chosen.reason}"
    return Record("choice", what, reason, service=service, inputs=inputs)


def _evictions(
    work: _Work, config: Config, choices: Mapping[str, Choice], now_ms: float
) -> list[Action]:
    """Flows of each dark link whose service's patience is over and whose new WAN is proved."""
    actions: list[Action] = []
    for name, link in list(work.links.items()):
        if link.state is not LinkState.DOWN or link.dark_since_ms is None:
            continue
        dark_since = link.dark_since_ms
        now_evicted = set(link.evicted)
        for service in config.services:
            if service.name in now_evicted or name in choices[service.name].wans:
                continue
            waited = now_ms - dark_since
            if link.usable and waited < service.patience_ms:
                continue
            if not all(work.links[w].proved_since(dark_since) for w in choices[service.name].wans):
                continue
            now_evicted.add(service.name)
            actions.append(Evict(link.wan.mark | service.id, BOTH_MASK))
            text = f"flows of {service.name} evicted from {name}"
            reason = (
                f"{name} dark for {waited:.0f} ms; {'+'.join(choices[service.name].wans)} proved"
            )
            work.records.append(Record("evict", text, reason, wan=name, service=service.name))
        work.links[name] = replace(link, evicted=frozenset(now_evicted))
    return actions


def _dead(
    links: Mapping[str, Link], config: Config, choices: Mapping[str, Choice]
) -> frozenset[int]:
    """Marks of evicted flows, except where the WAN is in use again for want of a better one."""
    return frozenset(
        link.wan.mark | service.id
        for name, link in links.items()
        for service in config.services
        if service.name in link.evicted and name not in choices[service.name].wans
    )
