# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever happens to the lines: what is kept is consistent, and no data never counts."""

from __future__ import annotations

from core.history.watched import Watched, overlaps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from relais.core.actions import SendProbe
from relais.core.events import Event, ProbeReplied
from relais.core.history.model import Condition
from relais.core.model import Admin
from relais.core.state import State

wans = st.sampled_from(["fibre", "lte"])
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("dark"), wans, st.floats(0.05, 15)),
        st.tuples(st.just("carrier"), wans, st.floats(0.05, 5)),
        st.tuples(st.just("lossy"), wans, st.floats(1, 15)),
        st.tuples(st.just("excuse"), wans, st.floats(1, 30)),
        st.tuples(st.just("drain"), wans, st.floats(1, 10)),
        st.tuples(st.just("refuse"), wans, st.floats(0.5, 5)),
        st.tuples(st.just("sleep"), wans, st.floats(6, 100)),
        st.tuples(st.just("clock"), wans, st.floats(-400, 5000)),
        st.tuples(st.just("calm"), wans, st.floats(1, 30)),
    ),
    min_size=1,
    max_size=8,
)


class Story:
    """Plays happenings, and counts by itself what was asked and answered."""

    def __init__(self) -> None:
        self.watched = Watched()
        self.answered: set[int] = set()
        self.watched.world.listener = self._step
        self.slept: list[tuple[int, int]] = []
        self.watched.world.start().run(2)

    def _step(self, before: State, event: Event, after: State, actions: tuple[object, ...]) -> None:
        if isinstance(event, ProbeReplied):
            self.answered.add(event.probe)
        self.watched.keeper.took(before, event, after)

    def play(self, story: list[tuple[str, str, float]]) -> Story:
        world = self.watched.world
        for what, wan, length in story:
            match what:
                case "dark":
                    world.dark.add(wan)
                    world.run(length)
                    world.dark.discard(wan)
                case "carrier":
                    world.link(wan, carrier=False)
                    world.run(length)
                    world.link(wan)
                case "lossy":
                    count = iter(range(10**6))
                    world.losing[wan] = lambda count=count: next(count) % 3 == 0
                    world.run(length)
                    del world.losing[wan]
                case "excuse":
                    world.excuse(wan, length)
                case "drain":
                    world.admin(wan, Admin.DRAIN)
                    world.run(length)
                    world.admin(wan, Admin.AUTO)
                case "refuse":
                    world.refuse_switch = True
                    world.run(length)
                    world.refuse_switch = False
                case "sleep":
                    began_ms = self.watched.now()
                    world.in_flight.clear()
                    world.now_ms += length * 1000
                    self.slept.append((began_ms, self.watched.now()))
                case "clock":  # Slewed, as by a time daemon.
                    self.watched.keeper.clock(self.watched.offset_ms + length / 10, world.state)
                case _:
                    world.run(length)
        world.run(3)
        self.watched.end()
        return self


@given(happenings)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_periods_never_overlap_and_rolls_agree_with_what_was_asked(
    story: list[tuple[str, str, float]],
) -> None:
    told = Story().play(story)
    watched = told.watched
    assert not overlaps(watched.periods)
    probes: dict[str, int] = {}
    for _at, probe in watched.world.probes:
        assert isinstance(probe, SendProbe)
        probes[probe.wan] = probes.get(probe.wan, 0) + 1
    for wan, asked in probes.items():
        rolls = [roll for roll in watched.rolls if roll.wan == wan]
        heard = sum(sum(roll.rtt_buckets.values()) for roll in rolls)
        assert sum(roll.sent for roll in rolls) == heard + sum(roll.lost for roll in rolls)
        assert sum(roll.sent for roll in rolls) <= asked
        assert heard <= len(told.answered)
        keys = [roll.at_s for roll in rolls]
        assert keys == sorted(set(keys)) or told.slept
        assert all(0 <= roll.observed_ms <= 1000 for roll in rolls)


@given(happenings)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_time_without_data_is_in_no_period_and_no_roll(
    story: list[tuple[str, str, float]],
) -> None:
    story = [one for one in story if one[0] != "clock"]
    told = Story().play(story)
    watched = told.watched
    for began_ms, ended_ms in told.slept:
        for period in watched.periods:
            assert period.ended_ms <= began_ms or period.began_ms >= ended_ms
    span_ms = watched.now() - int(1000 + watched.offset_ms)
    slept_ms = sum(ended - began for began, ended in told.slept)
    seen_ms = sum(roll.observed_ms for roll in watched.rolls if roll.wan == "fibre")
    assert seen_ms <= span_ms - slept_ms
    for name in ("fibre", "lte"):
        known = sum(p.ended_ms - p.began_ms for p in watched.periods if p.name == name)
        assert known <= span_ms - slept_ms


@given(happenings)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_probe_of_a_dark_time_is_in_a_roll(story: list[tuple[str, str, float]]) -> None:
    story = [one for one in story if one[0] not in ("clock", "sleep")]
    watched = Story().play(story).watched
    for period in watched.periods:
        if period.condition is Condition.AVAILABLE or period.name not in ("fibre", "lte"):
            continue
        first_s, last_s = -(-period.began_ms // 1000), period.ended_ms // 1000
        for roll in watched.rolls:
            if roll.wan == period.name and first_s <= roll.at_s < last_s:
                assert roll.sent == 0
