# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run was worth: the core's decisions held against what really happened."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from relais.core.actions import Evict
from relais.core.model import SERVICE_MASK, Config, Member
from relais.core.pacing import PROBE_BYTES
from relais.core.transitions import LinkState
from relais.simulate.line import Fault
from relais.simulate.models import DAY_MS, Kind
from relais.simulate.stretch import WARM_MS, Outcome, Switch

GRACE_MS = 2000.0
"""A reaction so long after the end of a fault is still a reaction to it."""
SHORTEST_MS = 2000.0
"""A shorter fault need not be found: riding it out is as good as leaving."""
MONTH_MS = 30 * DAY_MS


@dataclass(slots=True)
class Found:
    """What became of one real fault on a link that services used (`used`) or on a spare one."""

    fault: Fault
    used: bool
    detected_ms: float | None = None
    failback_ms: float | None = None

    @property
    def missed(self) -> bool:
        """Never noticed, though long enough to matter."""
        return self.detected_ms is None and self.fault.end_ms - self.fault.begin_ms >= SHORTEST_MS


@dataclass(slots=True)
class Tally:
    """Figures of one or more stretches, to be added up."""

    days: float = 0.0
    steps: int = 0
    diverts: list[Switch] = field(default_factory=list)
    needless: list[Switch] = field(default_factory=list)
    returns: int = 0
    evictions: int = 0
    needless_evictions: int = 0
    found: list[Found] = field(default_factory=list)
    used_ms: dict[str, dict[str, float]] = field(default_factory=dict)
    probes: dict[str, int] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Take in another stretch's figures."""
        self.days += other.days
        self.steps += other.steps
        self.diverts += other.diverts
        self.needless += other.needless
        self.returns += other.returns
        self.evictions += other.evictions
        self.needless_evictions += other.needless_evictions
        self.found += other.found
        for service, wans in other.used_ms.items():
            mine = self.used_ms.setdefault(service, {})
            for wan, spent in wans.items():
                mine[wan] = mine.get(wan, 0.0) + spent
        for wan, count in other.probes.items():
            self.probes[wan] = self.probes.get(wan, 0) + count


def measure(outcome: Outcome, config: Config) -> Tally:
    """Hold one stretch's decisions against its faults."""
    warm_ms = outcome.stretch.begin_ms + WARM_MS
    switches = [switch for switch in outcome.switches if switch.at_ms >= warm_ms]
    tally = Tally(
        days=outcome.stretch.span_ms / DAY_MS,
        steps=outcome.steps,
        probes=dict(outcome.probes),
        used_ms=_used(outcome),
        found=[_found(fault, outcome) for fault in outcome.faults if fault.begin_ms >= warm_ms],
    )
    for switch in switches:
        if switch.cause == "return":
            tally.returns += 1
            continue
        tally.diverts.append(switch)
        if not any(_faulty(outcome.faults, wan, switch.at_ms) for wan in switch.left):
            tally.needless.append(switch)
    wans = {wan.mark: wan.name for wan in config.wans}
    told: set[tuple[str, int]] = set()
    for decision in outcome.decisions:
        match decision.action:
            case Evict(mark=mark) if decision.at_ms >= warm_ms:
                wan = wans[mark & ~SERVICE_MASK]
                since = _down_since(outcome, wan, decision.at_ms)
                if (f"{wan} {since}", mark) in told:
                    continue  # A sweep for stragglers.
                told.add((f"{wan} {since}", mark))
                tally.evictions += 1
                tally.needless_evictions += not _faulty(outcome.faults, wan, decision.at_ms)
            case _:
                pass
    return tally


def _faulty(faults: Iterable[Fault], wan: str, at_ms: float) -> bool:
    return any(
        fault.wan == wan and fault.begin_ms <= at_ms <= fault.end_ms + GRACE_MS for fault in faults
    )


def _down_since(outcome: Outcome, wan: str, at_ms: float) -> float:
    times = [
        at
        for at, name, state in outcome.moves
        if name == wan and state is LinkState.DOWN and at <= at_ms
    ]
    return times[-1] if times else 0.0


def _used(outcome: Outcome) -> dict[str, dict[str, float]]:
    """Time (ms) that each service spent on each WAN, shared by weight."""
    used: dict[str, dict[str, float]] = {}
    current = dict(outcome.choices)
    since = dict.fromkeys(current, outcome.stretch.begin_ms)

    def spend(service: str, until_ms: float) -> None:
        total = sum(member.weight for member in current[service])
        spent = used.setdefault(service, {})
        for member in current[service]:
            share = (until_ms - since[service]) * member.weight / total
            spent[member.wan] = spent.get(member.wan, 0.0) + share

    for switch in outcome.switches:
        spend(switch.service, switch.at_ms)
        current[switch.service] = switch.after
        since[switch.service] = switch.at_ms
    for service in current:
        spend(service, outcome.stretch.end_ms)
    return used


def _found(fault: Fault, outcome: Outcome) -> Found:
    """When the core left the link, or noticed on a spare one; and when it came back to it."""
    users = _users(fault.wan, fault.begin_ms, outcome)
    until_ms = fault.end_ms + GRACE_MS
    found = Found(fault, bool(users))
    leaving = [
        switch.at_ms
        for switch in outcome.switches
        if fault.wan in switch.left and fault.begin_ms <= switch.at_ms <= until_ms
    ]
    if users:
        if leaving:
            found.detected_ms = leaving[0] - fault.begin_ms
        back = [
            switch.at_ms
            for switch in outcome.switches
            if _joins(switch, fault.wan) and switch.at_ms > fault.end_ms
        ]
        if leaving and back:
            found.failback_ms = back[0] - fault.end_ms
        return found
    noticed = [
        at
        for at, wan, state in outcome.moves
        if wan == fault.wan and state in (LinkState.LOST, LinkState.DOWN)
    ]
    inside = [at for at in noticed if fault.begin_ms <= at <= until_ms]
    if inside:
        found.detected_ms = inside[0] - fault.begin_ms
    elif _state_at(fault.wan, fault.begin_ms, outcome) is not LinkState.UP:
        found.detected_ms = 0.0
    elif fault.kind is Kind.BROWNOUT:
        found.detected_ms = 0.0  # Nothing uses the link, so nothing has to leave it.
    return found


def _joins(switch: Switch, wan: str) -> bool:
    return wan in _names(switch.after) and wan not in _names(switch.before)


def _names(members: tuple[Member, ...]) -> set[str]:
    return {member.wan for member in members}


def _users(wan: str, at_ms: float, outcome: Outcome) -> set[str]:
    """Services that use a WAN right before an instant."""
    current = dict(outcome.choices)
    for switch in outcome.switches:
        if switch.at_ms >= at_ms:
            break
        current[switch.service] = switch.after
    return {service for service, members in current.items() if wan in _names(members)}


def _state_at(wan: str, at_ms: float, outcome: Outcome) -> LinkState:
    state = LinkState.UNKNOWN
    for at, name, moved in outcome.moves:
        if at >= at_ms:
            break
        if name == wan:
            state = moved
    return state


def summary(tally: Tally) -> dict[str, object]:
    """The figures for people and programs; times in ms unless said otherwise."""
    used = [found for found in tally.found if found.used]
    causes: dict[str, int] = {}
    for switch in tally.diverts:
        causes[switch.cause] = causes.get(switch.cause, 0) + 1
    return {
        "days": round(tally.days, 4),
        "steps": tally.steps,
        "switches": {
            "diverts": len(tally.diverts),
            "by_cause": causes,
            "returns": tally.returns,
            "needless": len(tally.needless),
        },
        "evictions": {"all": tally.evictions, "needless": tally.needless_evictions},
        "faults": {
            kind: _faults([one for one in used if one.fault.kind == kind]) for kind in _kinds(used)
        },
        "spare_faults": {
            "all": len(tally.found) - len(used),
            "missed": sum(found.missed for found in tally.found if not found.used),
        },
        "time_percent": {
            service: {
                wan: round(100 * spent / sum(wans.values()), 3) for wan, spent in wans.items()
            }
            for service, wans in tally.used_ms.items()
        },
        "probes": {wan: _probes(count, tally.days) for wan, count in tally.probes.items()},
        "needless_switches": [
            {"at_ms": s.at_ms, "service": s.service, "left": s.left, "cause": s.cause}
            for s in tally.needless[:100]
        ],
        "missed_faults": [
            {"wan": f.fault.wan, "kind": f.fault.kind}
            | {"begin_ms": f.fault.begin_ms, "end_ms": f.fault.end_ms}
            for f in tally.found
            if f.missed
        ][:100],
    }


def _kinds(found: Iterable[Found]) -> list[str]:
    return sorted({str(one.fault.kind) for one in found})


def _faults(found: list[Found]) -> dict[str, object]:
    return {
        "all": len(found),
        "missed": sum(one.missed for one in found),
        "detection_ms": distribution(
            [one.detected_ms for one in found if one.detected_ms is not None]
        ),
        "failback_ms": distribution(
            [one.failback_ms for one in found if one.failback_ms is not None]
        ),
    }


def distribution(values: list[float]) -> Mapping[str, float]:
    """Median, 90th and 99th percentile (nearest rank) and maximum; empty for no values."""
    if not values:
        return {}
    ordered = sorted(values)
    last = len(ordered) - 1

    def at(share: float) -> float:
        return round(ordered[min(last, int(share * len(ordered)))], 1)

    return {
        "median": round(statistics.median(ordered), 1),
        "p90": at(0.9),
        "p99": at(0.99),
        "max": round(ordered[-1], 1),
    }


def _probes(count: int, days: float) -> dict[str, float]:
    month = count * MONTH_MS / (days * DAY_MS) if days else 0.0
    return {"sent": count, "month": round(month), "month_mb": round(month * PROBE_BYTES / 1e6, 1)}
