# SPDX-License-Identifier: GPL-3.0-or-later
"""A switch and the telephone system: which flows move, and when it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from relais.core.actions import Announce, Move
from relais.core.calls import LONGEST_MS
from relais.core.config import parse_config
from relais.core.evolve import evolve
from relais.core.fields import ConfigError
from relais.core.model import BOTH_MASK, Admin
from world import World, document

PHONES = ("192.0.2.40/32", "192.0.2.128/25")
FROM_LTE = Move(0x0201, BOTH_MASK, PHONES)


def site(failback: str, *, telephony: bool = True) -> World:
    """A world with a telephone system whose service `voice` returns in this way."""
    services = document()["services"]
    services[0].update(failback=failback)
    system = {"service": "voice", "sources": list(PHONES), "refresh": True} if telephony else None
    return World(parse_config(document(services=services, telephony=system)))


def back_after_an_outage(world: World) -> World:
    """The fibre was dark for a while; then it has earned its trust again."""
    world.start()
    world.dark = {"fibre"}
    world.run(5)
    world.dark = set()
    while world.uses("default") != "fibre":
        world.run(0.05)
    return world


@pytest.mark.parametrize("failback", ["drain", "between_calls", "manual"])
def test_only_the_telephones_flows_follow_at_the_return_and_again_two_seconds_later(
    failback: str,
) -> None:
    world = back_after_an_outage(site(failback))
    if failback == "manual":
        assert world.moves == []
        world.admin("fibre", Admin.AUTO)
    while world.uses("voice") != "fibre":
        world.run(0.05)
    back = world.steers[-1][0]
    world.run(30)
    assert [move for _unused, move in world.moves] == [FROM_LTE, FROM_LTE]
    assert [at - back for at, _unused in world.moves] == [0, pytest.approx(2000, abs=50)]
    assert world.when("flows of the telephones follow voice from lte") == [back]


def test_a_call_in_progress_is_waited_for_before_anything_moves() -> None:
    world = site("between_calls")
    world.talk_pps["voice"] = 100.0
    back_after_an_outage(world)
    world.run(60)
    assert (world.uses("voice"), world.moves) == ("lte", [])
    world.talk_pps["voice"] = 0.5
    world.run(60)
    assert world.uses("voice") == "fibre"
    assert [move for _unused, move in world.moves] == [FROM_LTE, FROM_LTE]


def test_a_queue_that_never_empties_is_not_torn_from_its_calls_in_the_end() -> None:
    world = site("between_calls")
    world.talk_pps["voice"] = 100.0
    back_after_an_outage(world)
    world.run(20)
    wait = replace(world.state.waits["voice"], since_ms=world.now_ms - LONGEST_MS)
    world.state = evolve(world.state, waits={"voice": wait})
    world.run(10)
    assert (world.uses("voice"), world.moves) == ("fibre", [])


def test_failback_now_moves_everybodys_flows_as_it_says() -> None:
    world = back_after_an_outage(site("now"))
    world.run(30)
    assert [move for _unused, move in world.moves] == [Move(0x0201, BOTH_MASK)] * 2


def test_other_services_and_sites_without_telephones_move_nothing() -> None:
    for world in (site("drain", telephony=False), site("drain")):
        back_after_an_outage(world)
        world.run(30)
        assert {move.mark & 0xFF for _unused, move in world.moves} <= {1}
    assert len(world.moves) == 2


def test_the_system_is_told_once_its_flows_have_left_and_once_they_are_back() -> None:
    world = back_after_an_outage(site("drain"))
    world.run(30)
    evicted = next(at for at, evict in world.evictions if evict.mark == 0x0101)
    told = world.announced
    assert told[0] == (evicted, Announce("voice", "fibre", ("lte",)))
    assert {action for _unused, action in told[1:]} == {Announce("voice", "lte", ("fibre",))}
    assert told[1][0] == world.moves[0][0]


def test_a_hiccup_that_evicts_nothing_is_not_told() -> None:
    world = site("drain").start()
    world.busy = {"fibre"}
    world.dark = {"fibre"}
    while world.uses("voice") != "lte":
        world.run(0.05)
    world.dark = set()
    world.run(1)
    assert world.evictions == [] and world.announced == []


def test_nothing_is_told_of_a_switch_that_the_kernel_refused_until_it_is_done() -> None:
    world = site("drain").start()
    world.refuse_switch = True
    world.link("fibre", carrier=False)
    world.run(3)
    assert world.announced == []
    world.refuse_switch = False
    world.run(3)
    assert [action for _unused, action in world.announced] == [Announce("voice", "fibre", ("lte",))]


def problems_of(telephony: object) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        parse_config(document(telephony=telephony))
    return [str(problem) for problem in raised.value.problems]


def test_each_mistake_in_the_telephony_is_named_with_its_place() -> None:
    assert problems_of({"service": "voix", "sources": []}) == [
        "telephony.sources: must be a list of networks, such as 192.0.2.40/32",
        "telephony.service: 'voix' is not a service; known: voice, default",
    ]
    wrong = {"service": "voice", "sources": ["192.0.2.40", 7, "192.0.2.1/24"], "refresh": "yes"}
    assert problems_of(wrong) == [
        "telephony.sources[1]: must be a network, not 7",
        "telephony.sources[2]: must be a network, not '192.0.2.1/24'",
        "telephony.refresh: must be true or false, not 'yes'",
    ]


def test_a_single_address_is_a_network_of_its_own() -> None:
    config = parse_config(
        document(telephony={"service": "voice", "sources": ["192.0.2.40", "2001:db8:10::40/128"]})
    )
    assert config.telephony is not None
    assert config.telephony.sources == ("192.0.2.40/32", "2001:db8:10::40/128")
