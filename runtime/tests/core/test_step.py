# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemon decides, told as short stories on a virtual clock."""

from __future__ import annotations

from collections import Counter

import pytest
from relais.core.config import parse_config
from relais.core.events import LinkObserved
from relais.core.model import Admin
from relais.core.transitions import LinkState
from world import World, document


def state_of(world: World, wan: str) -> LinkState:
    return world.state.links[wan].state


def test_a_healthy_start_changes_nothing_in_the_kernel() -> None:
    world = World().start().run(60)
    assert world.steers == []
    assert {state_of(world, wan) for wan in ("fibre", "lte")} == {LinkState.UP}


def test_a_silent_cut_under_traffic_moves_new_flows_then_evicts_old_ones() -> None:
    world = World().start()
    world.busy = {"fibre"}
    world.run(5)
    cut = world.now_ms
    world.dark = {"fibre"}
    world.run(3)
    assert world.uses("voice") == world.uses("default") == "lte"
    diverted = world.steers[0][0] - cut
    assert 200 <= diverted <= 500
    marks = [(evict.mark, evict.mask) for _unused, evict in world.evictions[:2]]
    assert marks == [(0x0101, 0xFFFF), (0x01FF, 0xFFFF)]
    voice, default = (at - cut for at, _unused in world.evictions[:2])
    assert 500 <= voice <= 600, "the patience of voice is 500 ms"
    assert 800 <= default <= 900, "the patience of default is 800 ms"
    assert world.dead == {0x0101, 0x01FF}


def test_an_idle_line_is_noticed_by_its_unanswered_probes() -> None:
    world = World().start().run(5)
    cut = world.now_ms
    world.dark = {"fibre"}
    world.run(3)
    assert world.uses("voice") == "lte"
    assert world.steers[0][0] - cut <= 1000


def bursts(world: World, since_ms: float) -> int:
    """How often every target was asked at once through fibre."""
    asked = Counter(at for at, probe in world.probes if probe.wan == "fibre" and at > since_ms)
    return sum(count > 1 for count in asked.values())


def test_an_idle_line_that_turns_slow_is_not_left() -> None:
    world = World(tick_ms=10, packet_bytes=80).start().run(20)
    slow_ms = world.now_ms
    world.rtt_ms["fibre"] = 158.0
    world.run(20)
    assert bursts(world, slow_ms) > 0
    assert world.when("fibre lost") == []
    assert world.steers[1:] == []


def test_a_probe_lost_just_before_a_short_gap_on_a_busy_line_is_no_cut() -> None:
    world = World(tick_ms=10)
    world.busy = {"fibre"}
    world.start().run(20)
    lost = [False, True]
    world.losing["fibre"] = lambda: len(lost) > 0 and lost.pop()
    while len(lost) == 2:
        world.run(0.01)
    lost.clear()
    world.run(0.05)
    world.dark = {"fibre"}  # for 100 ms, in which the burst goes unanswered
    gap_ms = world.now_ms
    world.run(0.1)
    world.dark = set()
    assert bursts(world, gap_ms) > 1
    world.run(10)
    assert world.when("fibre lost") == []
    assert world.steers[1:] == []


def test_a_lost_carrier_switches_in_the_same_step_and_evicts_once_the_backup_is_proved() -> None:
    world = World().start().run(5)
    cut = world.now_ms
    world.link("fibre", carrier=False)
    assert world.uses("voice") == "lte"
    assert world.steers[-1][0] == cut
    assert world.evictions == [], "the backup has not answered since the cut"
    world.run(0.2)
    assert len(world.evictions) == 2


def test_a_hiccup_of_300_ms_evicts_nothing() -> None:
    world = World().start()
    world.busy = {"fibre"}
    world.run(5)
    for _unused in range(5):
        world.dark = {"fibre"}
        world.run(0.3)
        world.dark = set()
        world.run(20)
    assert world.evictions == []
    assert world.uses("voice") == "fibre"


def test_one_dead_target_never_moves_traffic() -> None:
    world = World().start()
    world.silent_targets = {("fibre", "b")}
    world.run(600)
    assert world.steers == []
    assert state_of(world, "fibre") is LinkState.UP


def test_a_line_that_answers_again_is_not_trusted_before_the_failback_time() -> None:
    world = World().start()
    world.dark = {"fibre"}
    world.run(5)
    world.dark = set()
    back = world.now_ms
    world.run(9)
    assert state_of(world, "fibre") is LinkState.RECOVERING
    assert world.uses("voice") == "lte"
    evicted = len(world.evictions)
    world.run(5)
    assert world.uses("voice") == "fibre"
    assert 10_000 <= world.when("fibre up")[-1] - back <= 12_500
    assert len(world.evictions) == evicted, "failback evicts nothing"
    assert world.dead == frozenset()


def test_a_relapse_during_recovery_starts_the_wait_anew() -> None:
    world = World().start()
    world.dark = {"fibre"}
    world.run(5)
    world.dark = set()
    world.run(6)
    world.dark = {"fibre"}
    world.run(5)
    assert state_of(world, "fibre") is LinkState.DOWN
    world.dark = set()
    world.run(8)
    assert world.uses("voice") == "lte"


def test_with_every_line_dark_the_choice_stays_and_nothing_is_evicted() -> None:
    world = World().start()
    world.dark = {"fibre", "lte"}
    world.run(10)
    assert world.evictions == []
    assert all(len(members) == 1 for members in world.kernel.values())


def test_nothing_is_evicted_towards_a_backup_that_does_not_answer() -> None:
    world = World().start()
    world.dark.add("lte")
    world.link("fibre", carrier=False)
    world.run(5)
    assert world.evictions == []


def test_a_drained_line_takes_no_new_flows_and_loses_no_old_one() -> None:
    world = World().start()
    world.admin("fibre", Admin.DRAIN)
    assert world.uses("voice") == "lte"
    world.run(5)
    assert world.evictions == []
    world.admin("fibre", Admin.AUTO)
    assert world.uses("voice") == "fibre"


def test_a_drained_line_is_used_again_when_nothing_else_works() -> None:
    world = World().start()
    world.admin("fibre", Admin.DRAIN)
    world.link("lte", carrier=False)
    assert world.uses("voice") == "fibre"


def test_forcing_one_line_releases_another() -> None:
    world = World().start()
    world.admin("lte", Admin.FORCE)
    assert world.uses("voice") == "lte"
    world.admin("fibre", Admin.FORCE)
    assert world.uses("voice") == "fibre"
    assert world.state.links["lte"].admin is Admin.AUTO


def test_a_refused_switch_is_asked_again_and_nothing_is_evicted_meanwhile() -> None:
    world = World().start()
    world.refuse_switch = True
    world.link("fibre", carrier=False)
    world.run(1)
    assert world.uses("voice") == "fibre"
    assert world.evictions == []
    told = [record for _unused, record in world.records if record.what == "switch failed"]
    assert len(told) == 1, "the same refusal is told once"
    world.refuse_switch = False
    world.run(1)
    assert world.uses("voice") == "lte"
    assert len(world.evictions) == 2


def test_manual_failback_waits_for_a_word_of_the_administrator() -> None:
    services = document()["services"]
    services[0]["failback"] = "manual"
    world = World(parse_config(document(services=services))).start()
    world.dark = {"fibre"}
    world.run(3)
    world.dark = set()
    world.run(30)
    assert (world.uses("voice"), world.uses("default")) == ("lte", "fibre")
    world.admin("fibre", Admin.AUTO)
    assert world.uses("voice") == "fibre"


def test_the_most_stable_line_wins_and_a_tie_goes_by_order() -> None:
    services = document()["services"]
    services[0]["mode"] = "most_stable"
    world = World(parse_config(document(services=services))).start()
    assert world.uses("voice") == "fibre"
    world.dark = {"fibre"}
    world.run(3)
    world.dark = set()
    world.run(60)
    assert (world.uses("voice"), world.uses("default")) == ("lte", "fibre")
    world.run(1200)
    assert world.uses("voice") == "fibre", "the fault is forgiven"


def test_a_balanced_service_is_spread_and_falls_on_the_survivor() -> None:
    services = document()["services"]
    services[0].update(
        mode="balance", members=[{"wan": "fibre", "weight": 80}, {"wan": "lte", "weight": 20}]
    )
    world = World(parse_config(document(services=services)))
    world.kernel["voice"] = world.config.services[0].members
    world.start()
    assert world.uses("voice") == "fibre+lte"
    world.link("fibre", carrier=False)
    assert world.uses("voice") == "lte"


def test_a_metered_standby_is_probed_sparingly_and_the_line_in_use_is_not() -> None:
    world = World().start()
    world.probes.clear()
    world.run(60)
    sent = [probe.wan for _unused, probe in world.probes]
    assert sent.count("lte") <= 8
    assert sent.count("fibre") >= 110


def test_every_change_of_choice_says_why_and_keeps_its_inputs() -> None:
    world = World().start()
    world.link("fibre", carrier=False)
    record = next(r for _unused, r in world.records if r.kind == "choice" and r.service == "voice")
    assert record.what == "voice: fibre to lte"
    assert "no carrier" in record.why
    assert record.inputs["fibre"]["state"] == "down"  # type: ignore[index]


@pytest.mark.parametrize(
    ("address", "gateway", "told"),
    [
        ("203.0.113.150/26", "203.0.113.131", "lte has the address 203.0.113.150/26"),
        ("203.0.113.2/30", "203.0.113.131", "lte has the next hop 203.0.113.131"),
    ],
)
def test_a_new_lease_is_told_asked_at_once_and_moves_nothing(
    address: str, gateway: str, told: str
) -> None:
    world = World().start().run(5)
    world.probes.clear()
    world.feed(LinkObserved(world.now_ms, "lte", True, address, gateway))
    assert [probe.wan for _unused, probe in world.probes] == ["lte"]
    assert any(record.what.startswith(told) for _unused, record in world.records)
    assert world.steers == world.evictions == []
    assert state_of(world, "lte") is LinkState.UP


def test_a_new_lease_in_the_middle_of_a_suspicion_is_asked_whole_before_it_is_judged() -> None:
    world = World().start().run(5)
    world.busy.add("fibre")
    world.dark.add("fibre")
    while state_of(world, "fibre") is LinkState.UP:
        world.run(0.01)
    assert state_of(world, "fibre") is LinkState.SUSPECT
    targets = ("a", "b", "c")
    silent = targets[world.state.links["fibre"].next_target % 3]
    world.silent_targets.add(("fibre", silent))
    world.in_flight.clear()
    world.link("fibre")
    world.feed(LinkObserved(world.now_ms, "fibre", True, "203.0.113.6/30", "203.0.113.5"))
    world.run(0.5)
    assert state_of(world, "fibre") is LinkState.UP
    assert world.when("fibre lost") == [] and world.steers == []


def test_an_interface_that_disappears_is_named_after_its_carrier() -> None:
    world = World().start().run(5)
    world.link("fibre", carrier=False)
    world.feed(LinkObserved(world.now_ms, "fibre", False, None, None, present=False))
    assert world.state.links["fibre"].reason == "no interface"
    assert any(record.what == "fibre has no interface" for _unused, record in world.records)


@pytest.mark.parametrize("seed", range(5))
def test_the_same_events_give_the_same_decisions(seed: int) -> None:
    worlds = []
    for _unused in range(2):
        world = World().start()
        world.rtt_ms["fibre"] += seed
        world.dark = {"fibre"}
        world.run(2)
        world.dark = set()
        world.run(20)
        worlds.append(world)
    assert worlds[0].records == worlds[1].records
    assert worlds[0].state == worlds[1].state
