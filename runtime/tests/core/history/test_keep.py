# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of links and services, told by a scripted world whose truth is known."""

from __future__ import annotations

from core.history.watched import Watched, outages, overlaps
from relais.core.config import parse_config
from relais.core.history.buckets import bucket
from relais.core.history.model import Condition, Subject
from relais.core.link import LinkState
from relais.core.model import Admin
from world import document

AVAILABLE, MICRO, UNAVAILABLE = Condition
WAN, SERVICE = Subject


def started() -> Watched:
    watched = Watched()
    watched.world.start().run(20)
    return watched


def cut(watched: Watched, wan: str, seconds: float) -> tuple[int, int]:
    """Darken a link for some time; when that was."""
    began_ms = watched.now()
    watched.world.dark.add(wan)
    watched.world.run(seconds)
    watched.world.dark.discard(wan)
    ended_ms = watched.now()
    watched.world.run(20)
    return began_ms, ended_ms


def test_a_quiet_time_is_available_throughout_and_loses_nothing() -> None:
    watched = started().end()
    assert watched.told(WAN, "fibre") == [(AVAILABLE, "fibre", False)]
    assert watched.told(SERVICE, "voice") == [(AVAILABLE, "fibre", False)]
    rolls = [roll for roll in watched.rolls if roll.wan == "fibre"]
    assert [roll.at_s for roll in rolls] == list(range(rolls[0].at_s, rolls[0].at_s + len(rolls)))
    assert sum(roll.lost for roll in rolls) == 0
    assert sum(roll.sent for roll in rolls) > 30
    assert {number for roll in rolls for number in roll.rtt_buckets} == {bucket(8000)}
    assert sum(roll.rtt_sum_us for roll in rolls) == 8000 * sum(roll.sent for roll in rolls)
    assert {roll.rtt_least_us for roll in rolls if roll.sent} == {8000}


def test_an_outage_is_unavailability_from_the_last_answer_to_the_first_and_no_loss() -> None:
    watched = started()
    began_ms, ended_ms = cut(watched, "fibre", 30)
    watched.end()
    assert watched.told(WAN, "fibre") == [
        (AVAILABLE, "fibre", False),
        (UNAVAILABLE, "fibre", False),
        (AVAILABLE, "fibre", False),
    ]
    (outage,) = outages(watched.of(WAN, "fibre"))
    assert outage.state == "lost"
    assert began_ms <= outage.began_ms <= began_ms + 600
    assert ended_ms <= outage.ended_ms <= ended_ms + 1100
    assert sum(roll.lost for roll in watched.rolls) == 0


def test_a_service_is_interrupted_until_its_new_flows_take_a_living_link() -> None:
    watched = started()
    cut(watched, "fibre", 30)
    watched.end()
    before, outage, during, after = watched.of(SERVICE, "voice")
    (link,) = outages(watched.of(WAN, "fibre"))
    assert [(p.condition, p.wan) for p in (before, outage, during, after)] == [
        (AVAILABLE, "fibre"),
        (UNAVAILABLE, "fibre"),
        (AVAILABLE, "lte"),
        (AVAILABLE, "fibre"),
    ]
    switched = [
        at for at, _unused in watched.world.steers if at + watched.offset_ms > link.began_ms
    ]
    assert outage.began_ms == link.began_ms
    assert outage.ended_ms == int(switched[0] + watched.offset_ms)
    assert [outage.ended_ms, during.ended_ms] == [during.began_ms, after.began_ms]


def test_a_link_that_is_back_before_it_was_given_up_has_a_micro_outage() -> None:
    watched = started()
    world = watched.world
    world.dark.add("fibre")
    while world.state.links["fibre"].state is not LinkState.LOST:
        world.run(0.05)
    world.dark.discard("fibre")
    world.run(20)
    watched.end()
    assert [p.condition for p in watched.of(WAN, "fibre")] == [AVAILABLE, MICRO, AVAILABLE]
    assert sum(roll.lost for roll in watched.rolls) == 0


def test_a_service_that_has_nowhere_to_go_shares_its_link_s_fate() -> None:
    whole = document()
    whole["services"][0]["members"] = [{"wan": "fibre"}]
    watched = Watched(parse_config(whole))
    world = watched.world.start().run(20)
    world.dark.add("fibre")
    while world.state.links["fibre"].state is not LinkState.LOST:
        world.run(0.05)
    world.dark.discard("fibre")
    world.run(20)
    cut(watched, "fibre", 60)
    watched.end()
    assert [(p.condition, p.wan) for p in outages(watched.of(SERVICE, "voice"))] == [
        (MICRO, "fibre"),
        (UNAVAILABLE, "fibre"),
    ]
    spans = [(p.began_ms, p.ended_ms) for p in outages(watched.of(SERVICE, "voice"))]
    assert spans == [(p.began_ms, p.ended_ms) for p in outages(watched.of(WAN, "fibre"))]


def test_a_service_is_dark_until_a_living_link_is_found_when_all_fail_at_once() -> None:
    watched = started()
    watched.world.dark.add("lte")
    began_ms, ended_ms = cut(watched, "fibre", 60)
    watched.world.dark.discard("lte")
    watched.world.run(120)
    watched.end()
    dark = sum(p.ended_ms - p.began_ms for p in outages(watched.of(SERVICE, "voice")))
    assert not overlaps(watched.periods)
    assert dark <= ended_ms - began_ms + 2000
    assert dark > 0


def test_a_switch_that_the_kernel_refuses_ends_no_outage() -> None:
    watched = started()
    world = watched.world
    world.refuse_switch = True
    world.dark.add("fibre")
    world.run(10)
    world.refuse_switch = False
    world.run(5)
    watched.end()
    (outage,) = outages(watched.of(SERVICE, "voice"))
    assert outage.ended_ms - outage.began_ms > 9000


def test_a_lost_carrier_is_dated_to_the_instant_and_a_relapse_to_the_last_answer() -> None:
    watched = started()
    world = watched.world
    began_ms = watched.now()
    world.link("fibre", carrier=False)
    world.run(5)
    world.link("fibre")
    while world.state.links["fibre"].state is not LinkState.RECOVERING:
        world.run(0.05)
    world.run(2)
    relapse_ms = watched.now()
    world.dark.add("fibre")
    world.run(10)
    watched.end()
    first, second = outages(watched.of(WAN, "fibre"))
    assert (first.began_ms, first.state) == (began_ms, "down")
    assert relapse_ms - 600 <= second.began_ms <= relapse_ms + 50


def test_what_a_drill_breaks_is_excused_and_what_outlasts_it_is_not() -> None:
    watched = started()
    world = watched.world
    world.excuse("fibre", 20)
    until_ms = watched.now() + 20_000
    cut(watched, "fibre", 40)
    watched.end()
    drill, failure = outages(watched.of(WAN, "fibre"))
    assert (drill.excused, failure.excused) == (True, False)
    assert drill.ended_ms == failure.began_ms == until_ms
    assert outages(watched.of(SERVICE, "voice"))[0].excused


def test_a_failure_of_another_link_during_a_drill_counts() -> None:
    watched = started()
    world = watched.world
    world.excuse("fibre", 60)
    cut(watched, "lte", 100)
    watched.end()
    assert [p.excused for p in outages(watched.of(WAN, "lte"))] == [False]


def test_planned_work_excuses_what_comes_after_it_and_not_what_came_before() -> None:
    watched = started()
    world = watched.world
    world.dark.add("fibre")
    world.run(5)
    world.admin("fibre", Admin.DRAIN)
    world.run(5)
    world.dark.discard("fibre")
    world.run(20)
    world.dark.add("fibre")
    world.run(5)
    world.admin("fibre", Admin.AUTO)
    world.run(5)
    watched.end()
    failure, work, afterwards = outages(watched.of(WAN, "fibre"))
    assert (failure.excused, work.excused, afterwards.excused) == (False, True, False)
    assert work.ended_ms == afterwards.began_ms


def test_an_outage_that_outlasts_a_restart_stays_what_it_was() -> None:
    before = started()
    before.world.dark.add("fibre")
    before.world.run(5)
    before.end()
    after = Watched(known=(before.of(WAN, "fibre")[-1],))
    world = after.world
    world.state, world.now_ms = before.world.state, before.world.now_ms + 3000
    world.dark.add("fibre")
    world.admin("fibre", Admin.DRAIN)
    world.run(2)
    after.end()
    (outage,) = after.of(WAN, "fibre")
    assert (outage.condition, outage.excused) == (UNAVAILABLE, False)
    assert outage.began_ms >= before.periods[-1].ended_ms + 3000


def test_a_time_in_which_nobody_looked_is_no_data() -> None:
    watched = started()
    world = watched.world
    stopped_ms = watched.now()
    world.in_flight.clear()
    world.now_ms += 60_000
    resumed_ms = watched.now()
    world.run(20)
    watched.end()
    assert not overlaps(watched.periods)
    for period in watched.periods:
        assert period.ended_ms <= stopped_ms or period.began_ms >= resumed_ms
    assert not [r for r in watched.rolls if stopped_ms // 1000 < r.at_s < resumed_ms // 1000]
    watching = sum(roll.observed_ms for roll in watched.rolls if roll.wan == "fibre")
    began_ms = watched.of(WAN, "fibre")[0].began_ms
    assert (
        watched.now() - began_ms - 60_000 - 50 <= watching <= watched.now() - began_ms - 60_000 + 50
    )


def test_random_loss_is_lost_and_a_late_answer_is_not() -> None:
    watched = started()
    world = watched.world
    count = iter(range(10**6))
    lost_before = len(world.probes)
    world.losing["fibre"] = lambda: next(count) % 10 == 0
    world.run(60)
    del world.losing["fibre"]
    world.rtt_ms["fibre"] = 3000.0
    world.run(5)
    world.rtt_ms["fibre"] = 8.0
    world.run(30)
    watched.end()
    assert len(world.probes) > lost_before
    sent = sum(roll.sent for roll in watched.rolls if roll.wan == "fibre")
    lost = sum(roll.lost for roll in watched.rolls if roll.wan == "fibre")
    heard = sum(sum(r.rtt_buckets.values()) for r in watched.rolls if r.wan == "fibre")
    assert sent == lost + heard
    assert lost > 0
    late = sum(r.rtt_buckets.get(bucket(3_000_000), 0) for r in watched.rolls)
    assert late > 0


def test_a_target_that_nobody_listens_to_is_no_loss_of_the_line() -> None:
    watched = started()
    world = watched.world
    world.silent_targets = {("fibre", "a"), ("lte", "a")}
    world.run(600)
    watched.end()
    lost = sum(roll.lost for roll in watched.rolls if roll.wan == "fibre")
    assert lost < 5
    assert sum(roll.sent for roll in watched.rolls if roll.wan == "fibre") > 600


def test_bytes_are_those_of_the_counters() -> None:
    watched = started()
    world = watched.world
    world.stream_mbit["fibre"] = 8.0
    world.run(10)
    del world.stream_mbit["fibre"]
    world.run(20)
    watched.end()
    sent = sum(roll.tx_bytes for roll in watched.rolls if roll.wan == "fibre")
    traffic = world.state.links["fibre"].traffic
    assert traffic is not None
    assert 10_000_000 <= sent <= traffic.tx_bytes


def test_a_clock_that_is_set_ends_one_time_and_begins_another() -> None:
    watched = started()
    world = watched.world
    at_ms = watched.now()
    watched.keeper.clock(watched.offset_ms + 3_600_000, world.state)
    world.run(20)
    watched.end()
    first, second = watched.of(WAN, "fibre")
    assert first.ended_ms == at_ms
    assert at_ms + 3_600_000 <= second.began_ms <= at_ms + 3_600_100


def test_a_clock_that_is_slewed_leaves_no_gap() -> None:
    watched = started()
    world = watched.world
    watched.keeper.clock(watched.offset_ms + 40, world.state)
    world.run(20)
    watched.keeper.clock(watched.offset_ms - 40, world.state)
    world.run(20)
    watched.end()
    assert len(watched.of(WAN, "fibre")) == 1
    assert all(roll.observed_ms <= 1000 for roll in watched.rolls)


def test_what_is_open_is_told_as_it_is_so_far() -> None:
    watched = started()
    kept = watched.keeper.collect(watched.world.state)
    assert not kept.periods
    assert {(p.subject, p.name) for p in kept.open} == {
        (WAN, "fibre"),
        (WAN, "lte"),
        (SERVICE, "voice"),
        (SERVICE, "default"),
    }
    assert {p.ended_ms for p in kept.open} == {watched.now() - 10_000}
    assert kept.told_s == kept.rolls[-1].at_s + 1
