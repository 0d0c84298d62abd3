# SPDX-License-Identifier: GPL-3.0-or-later
"""Stragglers are swept, an outage is not counted as loss, and large values are copied safely."""

from __future__ import annotations

import pytest
from relais.core.config import parse_config
from relais.core.evolve import evolve
from relais.core.window import Window
from world import World, document


def test_evicted_marks_are_swept_again_after_two_and_ten_seconds() -> None:
    world = World().start()
    cut = world.now_ms
    world.link("fibre", carrier=False)
    world.run(15)
    times = [round((at - cut) / 1000) for at, evict in world.evictions if evict.mark == 0x0101]
    assert times == [0, 2, 10]


def test_a_line_that_came_back_is_not_swept() -> None:
    world = World().start()
    world.link("fibre", carrier=False)
    world.run(1)
    world.link("fibre")
    world.run(20)
    assert len([evict for _unused, evict in world.evictions if evict.mark == 0x0101]) == 1


def test_an_outage_is_not_loss_and_breaks_no_service_level() -> None:
    services = document()["services"]
    services[0]["sla"] = {"loss_percent": 1}
    world = World(parse_config(document(services=services))).start().run(60)
    world.dark = {"fibre"}
    world.run(10)
    world.dark = set()
    world.run(40)
    link = world.state.links["fibre"]
    assert (link.window.loss_percent() or 0.0) < 2.0
    assert link.sla_broken == {}
    assert world.uses("voice") == "fibre"


def test_a_late_answer_takes_its_loss_back() -> None:
    window = Window().sent(1, "a", 0.0).sent(2, "a", 500.0)
    window, missed = window.overdue(2000.0)
    assert [sample.probe for sample in missed] == [1, 2]
    assert window.loss_percent() == 100.0
    window, _unused = window.answered(1, 1800.0)
    assert window.loss_percent() == 50.0


def test_loss_is_counted_over_the_newest_probes_only() -> None:
    window = Window()
    for probe in range(100):
        window = window.sent(probe, "a", probe * 1000.0)
        if probe >= 50:
            window, _unused = window.answered(probe, 5.0)
        window, _unused = window.overdue(probe * 1000.0 + 900)
    assert window.loss_percent() == 50.0
    assert window.loss_percent(50) == 0.0


def test_a_copy_with_an_unknown_field_is_refused() -> None:
    with pytest.raises(TypeError, match="has no field speed"):
        evolve(Window(), speed=3)


def test_a_choked_line_on_which_packets_still_arrive_is_not_taken_for_a_dark_one() -> None:
    world = World().start().run(20)
    world.busy = {"fibre"}
    world.rtt_ms["fibre"] = 700
    world.run(0.9)
    assert world.steers == []


def test_a_suspicion_that_is_answered_at_once_costs_the_metered_backup_nothing() -> None:
    world = World().start().run(20)
    world.probes.clear()
    for _unused in range(20):
        world.silent_targets = {("fibre", "a")}
        world.run(1.3)
        world.silent_targets = set()
        world.run(5)
    assert world.steers == [], "one target that comes and goes is no brownout"
    assert sum(probe.wan == "lte" for _unused, probe in world.probes) <= 8


def test_an_outage_that_other_packets_disprove_evicts_nothing() -> None:
    world = World().start().run(20)
    world.busy = {"fibre"}
    world.losing = {"fibre": lambda: True}
    world.run(1.0)
    world.losing = {}
    world.run(10)
    assert world.evictions == []
    assert world.uses("voice") == "fibre"
