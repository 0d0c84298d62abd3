# SPDX-License-Identifier: GPL-3.0-or-later
"""An anchor: silence found early, and nothing lost by it."""

from __future__ import annotations

import random
from typing import Any

import pytest
from relais.core.anchor import BENCH_MS, INTERVAL_MS
from relais.core.config import parse_config
from relais.core.quality import Quality
from relais.core.report import state_document
from relais.core.ticking import TICK_MS, Pace
from relais.core.transitions import LinkState
from world import World, document

LIMIT_MS = 60.0
ANCHOR = {"name": "home", "address": "198.51.100.200", "probe": "anchor"}


def anchored(*, busy: bool = True, **wans: dict[str, Any]) -> World:
    """A world with an anchor whose fibre carries traffic, looked at every 10 ms."""
    text = document()
    text["targets"].append(ANCHOR)
    for wan in text["wans"]:
        wan.update(wans.get(wan["name"], {}))
    world = World(parse_config(text), tick_ms=10.0).start()
    if busy:
        world.busy = {"fibre"}
    return world.run(5)


def asked(world: World, wan: str, seconds: float = 1.0) -> int:
    """Questions to the anchor through a link in the next seconds."""
    before = len(world.probes)
    world.run(seconds)
    sent = [probe for _unused, probe in world.probes[before:]]
    return sum(probe.wan == wan and probe.target == "home" for probe in sent)


def test_a_link_at_work_is_asked_all_the_time_and_a_standby_never() -> None:
    world = anchored()
    assert asked(world, "fibre") >= 0.8 * 1000 / INTERVAL_MS
    assert asked(world, "lte", 20) <= 2  # its turn among the targets


def test_an_idle_link_is_asked_like_any_target() -> None:
    assert asked(anchored(busy=False), "fibre", 4) <= 4


def test_questions_stop_when_the_office_does() -> None:
    world = anchored()
    world.busy = set()
    world.run(5)
    assert asked(world, "fibre", 4) <= 4
    assert not world.state.links["fibre"].anchor.asking  # type: ignore[union-attr]


def test_a_dark_link_is_suspect_long_before_the_counters_alone_would_say_so() -> None:
    world = anchored()
    world.dark = {"fibre"}
    began = world.now_ms
    world.run(1)
    (suspect,) = [record for _unused, record in world.records if record.what == "fibre suspect"]
    assert suspect.at_ms is not None
    assert suspect.at_ms - began <= LIMIT_MS + 30
    assert "home silent to" in suspect.why
    assert world.uses("voice") == "lte"


def test_open_flows_are_given_up_no_sooner_than_without_an_anchor() -> None:
    world = anchored()
    world.dark = {"fibre"}
    began = world.now_ms
    world.run(0.45)
    assert not world.evictions
    world.run(0.3)
    assert world.evictions
    assert world.evictions[0][0] - began >= 450


def test_a_hiccup_diverts_at_most_and_evicts_nothing() -> None:
    world = anchored()
    for _unused in range(10):
        world.dark = {"fibre"}
        world.run(0.3)
        world.dark = set()
        world.run(19.7)
    assert not world.evictions
    assert world.uses("voice") == "fibre"
    assert world.state.links["fibre"].state is LinkState.UP


@pytest.mark.parametrize("busy", [True, False])
def test_a_dead_anchor_diverts_nothing_and_is_benched(busy: bool) -> None:
    world = anchored()
    # When the office falls silent at the same instant, nothing else is heard for a while.
    world.busy = {"fibre"} if busy else set()
    world.silent_targets = {("fibre", "home"), ("lte", "home")}
    before = len(world.steers)
    assert asked(world, "fibre", BENCH_MS / 1000 + 1.5) < 60
    assert asked(world, "fibre", 10) <= 12
    assert len(world.steers) == before
    assert not world.when("fibre lost")
    assert world.state.links["fibre"].quality is Quality.GOOD
    assert world.state.links["fibre"].window.loss_percent() == 0.0


def test_an_anchor_that_answers_again_is_asked_again() -> None:
    world = anchored()
    world.silent_targets = {("fibre", "home")}
    world.run(5)
    world.silent_targets = set()
    world.run(5)
    assert asked(world, "fibre") >= 15


def test_an_anchor_that_never_answered_accuses_nobody() -> None:
    text = document()
    text["targets"].append(ANCHOR)
    world = World(parse_config(text), tick_ms=10.0)
    world.silent_targets = {("fibre", "home"), ("lte", "home")}
    world.start()
    world.busy = {"fibre"}
    world.run(30)
    assert not world.when("fibre suspect")
    assert not world.when("fibre lost")


def test_good_answers_of_the_anchor_hide_no_loss() -> None:
    """Half of all other probes are lost; a window full of the anchor's answers would drown them."""
    world = anchored()
    lucky = random.Random(1)
    count = world.state.links["fibre"].window.count
    world.run(20)
    grown = world.state.links["fibre"].window.count - count
    assert grown <= 45  # one each 500 ms, as without an anchor
    world.losing = {"fibre": lambda: lucky.random() < 0.5}
    world.run(60)
    assert world.state.links["fibre"].quality is Quality.DEGRADED


def test_a_lossy_line_with_an_anchor_is_not_lost() -> None:
    world = anchored()
    lucky = random.Random(2)
    world.losing = {"fibre": lambda: lucky.random() < 0.04}
    world.run(120)
    assert not world.evictions
    assert not world.when("fibre lost")


def test_a_metered_link_at_work_is_asked_only_in_doubt_and_within_its_budget() -> None:
    world = anchored(busy=False, fibre={"metered": True, "probe_budget_mb": 5})
    world.busy = {"fibre"}
    assert asked(world, "fibre", 20) <= 2
    world.dark = {"fibre"}
    world.run(0.1)
    assert asked(world, "fibre", 0.25) >= 2


def test_the_anchor_is_shown_like_any_target() -> None:
    world = anchored()
    shown: Any = state_document(world.state, str)["wans"]
    entry = shown["fibre"]["targets"]["home"]
    assert entry == {"probe": "anchor", "answers": True, "missed": 0, "rtt_ms": 8.0}


def test_a_link_that_is_asked_is_looked_at_as_often() -> None:
    world = anchored()
    pace = Pace()
    assert pace.ticked(world.state, {}, world.now_ms) == world.now_ms + TICK_MS
