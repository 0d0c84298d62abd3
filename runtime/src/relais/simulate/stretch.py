# SPDX-License-Identifier: GPL-3.0-or-later
"""One stretch of simulated time: the production core in a world of lines and an office.

From event to event the clock jumps to the next instant at which the world changes, an answer
arrives or a tick may have an effect; ticks keep to the grid that the daemon's would be on.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from relais.core.actions import Action, MeasureFlows, SendProbe, Steer
from relais.core.events import Adopted, Event, FlowsMeasured, LinkObserved, ProbeReplied, Tick
from relais.core.handover import Handover, LinkLeft
from relais.core.history.keep import Keeper
from relais.core.model import Config, Member
from relais.core.pacing import roof_bytes
from relais.core.select import Rank, rank
from relais.core.state import State, initial
from relais.core.step import step
from relais.core.ticking import BUSY_PACKETS, TICK_MS, Pace, urgent
from relais.core.transitions import LinkState
from relais.simulate.due import effective_ms
from relais.simulate.line import Fault, Line
from relais.simulate.models import Stretch
from relais.simulate.office import Demand
from relais.simulate.scenario import Scenario

WARM_MS = 20_000.0
"""Time to prove the links after a cold start; nothing in it is counted."""
_BUDGET_LEFT = 0.1


@dataclass(frozen=True, slots=True)
class Decision:
    """An action of the core that is not a probe, and when."""

    at_ms: float
    action: Action


@dataclass(frozen=True, slots=True)
class Switch:
    """A service's new choice. `cause` says what was wrong with the link left: `fault`, `quality`,
    `limit`; `return` when nothing was."""

    at_ms: float
    service: str
    before: tuple[Member, ...]
    after: tuple[Member, ...]
    cause: str
    rule: str

    @property
    def left(self) -> tuple[str, ...]:
        """WANs that take no new flows of the service any more."""
        kept = {member.wan for member in self.after}
        return tuple(member.wan for member in self.before if member.wan not in kept)


@dataclass(slots=True)
class Outcome:
    """What happened in one stretch."""

    stretch: Stretch
    choices: dict[str, tuple[Member, ...]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)
    moves: list[tuple[float, str, LinkState]] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    probes: dict[str, int] = field(default_factory=dict)
    steps: int = 0


class Simulation:
    """Runs one stretch. `dense` ticks as often as the daemon, which changes nothing but the time
    that it takes; `listener` hears every event that the core is fed, `keeper` takes every step."""

    def __init__(
        self,
        config: Config,
        scenario: Scenario,
        stretch: Stretch,
        seed: str,
        *,
        dense: bool = False,
        listener: Callable[[Event], None] | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        self._config = config
        self._stretch = stretch
        self._dense = dense
        self._listener = listener
        self._keeper = keeper
        self._lines = {
            wan.name: Line(wan, scenario.links[wan.name], stretch, seed) for wan in config.wans
        }
        self._demand = Demand(scenario.office, config, self._lines, stretch, seed)
        self._state: State = initial(config, stretch.begin_ms)
        self._flying: list[tuple[float, int, SendProbe, float]] = []
        self._changes = self._agenda()
        self._next_change = 0
        self._now_ms = self._ticked_ms = stretch.begin_ms
        self._pace = Pace()
        self._look = True
        self._outcome = Outcome(
            stretch,
            probes={wan.name: 0 for wan in config.wans},
            faults=sorted(
                (fault for line in self._lines.values() for fault in line.faults),
                key=lambda fault: fault.begin_ms,
            ),
        )

    @property
    def state(self) -> State:
        """What the core knows after the last step."""
        return self._state

    def _agenda(self) -> list[float]:
        begin, end = self._stretch.begin_ms, self._stretch.end_ms
        instants = {begin, *self._demand.changes()}
        for line in self._lines.values():
            instants.update(line.changes())
        return [*sorted(at for at in instants if begin <= at < end), math.inf]

    def run(self) -> Outcome:
        """Simulate the whole stretch."""
        end_ms = self._stretch.end_ms
        flying = self._flying
        while True:
            change_ms = self._changes[self._next_change]
            arrival_ms = flying[0][0] if flying else math.inf
            now_ms = change_ms if change_ms < arrival_ms else arrival_ms
            urgent_ms = urgent(self._state, self._ticked_ms)
            if now_ms > self._ticked_ms + self._pace.tick_ms:
                now_ms = min(now_ms, self._next_tick_ms())
            if urgent_ms < now_ms:
                now_ms = min(now_ms, max(urgent_ms, self._now_ms))
            self._now_ms = now_ms
            if now_ms >= end_ms:
                return self._outcome
            if change_ms == now_ms:
                if now_ms == self._stretch.begin_ms:
                    self._adopt(now_ms)
                self._change(now_ms)
            elif arrival_ms == now_ms:
                self._arrival()
            else:
                self._tick(now_ms)

    def _adopt(self, now_ms: float) -> None:
        """Start as a daemon does whose predecessor has left some of its probe budgets."""
        left = {
            name: LinkLeft(
                link.wan.interface, tokens_bytes=roof_bytes(link) * _BUDGET_LEFT, tokens_ms=now_ms
            )
            for name, link in self._state.links.items()
        }
        self._feed(Adopted(now_ms, {}, frozenset(), Handover(now_ms, left)))

    def _change(self, now_ms: float) -> None:
        """The world changes: lines go dark or come back, the office asks for more or less."""
        self._next_change += 1
        self._look = True
        self._demand.apply(now_ms)
        for name, line in self._lines.items():
            line.darken(now_ms)
            carrier = not line.carrier.active(now_ms)
            link = self._state.links[name]
            if carrier != link.carrier:
                address, gateway = "192.0.2.2/24", line.wan.gateway or "192.0.2.1"
                self._feed(LinkObserved(now_ms, name, carrier, address, gateway))

    def _arrival(self) -> None:
        at_ms, _unused, probe, rtt_ms = heapq.heappop(self._flying)
        self._lines[probe.wan].heard()
        if self._state.links[probe.wan].unheard_since_ms is not None:
            self._look = True
        self._feed(ProbeReplied(at_ms, probe.wan, probe.target, probe.probe, rtt_ms))

    def _tick(self, now_ms: float) -> None:
        self._look = False
        # The look before this one, which may have been skipped.
        last, pace = self._ticked_ms, self._pace.tick_ms
        since_ms = last + (math.ceil((now_ms - last) / pace - 1e-6) - 1) * pace
        self._ticked_ms = now_ms
        traffic = {name: line.traffic(now_ms) for name, line in self._lines.items()}
        self._feed(Tick(now_ms, traffic, since_ms))
        self._pace.noted(self._state, traffic, now_ms)

    def _feed(self, event: Event) -> None:
        if self._listener is not None:
            self._listener(event)
        before = self._state
        after, actions = step(before, event)
        self._state = after
        if self._keeper is not None:
            self._keeper.took(before, event, after)
        self._outcome.steps += 1
        if len(actions) > BUSY_PACKETS:
            self._look = True
        looks: list[FlowsMeasured] = []
        for action in actions:
            if isinstance(action, SendProbe):
                self._send(event.now_ms, action)
            else:
                if isinstance(action, MeasureFlows):
                    looks.append(FlowsMeasured(event.now_ms, action.service, action.wan, 0.0))
                self._outcome.decisions.append(Decision(event.now_ms, action))
                if isinstance(action, Steer):
                    self._demand.steered(event.now_ms, action.choices["default"])
        if after.decided and after.choices is not before.choices:
            self._note(before)
        for look in looks:  # Nobody in a simulated office talks on the phone.
            self._feed(look)

    def _note(self, before: State) -> None:
        """Take note of a step after which a link may have another state, or a service a choice."""
        self._note_switches(before)
        for name, link in self._state.links.items():
            if link.state is not before.links[name].state:
                self._look = True
                self._outcome.moves.append((self._state.now_ms, name, link.state))

    def _send(self, now_ms: float, probe: SendProbe) -> None:
        self._outcome.probes[probe.wan] += 1
        line = self._lines[probe.wan]
        rtt_ms = line.probe(now_ms)
        if rtt_ms is not None:
            heapq.heappush(self._flying, (now_ms + rtt_ms, probe.probe, probe, rtt_ms))
        # An idle line's counters show what it sent, unless the answer comes before they are read.
        unread_ms = self._pace.tick_ms if now_ms == self._ticked_ms else 0.0
        if not line.loaded and (rtt_ms is None or rtt_ms >= unread_ms):
            self._look = True

    def _note_switches(self, before: State) -> None:
        now_ms = self._state.now_ms
        for service in self._config.services:
            old, new = before.choices.get(service.name), self._state.choices[service.name]
            if old is None:
                self._outcome.choices[service.name] = new.members
            elif old.members != new.members:
                left = [wan for wan in old.wans if wan not in new.wans]
                causes = [self._cause(wan, service.name) for wan in left] or ["return"]
                self._outcome.switches.append(
                    Switch(now_ms, service.name, old.members, new.members, min(causes), new.rule)
                )

    def _cause(self, wan: str, service: str) -> str:
        link = self._state.links[wan]
        fitness = rank(link)
        if fitness is Rank.DEGRADED:
            return "quality"
        if fitness is not Rank.GOOD:
            return "fault"
        return "limit" if service in link.sla_broken else "return"

    def _next_tick_ms(self) -> float:
        """The next tick of the daemon's grid, or the first that may have an effect."""
        last, pace = self._ticked_ms, self._pace.tick_ms
        now_ms = self._now_ms
        first = max(math.ceil((now_ms - last) / pace), 1)
        if self._look or self._dense or self._world_moves() or self._pace_changes():
            return last + first * pace
        looked_ms = last + (now_ms - last) // pace * pace
        due = effective_ms(self._state, looked_ms, watched=self._demand.watched)
        if not self._demand.loaded:
            due = min(due, self._pace.calm_ms())
        ticks = (due - last - 1e-4) / pace
        # The counters must be read right before the world changes, to see what it changes.
        change = (self._changes[self._next_change] - last) / pace
        due_ticks = math.inf if ticks == math.inf else math.ceil(ticks)
        if change < due_ticks:
            return last + max(math.floor(change), first) * pace
        return last + max(due_ticks, first) * pace

    def _world_moves(self) -> bool:
        """Whether the next counters may start or end a silence."""
        if not self._demand.loaded:
            return False
        links = self._state.links
        for name, line in self._lines.items():
            if line.loaded and line.blind is (links[name].unheard_since_ms is None):
                return True
        return self._pace.tick_ms > TICK_MS

    def _pace_changes(self) -> bool:
        return self._pace.tick_ms != self._pace.wanted_ms(self._state, self._ticked_ms)
