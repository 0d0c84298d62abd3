# SPDX-License-Identifier: GPL-3.0-or-later
"""From links to what the kernel must do: choices, the switch, evictions."""

from __future__ import annotations

from collections.abc import Mapping

from relais.core import returning
from relais.core.actions import Action, Announce, Evict, Record, Steer
from relais.core.evolve import evolve
from relais.core.facts import meters
from relais.core.link import Link
from relais.core.model import BOTH_MASK, Config
from relais.core.select import STABLE_STEP, Choice, choose
from relais.core.state import Choices, State, Work
from relais.core.transitions import DOWN, LinkState

SWEEP_AFTER_MS = (2000.0, 10_000.0)


def decide(work: Work, state: State, now_ms: float) -> tuple[State, tuple[Action, ...]]:
    """Choose for every service, then say what the kernel must do about it."""
    if _settled(work, state, now_ms):
        calm = evolve(
            state,
            now_ms=now_ms,
            links=work.links,
            next_probe=work.next_probe,
            reviewed_ms=work.reviewed_ms,
        )
        return calm, (*work.records, *work.probes)
    state = evolve(state, now_ms=now_ms)
    choices: dict[str, Choice] = {}
    for service in state.config.services:
        before, wait = state.choices.get(service.name), work.waits.get(service.name)
        chosen = choose(service, work.links, before, now_ms, wait=wait, hold=work.hold)
        choices[service.name] = chosen
        if before is None or before.members != chosen.members:
            work.records.append(_choice_record(work, service.name, before, chosen, now_ms))
    waits, looks = returning.looks(work.waits, state.config, choices, now_ms)
    if state.steered is None and now_ms < state.retry_ms:
        waiting = evolve(
            state, links=work.links, choices=choices, waits=waits, next_probe=work.next_probe
        )
        return waiting, (*work.records, *looks, *work.probes)
    moved = len(work.records)
    evictions = _evictions(work, state.config, choices, now_ms)
    sweeps, moves = returning.moves(work, state, choices, now_ms)
    wanted = (
        {name: choice.members for name, choice in choices.items()},
        _dead(work.links, state.config, choices),
    )
    actions: list[Action] = []
    if wanted != state.steered:
        actions.append(Steer(*wanted))
        work.records.insert(moved, _switch_record(*wanted))
    announced = [action for action in (*evictions, *moves) if isinstance(action, Announce)]
    actions += [action for action in (*evictions, *moves) if not isinstance(action, Announce)]
    new = evolve(
        state,
        links=work.links,
        choices=choices,
        in_use=frozenset(wan for choice in choices.values() for wan in choice.wans),
        steered=wanted,
        next_probe=work.next_probe,
        decided=True,
        reviewed_ms=work.reviewed_ms,
        waits=waits,
        sweeps=sweeps,
    )
    return new, (*actions, *work.records, *announced, *looks, *work.probes)


def _settled(work: Work, state: State, now_ms: float) -> bool:
    """Nothing that could change a decision has changed since the last one."""
    if state.steered is None or not state.decided or not work.hold:
        return False
    if work.waits is not state.waits:
        return False
    if (state.waits or state.sweeps) and now_ms >= returning.due_ms(state):
        return False
    aged = state.ages and work.reviewed_ms != state.reviewed_ms
    before = state.links
    for name, link in work.links.items():
        if link.state is DOWN:
            return False  # Evictions wait for patience and proof, which come with time.
        if aged and link.penalty.value and _faded(link, before[name], state, now_ms):
            return False
        if link is not before[name] and not _alike(link, before[name]):
            return False
    return True


def _faded(link: Link, before: Link, state: State, now_ms: float) -> bool:
    """Whether a choice made now may differ from one made at the last review, or its reason.

    A penalty only falls, so one that reads the same at both instants has done so in between.
    """
    penalty = link.penalty
    if state.waits or link.usage is not before.usage:
        return True  # Reasons that tell how long a link has been well, or how much it has carried.
    if penalty.at_ms > state.reviewed_ms:
        return True
    then, now = penalty.now(state.reviewed_ms), penalty.now(now_ms)
    return round(then) != round(now) or then // STABLE_STEP != now // STABLE_STEP


def _alike(link: Link, before: Link) -> bool:
    """Nothing has changed that a choice or an eviction may depend on, but time."""
    return (
        link.state is before.state
        and link.penalty is before.penalty
        and link.quality is before.quality
        and link.admin is before.admin
        and (link.sla_broken is before.sla_broken or link.sla_broken == before.sla_broken)
        and link.carrier is before.carrier
        and link.address == before.address
        and link.gateway == before.gateway
        and (link.usage is before.usage or _level(link) == _level(before))
    )


def _level(link: Link) -> int:
    return 0 if link.usage is None else link.usage.level


def _switch_record(choices: Choices, dead: frozenset[int]) -> Record:
    uses = ", ".join(f"{name} {'+'.join(m.wan for m in c)}" for name, c in choices.items())
    marks = ", ".join(f"0x{mark:04x}" for mark in sorted(dead)) or "none"
    return Record("switch", f"kernel steers {uses}", f"resets answer the marks: {marks}")


def _choice_record(
    work: Work, service: str, before: Choice | None, chosen: Choice, now_ms: float
) -> Record:
    counted = meters(work.links)
    inputs = {
        name: {
            "state": str(link.state),
            "admin": str(link.admin),
            "quality": str(link.quality),
            "reason": link.reason,
            "loss_percent": link.window.loss_percent(),
            "rtt_ms": link.window.srtt_ms,
            "penalty": round(link.penalty.now(now_ms)),
            "used_before": before is not None and name in before.wans,
            "used": name in chosen.wans,
            "bytes": counted.get(name),
        }
        for name, link in work.links.items()
    }
    old = "+".join(before.wans) if before is not None else "nothing"
    what = f"{service}: {old} to {'+'.join(chosen.wans)}"
    reason = f"{chosen.rule}: {chosen.reason}"
    return Record("choice", what, reason, service=service, inputs=inputs)


def _evictions(
    work: Work, config: Config, choices: Mapping[str, Choice], now_ms: float
) -> list[Action]:
    """Flows of each dark link whose service's patience is over and whose new WAN is proved."""
    actions: list[Action] = []
    for name, link in list(work.links.items()):
        if link.state is not LinkState.DOWN or link.dark_since_ms is None:
            continue
        evicted = set(link.evicted)
        waited = now_ms - link.dark_since_ms
        for service in config.services:
            wans = choices[service.name].wans
            if service.name in evicted or name in wans:
                continue
            if link.usable and waited < link.patience_ms(service.patience_ms):
                continue
            if not all(work.links[wan].proved_since(link.dark_since_ms) for wan in wans):
                continue
            evicted.add(service.name)
            actions.append(Evict(link.wan.mark | service.id, BOTH_MASK))
            if config.telephony is not None and config.telephony.service == service.name:
                actions.append(Announce(service.name, name, wans))
            text = f"flows of {service.name} evicted from {name}"
            reason = f"{name} dark for {waited:.0f} ms; {'+'.join(wans)} proved"
            work.records.append(Record("evict", text, reason, wan=name, service=service.name))
        if len(evicted) != len(link.evicted):
            due = tuple(now_ms + after_ms for after_ms in SWEEP_AFTER_MS)
            work.links[name] = evolve(link, evicted=frozenset(evicted), sweeps_ms=due)
        elif link.sweeps_ms and now_ms >= link.sweeps_ms[0]:
            work.links[name] = evolve(link, sweeps_ms=link.sweeps_ms[1:])
            actions += _again(link, config, choices)
    return actions


def _again(link: Link, config: Config, choices: Mapping[str, Choice]) -> list[Action]:
    """Stragglers: flows that a packet under way marked again right after the eviction."""
    return [
        Evict(link.wan.mark | service.id, BOTH_MASK)
        for service in config.services
        if service.name in link.evicted and link.wan.name not in choices[service.name].wans
    ]


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
