# SPDX-License-Identifier: GPL-3.0-or-later
"""How a service returns to a better WAN: at once, with new flows, between calls, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from relais.core.calls import CALL_PPS, LONGEST_MS, QUIET_MS
from relais.core.config import parse_config
from relais.core.evolve import evolve
from relais.core.model import Admin
from relais.core.report import why_document
from world import World, document


def world_with(failback: str, **changes: object) -> World:
    """A world whose service `voice` returns in this way."""
    services = document()["services"]
    services[0].update(failback=failback, **changes)
    return World(parse_config(document(services=services)))


def back_after_an_outage(world: World) -> World:
    """The fibre was dark for a while and has just earned its trust again."""
    world.start()
    world.dark = {"fibre"}
    world.run(5)
    world.dark = set()
    while world.uses("default") != "fibre":
        world.run(0.05)
    return world


def reason(world: World) -> str:
    return str(why_document(world.state, world.config.service("voice"), str)["reason"])


def test_a_call_keeps_new_flows_on_the_backup_until_it_has_been_quiet_for_a_moment() -> None:
    world = world_with("between_calls")
    world.talk_pps["voice"] = 100.0
    back_after_an_outage(world)
    world.run(60)
    assert world.uses("voice") == "lte"
    assert world.state.choices["voice"].rule == "between_calls"
    assert reason(world).startswith("a call is in progress on lte, fibre is up for ")
    world.talk_pps["voice"] = 0.8
    hung_up = world.now_ms
    world.run(QUIET_MS / 1000 - 6)
    assert world.uses("voice") == "lte"
    assert "no call seen on lte for" in reason(world)
    world.run(7)
    assert world.uses("voice") == "fibre"
    assert world.now_ms - hung_up <= QUIET_MS + 1000
    assert world.moves == []


def test_without_a_call_the_wait_is_short_and_keep_alives_do_not_prolong_it() -> None:
    world = world_with("between_calls")
    world.talk_pps["voice"] = CALL_PPS - 1
    back_after_an_outage(world)
    good = world.now_ms
    while world.uses("voice") != "fibre":
        world.run(1)
    assert world.now_ms - good == pytest.approx(QUIET_MS, abs=1000)


def test_nobody_looks_for_calls_before_a_better_line_waits() -> None:
    world = world_with("between_calls").start()
    world.run(60)
    world.dark = {"fibre"}
    world.run(60)
    assert world.uses("voice") == "lte"
    assert world.looks == []
    world.dark = set()
    world.run(100)
    assert world.uses("voice") == "fibre"
    looks = len(world.looks)
    assert 5 <= looks <= 8
    assert {look.mark for _unused, look in world.looks} == {0x0201}
    world.run(60)
    assert len(world.looks) == looks


def test_a_queue_that_never_empties_returns_with_new_flows_in_the_end() -> None:
    world = world_with("between_calls")
    world.talk_pps["voice"] = 500.0
    back_after_an_outage(world)
    world.run(20)
    wait = world.state.waits["voice"]
    began = replace(wait, since_ms=world.now_ms - LONGEST_MS + 10_000)
    world.state = evolve(world.state, waits={"voice": began})
    world.run(9)
    assert world.uses("voice") == "lte"
    world.run(2)
    assert world.uses("voice") == "fibre"
    assert "calls on lte for 4 h" in reason(world)
    assert world.moves == []


def test_a_backup_that_fails_is_left_in_the_middle_of_a_call() -> None:
    world = world_with("between_calls")
    world.talk_pps["voice"] = 100.0
    back_after_an_outage(world)
    world.run(20)
    world.link("lte", carrier=False)
    assert world.uses("voice") == "fibre"


def test_the_administrator_may_end_the_wait() -> None:
    world = world_with("between_calls")
    world.talk_pps["voice"] = 100.0
    back_after_an_outage(world)
    world.run(20)
    assert world.uses("voice") == "lte"
    world.admin("fibre", Admin.AUTO)
    assert world.uses("voice") == "fibre"
    world.run(20)
    assert world.uses("voice") == "fibre"


def test_now_moves_what_is_not_tcp_at_the_return_and_stragglers_a_moment_later() -> None:
    world = back_after_an_outage(world_with("now"))
    back = world.steers[-1][0]
    world.run(30)
    assert [(at - back, move.mark, move.mask) for at, move in world.moves] == [
        (0, 0x0201, 0xFFFF),
        (pytest.approx(2000, abs=50), 0x0201, 0xFFFF),
    ]
    assert world.when("flows of voice follow it from lte") == [back]


@pytest.mark.parametrize("failback", ["drain", "manual", "between_calls"])
def test_no_other_way_to_return_touches_an_open_flow(failback: str) -> None:
    world = back_after_an_outage(world_with(failback))
    world.run(60)
    world.admin("fibre", Admin.AUTO)
    assert world.uses("voice") == "fibre"
    assert world.moves == []


def test_nothing_is_moved_on_the_way_to_the_backup() -> None:
    world = world_with("now").start()
    world.admin("fibre", Admin.DRAIN)
    world.run(10)
    assert world.uses("voice") == "lte"
    assert world.moves == []


def test_a_return_that_the_kernel_refused_moves_nothing_until_it_is_done() -> None:
    world = world_with("now").start()
    world.admin("fibre", Admin.DRAIN)
    world.run(1)
    world.refuse_switch = True
    world.admin("fibre", Admin.AUTO)
    world.run(1)
    assert world.moves == []
    world.refuse_switch = False
    world.run(5)
    assert world.uses("voice") == "fibre"
    assert [move.mark for _unused, move in world.moves] == [0x0201]
