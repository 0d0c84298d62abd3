# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds on every schedule of events, however wild."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from relais.core.actions import Action, Evict, MeasureFlows, Move, SendProbe
from relais.core.adopt import leave
from relais.core.codec import decode, encode
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
from relais.core.handover import Handover
from relais.core.model import SERVICE_MASK, Admin, Config, Failback, Importance, Member, Service
from relais.core.select import Rank, rank, ranks
from relais.core.state import State, initial
from relais.core.step import step
from relais.core.transitions import LinkState
from relais.simulate.models import Episodes, Kind
from relais.simulate.trace import Trace, replay
from simulate.worlds import one_fault, quota_config, run

CONFIG = quota_config()
WANS = tuple(wan.name for wan in CONFIG.wans)
MARKS = {wan.mark: wan.name for wan in CONFIG.wans}
SERVICES = {service.id: service for service in CONFIG.services}
RETURNS_PER_HOUR = 10
"""A fault costs 1,000 points, 3,000 suppress, and they halve in 15 minutes: who stays just below
comes back every 9 minutes, and three times at the beginning."""

wan = st.sampled_from(WANS)
moments = st.one_of(
    st.tuples(st.just("pass"), st.integers(1, 60), st.sampled_from([10.0, 50.0, 100.0])),
    st.tuples(st.just("rest"), st.floats(0.1, 120_000)),
    st.tuples(st.just("answer"), wan, st.sampled_from([0, 1, 1, 1, 2, 3]), st.floats(1, 3000)),
    st.tuples(st.just("traffic"), wan, st.integers(0, 5), st.integers(0, 5)),
    st.tuples(
        st.just("observe"),
        wan,
        st.booleans(),
        st.sampled_from(["192.0.2.2/24", None]),
        st.sampled_from(["192.0.2.1", None]),
    ),
    st.tuples(st.just("admin"), wan, st.sampled_from(Admin), st.sampled_from([None, 5000.0])),
    st.tuples(st.just("excuse"), wan, st.floats(0, 60_000)),
    st.tuples(st.just("fail")),
    st.tuples(st.just("month"), wan, st.sampled_from([0, 79, 80, 99, 100, 200]), st.booleans()),
    st.tuples(st.just("talk"), st.sampled_from([None, 0.5, 100.0])),
    st.tuples(st.just("stray"), wan, st.sampled_from(["edge", "web-c", "nobody"]), st.integers(0)),
    st.tuples(st.just("adopt"), st.sampled_from([*WANS, "gone"]), st.sampled_from(Admin)),
)
schedules = st.lists(moments, min_size=5, max_size=40)


@dataclass
class Driver:
    """Feeds a schedule to the core and checks every step."""

    config: Config = CONFIG
    state: State = field(default_factory=lambda: initial(CONFIG, 0.0))
    now_ms: float = 0.0
    events: list[Event] = field(default_factory=list)
    flying: list[ProbeReplied] = field(default_factory=list)
    answers: dict[str, tuple[int, float]] = field(default_factory=dict)
    counters: dict[str, list[int]] = field(default_factory=lambda: {w: [0, 0] for w in WANS})
    rates: dict[str, tuple[int, int]] = field(default_factory=dict)
    asked: int = 0
    talk_pps: float | None = None

    def play(self, schedule: list[tuple[object, ...]]) -> Driver:
        for name in WANS:
            self.answers[name] = (1, 20.0)
            self.feed(LinkObserved(0.0, name, True, "192.0.2.2/24", "192.0.2.1"))
        self._pass(40, 50.0)
        for name, *details in schedule:
            getattr(self, f"_{name}")(*details)
        self._pass(10, 50.0)
        return self

    def feed(self, event: Event) -> None:
        before = self.state
        self.events.append(event)
        self.state, actions = step(before, event)
        if not isinstance(event, (Adopted, SwitchFailed)):
            self.check(before, actions)
        for action in actions:
            if isinstance(action, MeasureFlows):
                self.feed(FlowsMeasured(self.now_ms, action.service, action.wan, self.talk_pps))
            if isinstance(action, SendProbe):
                every, rtt_ms = self.answers[action.wan]
                self.asked += 1
                self.counters[action.wan][1] += 1
                if every and self.asked % every == 0:
                    at_ms = self.now_ms + rtt_ms
                    self.flying.append(
                        ProbeReplied(at_ms, action.wan, action.target, action.probe, rtt_ms)
                    )

    def check(self, before: State, actions: tuple[Action, ...]) -> None:
        links = self.state.links
        forced = any(link.admin is Admin.FORCE for link in links.values())
        for service in self.config.services:
            chosen = self.state.choices[service.name]
            assert chosen.members, "a service without a choice"
            self.check_quota(service)
            old = before.choices.get(service.name)
            if forced or (old is not None and old.members == chosen.members):
                continue
            own = {member.wan: rank(links[member.wan]) for member in service.members}
            proven = any(fitness is Rank.GOOD for fitness in own.values())
            assert not proven or all(own[name] < Rank.UNPROVEN for name in chosen.wans)
        for action in actions:
            if isinstance(action, Evict):
                self.check_eviction(action, forced=forced)
            if isinstance(action, Move):
                self.check_move(action)

    def check_quota(self, service: Service) -> None:
        links = self.state.links
        own = {member.wan: rank(links[member.wan]) for member in service.members}
        fitness = ranks(service, links)
        if service.importance is Importance.VITAL:
            assert fitness == own, "a quota is no matter of what is vital"
        if min(own.values()) < Rank.DRAINED:
            assert min(fitness.values()) < Rank.DRAINED, "no living line because of a quota"

    def check_move(self, action: Move) -> None:
        service = SERVICES[action.mark & SERVICE_MASK]
        assert service.failback is Failback.NOW
        assert MARKS[action.mark & ~SERVICE_MASK] not in self.state.choices[service.name].wans

    def check_eviction(self, action: Evict, *, forced: bool) -> None:
        link = self.state.links[MARKS[action.mark & ~SERVICE_MASK]]
        service = SERVICES[action.mark & SERVICE_MASK]
        wans = self.state.choices[service.name].wans
        assert link.state is LinkState.DOWN
        assert link.wan.name not in wans, "evicted from a link in use"
        dark_ms = link.dark_since_ms
        assert dark_ms is not None
        assert all(self.state.links[name].proved_since(dark_ms) for name in wans)

    def _pass(self, ticks: int, pace_ms: float) -> None:
        for _unused in range(ticks):
            until_ms = self.now_ms + pace_ms
            self._deliver(until_ms)
            self.now_ms = until_ms
            for name, (sent, heard) in self.rates.items():
                self.counters[name][0] += heard
                self.counters[name][1] += sent
            traffic = {
                name: Traffic(rx, tx, rx * 500, tx * 500)
                for name, (rx, tx) in self.counters.items()
            }
            self.feed(Tick(until_ms, traffic, until_ms - pace_ms))

    def _deliver(self, until_ms: float) -> None:
        due = sorted((r for r in self.flying if r.now_ms <= until_ms), key=lambda r: r.now_ms)
        self.flying = [reply for reply in self.flying if reply.now_ms > until_ms]
        for reply in due:
            self.now_ms = max(self.now_ms, reply.now_ms)
            self.counters[reply.wan][0] += 1
            self.feed(reply)

    def _rest(self, pause_ms: float) -> None:
        self._deliver(self.now_ms + pause_ms)
        self.now_ms += pause_ms
        self.feed(Tick(self.now_ms, {}))

    def _answer(self, name: str, every: int, rtt_ms: float) -> None:
        self.answers[name] = (every, rtt_ms)

    def _traffic(self, name: str, sent: int, heard: int) -> None:
        self.rates[name] = (sent, heard)

    def _observe(self, name: str, up: bool, address: str | None, gateway: str | None) -> None:
        self.feed(LinkObserved(self.now_ms, name, up, address, gateway))

    def _admin(self, name: str, mode: Admin, spell_ms: float | None) -> None:
        until = None if spell_ms is None else self.now_ms + spell_ms
        self.feed(AdminRequested(self.now_ms, name, mode, until))

    def _excuse(self, name: str, spell_ms: float) -> None:
        self.feed(Excused(self.now_ms, name, self.now_ms + spell_ms))

    def _fail(self) -> None:
        self.feed(SwitchFailed(self.now_ms, "refused"))

    def _month(self, name: str, percent: int, fresh: bool) -> None:
        used = round((self.config.wan(name).monthly_quota_gb or 0) * percent * 10_000_000)
        period = f"2026-{len(self.events) % 12 + 1:02}-01" if fresh else "2026-01-01"
        self.feed(PeriodBegan(self.now_ms, name, period, "", used))

    def _talk(self, pps: float | None) -> None:
        self.talk_pps = pps

    def _stray(self, name: str, target: str, probe: int) -> None:
        if target == "nobody":
            target = "host-b"
        self.feed(ProbeReplied(self.now_ms, name, target, probe, 5.0))

    def _adopt(self, name: str, mode: Admin) -> None:
        found = {service.name: (Member(name),) for service in self.config.services}
        left = leave(self.state)
        wished = replace(left.links[WANS[0]], admin=mode)
        left = replace(left, links={**left.links, WANS[0]: wished})
        assert decode(Handover, json.loads(json.dumps(encode(left)))) == (left, ())
        self.feed(Adopted(self.now_ms, found, frozenset({0x0101}), left))


@given(schedules)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_there_is_always_a_proven_choice_if_any_and_no_eviction_without_refuge(
    schedule: list[tuple[object, ...]],
) -> None:
    driver = Driver().play(schedule)
    trace = Trace(initial(CONFIG, 0.0), tuple(driver.events))
    again = list(replay(trace))
    assert again == list(replay(trace))
    state = initial(CONFIG, 0.0)
    for event in driver.events:
        state, _unused = step(state, event)
    assert state == driver.state


@given(
    st.sampled_from([Kind.OUTAGE, Kind.CARRIER]),
    st.floats(2, 60),
    st.floats(11, 240),
    st.integers(0, 1000),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_flapping_link_is_come_back_to_no_oftener_than_damping_allows(
    kind: Kind, down_s: float, up_s: float, seed: int
) -> None:
    flapping = Episodes(kind, at=((30.0, 3500.0),), cycle_s=(down_s, up_s))
    outcome, _unused = run(one_fault(flapping), 3600, seed=str(seed))
    downs = [at for at, name, state in outcome.moves if (name, state) == ("fibre", LinkState.DOWN)]
    assert downs
    returns = [
        switch.at_ms
        for switch in outcome.switches
        if switch.service == "default" and [member.wan for member in switch.after] == ["fibre"]
    ]
    after_outage = {max(down for down in downs if down < at) for at in returns if at > downs[0]}
    assert len(after_outage) <= RETURNS_PER_HOUR
