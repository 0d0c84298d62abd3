# SPDX-License-Identifier: GPL-3.0-or-later
"""Two IP versions on one link: one verdict, and a word when one of them is dead."""

from __future__ import annotations

from typing import Any

import pytest
from relais.core.config import parse_config
from relais.core.model import Admin
from relais.core.quality import Quality
from relais.core.report import state_document
from world import World, document

V4, V6 = ("a", "b", "c"), ("six-a", "six-b")


def dual(*, lte: bool = True, **changes: Any) -> World:
    """The office with IPv6 on the fibre, and on the mobile line or not."""
    made = document(**changes)
    made["targets"] += [
        {"name": "six-a", "address": "2001:db8:a::10", "probe": "dns"},
        {"name": "six-b", "address": "2001:db8:b::10", "probe": "icmp"},
    ]
    made["wans"][0]["ipv6"] = True
    made["wans"][1]["ipv6"] = lte
    return World(parse_config(made)).start()


def silence(world: World, wan: str, targets: tuple[str, ...]) -> None:
    world.silent_targets |= {(wan, target) for target in targets}


@pytest.mark.parametrize(("targets", "version"), [(V6, "IPv6"), (V4, "IPv4")])
def test_a_line_where_one_ip_version_is_dead_is_left_and_the_reason_is_told(
    targets: tuple[str, ...], version: str
) -> None:
    world = dual().run(60)
    silence(world, "fibre", targets)
    world.run(90)
    link = world.state.links["fibre"]
    assert link.quality is Quality.PARTIAL
    assert link.quality_reason == f"no {version} target answers here, all answer elsewhere"
    assert world.uses("default") == "lte"
    assert world.evictions == []


def test_a_line_without_ipv6_is_never_asked_for_it_nor_judged_by_it() -> None:
    world = dual(lte=False).run(600)
    assert {probe.target for _at, probe in world.probes if probe.wan == "lte"} == set(V4)
    document = state_document(world.state, str)["wans"]
    assert isinstance(document, dict)
    assert set(document["lte"]["targets"]) == set(V4)
    assert set(document["fibre"]["targets"]) == {*V4, *V6}
    assert world.steers == []


def test_ipv6_that_is_dead_everywhere_moves_nothing() -> None:
    world = dual().run(60)
    for wan in ("fibre", "lte"):
        silence(world, wan, V6)
    world.run(600)
    assert world.steers == []


def test_ipv6_dead_where_the_other_line_has_none_moves_nothing() -> None:
    world = dual(lte=False).run(60)
    silence(world, "fibre", V6)
    before = asked(world, "lte", V4)
    world.run(600)
    assert world.steers == []
    assert asked(world, "lte", V4) - before == 20, "nor is the other line asked more often for it"


def test_a_daemon_that_has_just_begun_asks_the_standby_whether_ipv6_works_there() -> None:
    world = dual().run(2)
    silence(world, "fibre", V6)
    world.run(45)
    assert world.state.links["fibre"].quality is Quality.PARTIAL
    assert world.uses("default") == "lte"


def test_a_standby_on_which_ipv6_is_dead_too_is_asked_five_times_and_no_more() -> None:
    world = dual().run(2)
    for wan in ("fibre", "lte"):
        silence(world, wan, V6)
    world.run(45)
    assert asked(world, "lte", V6) == 2 * 5
    world.run(10)
    assert asked(world, "lte", V6) == 2 * 5
    assert world.steers == []


def test_a_standby_is_well_again_soon_after_ipv6_is_back_though_it_is_asked_seldom() -> None:
    world = dual().run(60)
    silence(world, "lte", V6)
    world.admin("lte", Admin.FORCE)
    world.run(60)
    assert world.state.links["lte"].quality is Quality.PARTIAL
    world.silent_targets.clear()
    world.admin("lte", Admin.AUTO)
    back_ms = world.now_ms
    world.run(600)
    (well_ms,) = world.when("lte is good")
    assert well_ms < back_ms + 5 * 30_000 + 11_000, "once round all targets, and the failback time"


def asked(world: World, wan: str, targets: tuple[str, ...]) -> int:
    return sum(probe.wan == wan and probe.target in targets for _at, probe in world.probes)


@pytest.mark.parametrize("dark_s", range(20, 25))
def test_a_line_that_comes_back_from_an_outage_is_not_taken_for_one_without_ipv6(
    dark_s: int,
) -> None:
    world = dual().run(60)
    world.dark.add("fibre")
    world.run(dark_s)
    world.dark.discard("fibre")
    world.run(60)
    assert world.when("fibre recovering")
    assert world.when("fibre is partial") == []
    assert world.uses("default") == "fibre"
