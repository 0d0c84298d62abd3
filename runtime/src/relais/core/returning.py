# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service's return to a better WAN asks of the world: looks for calls, and flows to move.

A registration keeps its flow alive for ever, so on the way back the telephone system and the phones
(`telephony.sources`) have theirs moved, however the service returns. Else new calls take the better
line while their signalling stays on the backup.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from relais.core.actions import Action, Announce, MeasureFlows, Move, Record, Sweep
from relais.core.calls import LOOK_MS, Wait, begun
from relais.core.link import Link
from relais.core.model import BOTH_MASK, Config, Failback, Mode, Service
from relais.core.select import CALLS_HOLD, Choice, Rank, rank
from relais.core.state import State, Work

SWEEP_AFTER_MS = 2000.0


def looks(
    waits: Mapping[str, Wait], config: Config, choices: Mapping[str, Choice], now_ms: float
) -> tuple[dict[str, Wait], list[Action]]:
    """The services that now wait for their calls to end, and the looks that are due."""
    waiting: dict[str, Wait] = {}
    due: list[Action] = []
    for service in config.services:
        choice = choices[service.name]
        if choice.rule != CALLS_HOLD:
            continue
        wan = choice.wans[0]
        wait = waits.get(service.name)
        if wait is None or wait.wan != wan:
            wait = begun(wan, now_ms)
        if now_ms >= wait.look_ms:
            wait = replace(wait, look_ms=now_ms + LOOK_MS)
            mark = config.wan(wan).mark | service.id
            due.append(MeasureFlows(service.name, wan, mark, BOTH_MASK))
        waiting[service.name] = wait
    return waiting, due


def moves(
    work: Work, state: State, choices: Mapping[str, Choice], now_ms: float
) -> tuple[tuple[Sweep, ...], list[Action]]:
    """Flows that follow their service, once at the return and once again: all but TCP with
    `failback: now`, else those of the telephone system and the phones."""
    config = state.config
    sweeps: list[Sweep] = []
    actions: list[Action] = []
    for sweep in state.sweeps:
        if sweep.wan in choices[sweep.service].wans:
            continue
        if now_ms >= sweep.due_ms:
            wans = choices[sweep.service].wans
            actions += _move(config, config.service(sweep.service), sweep.wan, wans)
        else:
            sweeps.append(sweep)
    for service in config.services:
        before, chosen = state.choices.get(service.name), choices[service.name]
        if before is None or not _follows(config, service, state.waits):
            continue
        for wan in _returned_from(service, before, chosen, work.links):
            actions += _move(config, service, wan, chosen.wans)
            sweeps.append(Sweep(now_ms + SWEEP_AFTER_MS, service.name, wan))
            text, reason = _told(service, wan, chosen)
            work.records.append(Record("evict", text, reason, wan=wan, service=service.name))
    return tuple(sweeps), actions


def due_ms(state: State) -> float:
    """When the next look, return or sweep is due; infinite when none is."""
    if not state.waits and not state.sweeps:
        return math.inf
    due = [*(w.due_ms for w in state.waits.values()), *(s.due_ms for s in state.sweeps)]
    return min(due)


def _returned_from(
    service: Service, before: Choice, chosen: Choice, links: Mapping[str, Link]
) -> Iterator[str]:
    """Living links that a service has left for a better one; a link that is dark is evicted."""
    if any(rank(links[wan]) is not Rank.GOOD for wan in chosen.wans):
        return
    order = [member.wan for member in service.members]
    for wan in before.wans:
        if wan in chosen.wans or wan not in links or rank(links[wan]) > Rank.UNPROVEN:
            continue
        if service.mode is Mode.MOST_STABLE:
            back = rank(links[wan]) is Rank.GOOD
        else:
            back = wan in order and order.index(wan) > order.index(chosen.wans[0])
        if back:
            yield wan


def _follows(config: Config, service: Service, waits: Mapping[str, Wait]) -> bool:
    """Whether open flows go with the service; not in the middle of a call, if it waits for none."""
    if service.failback is Failback.NOW:
        return True
    if config.telephony is None or config.telephony.service != service.name:
        return False
    wait = waits.get(service.name)
    return wait is None or not wait.talking


def _move(config: Config, service: Service, wan: str, wans: tuple[str, ...]) -> list[Action]:
    mark, telephony = config.wan(wan).mark | service.id, config.telephony
    if telephony is None or telephony.service != service.name:
        return [Move(mark, BOTH_MASK)]
    sources = () if service.failback is Failback.NOW else telephony.sources
    return [Move(mark, BOTH_MASK, sources), Announce(service.name, wan, wans)]


def _told(service: Service, wan: str, chosen: Choice) -> tuple[str, str]:
    wans = "+".join(chosen.wans)
    if service.failback is Failback.NOW:
        text = f"flows of {service.name} follow it from {wan}"
        return text, f"failback is now: all but TCP takes {wans}"
    text = f"flows of the telephones follow {service.name} from {wan}"
    return text, f"registrations never end by themselves: theirs take {wans}"
