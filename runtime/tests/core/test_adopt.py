# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon that starts finds the kernel at work, and what its predecessor has left."""

from __future__ import annotations

from dataclasses import replace

import pytest
from relais.core.adopt import leave
from relais.core.config import parse_config
from relais.core.events import AdminRequested, Adopted
from relais.core.handover import Handover
from relais.core.model import Admin, Config, Member
from relais.core.quality import Quality
from relais.core.state import initial
from relais.core.transitions import LinkState
from world import World, document

GAP_S = 1.0


def state_of(world: World, wan: str) -> LinkState:
    return world.state.links[wan].state


def restart(
    world: World,
    *,
    gap_s: float = GAP_S,
    left: Handover | None = None,
    config: Config | None = None,
) -> World:
    """Another daemon takes over after a while; what happened before is no longer listed."""
    left = leave(world.state) if left is None else left
    return _start(world, gap_s, left, config or world.config)


def restart_with_nothing(world: World) -> World:
    """Another daemon starts that finds the kernel alone."""
    return _start(world, GAP_S, None, world.config)


def _start(world: World, gap_s: float, left: Handover | None, config: Config) -> World:
    plugged = [name for name, link in world.state.links.items() if link.carrier]
    dark = set(world.dark)
    world.now_ms += gap_s * 1000
    world.state = initial(config, world.now_ms)
    for past in (world.in_flight, world.steers, world.evictions, world.moves, world.records):
        past.clear()
    world.feed(Adopted(world.now_ms, dict(world.kernel), world.dead, left))
    for name in plugged:
        world.link(name)
    world.dark = dark
    return world


def outage(world: World) -> World:
    """The preferred line is silent, given up, and its flows are evicted and swept."""
    world.dark = {"fibre"}
    world.run(15)
    assert state_of(world, "fibre") is LinkState.DOWN
    assert world.dead
    return world


def test_a_restart_is_noticed_by_nobody() -> None:
    world = restart(World().start().run(60))
    assert {state_of(world, wan) for wan in ("fibre", "lte")} == {LinkState.UP}
    world.run(60)
    assert (world.steers, world.evictions, world.records) == ([], [], [])


def test_a_balanced_service_stays_spread() -> None:
    services = document()["services"]
    services[0].update(
        mode="balance", members=[{"wan": "fibre", "weight": 80}, {"wan": "lte", "weight": 20}]
    )
    world = World(parse_config(document(services=services)))
    world.kernel["voice"] = world.config.services[0].members
    restart(world.start()).run(10)
    assert (world.uses("voice"), world.steers) == ("fibre+lte", [])


@pytest.mark.parametrize("start", [restart, restart_with_nothing])
def test_an_outage_is_taken_over_without_touching_a_flow(start: object) -> None:
    world = outage(World().start())
    dead = world.dead
    assert callable(start)
    start(world)
    world.run(30)
    assert (world.steers, world.evictions, world.dead) == ([], [], dead)
    assert state_of(world, "fibre") is LinkState.DOWN
    world.dark = set()
    world.run(2)
    assert state_of(world, "fibre") is LinkState.RECOVERING
    assert world.uses("voice") == "lte"
    world.run(10)
    assert (world.uses("voice"), world.dead) == ("fibre", frozenset())


def test_a_line_that_dies_while_nobody_watches_is_left_on_own_evidence() -> None:
    world = World().start().run(10)
    world.dark = {"fibre"}
    restart(world)
    assert world.steers == []
    world.run(3)
    assert world.uses("voice") == "lte"
    assert world.evictions


def test_a_line_that_was_lost_is_not_given_up_for_the_time_nobody_watched() -> None:
    world = World().start()
    world.busy = {"fibre"}
    world.run(2)
    world.dark = {"fibre"}
    while state_of(world, "fibre") is not LinkState.LOST:
        world.run(0.05)
    world.dark = set()
    restart(world)
    world.run(5)
    assert world.evictions == []
    assert state_of(world, "fibre") is LinkState.UP


def test_a_lost_carrier_is_acted_upon_at_once() -> None:
    world = restart(World().start().run(10))
    world.link("fibre", carrier=False)
    assert world.uses("voice") == "lte"


@pytest.mark.parametrize("mode", [Admin.DRAIN, Admin.FORCE])
def test_what_the_administrator_asked_holds_and_ends_when_it_should(mode: Admin) -> None:
    world = World().start().run(1)
    wan, kept = ("fibre", "lte") if mode is Admin.DRAIN else ("lte", "lte")
    world.feed(AdminRequested(world.now_ms, wan, mode, world.now_ms + 60_000))
    assert world.uses("voice") == kept
    restart(world).run(50)
    assert (world.uses("voice"), world.steers) == (kept, [])
    world.run(15)
    assert world.uses("voice") == "fibre"


def test_a_flapping_line_stays_suppressed() -> None:
    world = World().start()
    for _unused in range(4):
        world.dark = {"fibre"}
        world.run(3)
        world.dark = set()
        world.run(12)
    before = world.state.links["fibre"].penalty
    assert before.suppressed
    restart(world)
    assert world.state.links["fibre"].penalty == before
    world.run(30)
    assert (world.uses("voice"), world.steers) == ("lte", [])


@pytest.mark.parametrize("gap_s", [0.5, 40.0])
def test_the_time_of_a_failback_goes_on_but_not_while_nobody_watches(gap_s: float) -> None:
    world = outage(World().start())
    world.dark = set()
    while state_of(world, "fibre") is not LinkState.RECOVERING:
        world.run(0.05)
    world.run(6)
    restart(world, gap_s=gap_s)
    world.run(3)
    assert world.uses("voice") == "lte"
    world.run(2)
    assert world.uses("voice") == "fibre"


def test_a_bad_line_is_still_bad() -> None:
    world = World().start()
    count = iter(range(10**9))
    world.losing["fibre"] = lambda: next(count) % 2 == 0
    world.run(60)
    assert world.state.links["fibre"].quality is Quality.DEGRADED
    restart(world)
    assert world.state.links["fibre"].quality is Quality.DEGRADED
    world.run(10)
    assert (world.uses("voice"), world.steers) == ("lte", [])


def test_a_wait_for_calls_to_end_goes_on() -> None:
    services = document()["services"]
    services[0]["failback"] = "between_calls"
    world = outage(World(parse_config(document(services=services))).start())
    world.dark = set()
    world.run(13)
    world.talk_pps["voice"] = 50.0
    world.run(10)
    assert world.state.choices["voice"].rule == "between_calls"
    began = world.state.waits["voice"].since_ms
    world.talk_pps.clear()
    restart(world).run(1)
    assert world.state.waits["voice"].since_ms == began
    assert world.uses("voice") == "lte"
    world.run(26)
    assert world.uses("voice") == "lte"
    world.run(6)
    assert world.uses("voice") == "fibre"


def test_another_interface_is_another_line_but_a_wish_goes_with_the_name() -> None:
    world = outage(World().start())
    left = leave(world.state)
    fibre = replace(left.links["fibre"], interface="wan9", admin=Admin.DRAIN)
    world.dead = frozenset()
    restart(world, left=replace(left, links={**left.links, "fibre": fibre}))
    assert state_of(world, "fibre") is LinkState.UNKNOWN
    assert world.state.links["fibre"].admin is Admin.DRAIN


def test_a_service_and_a_line_that_are_gone_are_passed_over() -> None:
    world = outage(World().start())
    plain = document()
    lone = parse_config(document(services=plain["services"][1:]))
    world.kernel = {"default": (Member("lte"),), "voice": (Member("lte"),)}
    restart(world, config=lone).run(5)
    assert world.uses("default") == "lte"
    assert world.evictions == []


def test_a_restart_on_the_backup_keeps_the_choice_until_the_line_has_earned_it() -> None:
    world = World()
    world.kernel = {name: (Member("lte"),) for name in world.kernel}
    world.start()
    world.run(5)
    assert world.uses("voice") == "lte"
    assert world.steers == []
    world.run(8)
    assert world.uses("voice") == "fibre"


def test_an_old_penalty_is_taken_up_on_a_machine_that_has_run_for_months() -> None:
    whole = document()
    whole["services"][0]["mode"] = "most_stable"
    world = World(config=parse_config(whole), now_ms=1e10).start()
    outage(world).dark = set()
    world.run(120)
    assert world.state.links["fibre"].penalty.value
    restart(world).run(30)
    assert world.uses(world.config.services[0].name) == "lte"
    assert "fibre" in world.state.choices[world.config.services[0].name].reason
