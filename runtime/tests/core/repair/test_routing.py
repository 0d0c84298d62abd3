# SPDX-License-Identifier: GPL-3.0-or-later
"""What must stand in the kernel is put back; what belongs to somebody else is never touched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from relais.core.config import parse_config
from relais.core.repair.routing import (
    DHCP,
    KERNEL,
    LINK_SCOPE,
    MAIN,
    RA,
    STATIC,
    UNREACHABLE,
    Address,
    Learned,
    Part,
    Picture,
    Route,
    Rule,
    Thing,
    damages,
    learn,
    wanted,
)
from world import document

BOOT = 3
EVERYWHERE, EVERYWHERE6 = "0.0.0.0/0", "::/0"
END = 4294967295


def planned() -> dict[str, object]:
    """The two-WAN document with all that repairs need."""
    given = document(
        routing={"local_priority": 1000, "end_metric": END},
        lan={"interface": "lan0", "address": "192.0.2.1/24", "address6": "2001:db8:1::1/64"},
    )
    given["wans"][0].update(address="203.0.113.2/30", rule_priority=2001, metric=101)
    given["wans"][0].update(ipv6=True, address6="2001:db8:f::2/64", gateway6="2001:db8:f::1")
    given["wans"][1].update(rule_priority=2002, metric=102)
    return given


CONFIG = parse_config(planned())
FIBRE, LTE = Address("wan1", "203.0.113.2/30"), Address("wan2", "203.0.113.178/26", 1024)
FIBRE6, LTE6 = (
    Address("wan1", "2001:db8:f::2/64", 256),
    Address("wan2", "2001:db8:e::5/64", 256, connects=False),
)
LAN, LAN6 = Address("lan0", "192.0.2.1/24"), Address("lan0", "2001:db8:1::1/64", 256)
NEAR = tuple(Address(name, f"fe80::{n}/64", 256) for n, name in enumerate(("lan0", "wan1", "wan2")))
ADDRESSES = (LAN, LAN6, FIBRE, FIBRE6, LTE, LTE6, *NEAR)
LEASED = (
    Route(4, 1002, EVERYWHERE, 1, 1024, "wan2", "203.0.113.129", DHCP),
    Route(4, MAIN, EVERYWHERE, 1, 102, "wan2", "203.0.113.129", DHCP),
    Route(4, MAIN, "203.0.113.129/32", 1, 1024, "wan2", None, DHCP, LINK_SCOPE, "203.0.113.178"),
    Route(6, 1002, EVERYWHERE6, 1, 512, "wan2", "fe80::1", RA),
    Route(6, MAIN, EVERYWHERE6, 1, 102, "wan2", "fe80::1", RA),
)
STATICS = (
    Route(4, 1001, EVERYWHERE, 1, 0, "wan1", "203.0.113.1"),
    Route(4, MAIN, EVERYWHERE, 1, 101, "wan1", "203.0.113.1"),
    Route(6, 1001, EVERYWHERE6, 1, 1024, "wan1", "2001:db8:f::1"),
    Route(6, MAIN, EVERYWHERE6, 1, 101, "wan1", "2001:db8:f::1"),
)
CONNECTED = (
    Route(4, MAIN, "203.0.113.0/30", 1, 0, "wan1", None, KERNEL, LINK_SCOPE, "203.0.113.2"),
    Route(4, MAIN, "203.0.113.128/26", 1, 1024, "wan2", None, KERNEL, LINK_SCOPE, "203.0.113.178"),
    Route(4, MAIN, "192.0.2.0/24", 1, 0, "lan0", None, KERNEL, LINK_SCOPE, "192.0.2.1"),
    Route(6, MAIN, "2001:db8:f::/64", 1, 256, "wan1", None, KERNEL),
    Route(6, MAIN, "2001:db8:1::/64", 1, 256, "lan0", None, KERNEL),
    *(Route(6, MAIN, "fe80::/64", 1, 256, f, None, KERNEL) for f in ("lan0", "wan1", "wan2")),
)
ENDS = (
    Route(4, 1001, EVERYWHERE, UNREACHABLE, END),
    Route(4, 1002, EVERYWHERE, UNREACHABLE, END),
    Route(6, 1001, "::/0", UNREACHABLE, END),
    Route(6, 1002, "::/0", UNREACHABLE, END),
)
RULES = frozenset(
    rule
    for family in (4, 6)
    for rule in (
        Rule(family, 32766, MAIN),
        Rule(family, 1000, MAIN, suppress_prefixlength=0),
        Rule(family, 2001, 1001, 0x100, 0xFF00),
        Rule(family, 2002, 1002, 0x200, 0xFF00),
    )
)
WHOLE = Picture(
    frozenset(["lo", "lan0", "wan1", "wan2"]),
    ADDRESSES,
    RULES,
    (*STATICS, *LEASED, *CONNECTED, *ENDS),
)
LEARNED = learn(CONFIG, WHOLE, Learned())
OURS: tuple[Thing, ...] = (*RULES, *WHOLE.routes, FIBRE, FIBRE6, LAN, LAN6, *NEAR)
FOREIGN: tuple[Thing, ...] = (
    Rule(4, 500, 77),
    Rule(4, 2001, MAIN),
    Rule(4, 2001, 1001, 0x100, 0xFFFF),
    Rule(6, 2003, 1003, 0x300, 0xFF00),
    Route(4, MAIN, "198.51.100.0/24", 1, 0, "wan1", "203.0.113.1", STATIC),
    Route(4, 1001, "198.51.100.0/24", 1, 0, "wan2", "203.0.113.129", BOOT),
    Route(4, 1001, EVERYWHERE, 1, 5, "wan2", "203.0.113.129", BOOT),
    Route(4, MAIN, EVERYWHERE, 1, 50, "wan9", "192.0.2.254", DHCP),
    Route(6, MAIN, "2001:db8::/32", 1, 256, "lan0", None, KERNEL),
    Address("wan2", "203.0.113.190/26"),
    Address("wan9", "198.51.100.1/24"),
)


def without(picture: Picture, gone: frozenset[Thing]) -> Picture:
    return replace(
        picture,
        addresses=tuple(a for a in picture.addresses if a not in gone),
        rules=frozenset(r for r in picture.rules if r not in gone),
        routes=tuple(r for r in picture.routes if r not in gone),
    )


def with_foreign(picture: Picture, things: frozenset[Thing]) -> Picture:
    return replace(
        picture,
        addresses=(*picture.addresses, *(t for t in things if isinstance(t, Address))),
        rules=picture.rules | {t for t in things if isinstance(t, Rule)},
        routes=(*picture.routes, *(t for t in things if isinstance(t, Route))),
    )


def repairs(picture: Picture) -> list[Thing]:
    """What would be added to the kernel now."""
    learned = learn(CONFIG, picture, LEARNED)
    return [damage.thing for damage in damages(wanted(CONFIG, picture, learned), picture)]


def applied(picture: Picture, things: list[Thing]) -> Picture:
    """What the kernel does with an addition: a route takes the place that it names, and the network
    of an IPv6 address has a metric."""
    networks = {a: replace(a, metric=256) for a in (FIBRE6, LAN6, *NEAR)}
    things = [networks.get(t, t) if isinstance(t, Address) else t for t in things]
    places = {t.place for t in things if isinstance(t, Route)}
    kept = tuple(route for route in picture.routes if route.place not in places)
    return with_foreign(replace(picture, routes=kept), frozenset(things))


def test_a_whole_kernel_needs_nothing() -> None:
    assert repairs(WHOLE) == []


@given(st.frozensets(st.sampled_from(OURS)), st.frozensets(st.sampled_from(FOREIGN)))
def test_whatever_goes_is_put_back_and_nothing_foreign_is_touched(
    gone: frozenset[Thing], foreign: frozenset[Thing]
) -> None:
    picture = with_foreign(without(WHOLE, gone), foreign)
    for _unused in range(3):  # Routes follow from an address, which comes first.
        things = repairs(picture)
        assert not set(things) & set(FOREIGN)
        assert set(things) <= set(OURS)
        picture = applied(picture, things)
    assert repairs(picture) == []
    standing = {*picture.rules, *picture.routes, *picture.addresses}
    assert standing >= {*OURS, *foreign}


def test_an_address_comes_before_routes_a_next_hop_before_its_users_and_rules_last() -> None:
    bare = Picture(WHOLE.running, (LTE,), frozenset(), ())
    assert set(repairs(bare)[:7]) == {LAN, LAN6, FIBRE, FIBRE6, *NEAR}
    things = repairs(replace(bare, addresses=WHOLE.addresses))
    kinds = [type(thing) for thing in things]
    assert kinds == sorted(kinds, key=[Route, Rule].index)
    hop, *users = (things.index(route) for route in (LEASED[2], *LEASED[:2]))
    assert all(things.index(CONNECTED[1]) < hop < user for user in users)
    assert things.index(CONNECTED[-1]) < min(things.index(LEASED[3]), things.index(LEASED[4]))
    ends = [things.index(end) for end in ENDS]
    assert max(users) < min(ends)


def test_a_route_of_ours_that_leads_elsewhere_is_replaced() -> None:
    wrong = Route(4, 1001, EVERYWHERE, 1, 0, "wan2", "203.0.113.129", BOOT)
    picture = replace(WHOLE, routes=(wrong, *(r for r in WHOLE.routes if r != STATICS[0])))
    found = damages(wanted(CONFIG, picture, LEARNED), picture)
    assert [(d.thing, d.owner, d.found) for d in found] == [
        (STATICS[0], "fibre", "led to 203.0.113.129")
    ]


@pytest.mark.parametrize("gone", ["wan1", "wan2"])
def test_an_interface_without_carrier_is_left_alone(gone: str) -> None:
    picture = replace(
        WHOLE,
        running=WHOLE.running - {gone},
        addresses=tuple(a for a in WHOLE.addresses if a.interface != gone),
        routes=tuple(r for r in WHOLE.routes if r.interface != gone),
    )
    assert repairs(picture) == []


def test_a_new_lease_is_followed_and_the_old_one_forgotten() -> None:
    new = Address("wan2", "203.0.113.140/26", 1024)
    routes = (
        replace(LEASED[0], gateway="203.0.113.130"),
        replace(LEASED[1], gateway="203.0.113.130"),
        replace(LEASED[2], destination="203.0.113.130/32", source="203.0.113.140"),
        replace(CONNECTED[1], source="203.0.113.140"),
    )
    others = tuple(r for r in WHOLE.routes if r.interface != "wan2" or r.family == 6)
    addresses = tuple(new if address == LTE else address for address in ADDRESSES)
    picture = replace(WHOLE, addresses=addresses, routes=(*others, *routes))
    assert repairs(picture) == []
    learned = learn(CONFIG, picture, LEARNED)
    flushed = replace(picture, routes=tuple(r for r in picture.routes if r.table != 1002))
    assert routes[0] in [d.thing for d in damages(wanted(CONFIG, flushed, learned), flushed)]


def test_a_new_next_hop_of_the_same_lease_is_followed() -> None:
    routes = (
        replace(LEASED[0], gateway="203.0.113.130"),
        replace(LEASED[1], gateway="203.0.113.130"),
        replace(LEASED[2], destination="203.0.113.130/32"),
    )
    others = tuple(r for r in WHOLE.routes if r not in LEASED[:3])
    assert repairs(replace(WHOLE, routes=(*others, *routes))) == []


def test_a_lease_without_a_network_gets_no_route_to_one() -> None:
    host = Address("wan2", "203.0.113.178/32", connects=False)
    routes = tuple(r for r in WHOLE.routes if r != CONNECTED[1])
    addresses = tuple(host if address == LTE else address for address in ADDRESSES)
    assert repairs(replace(WHOLE, addresses=addresses, routes=routes)) == []


def test_every_part_but_the_kernels_own_is_asked_for_by_a_file() -> None:
    parts: list[Part] = list(wanted(CONFIG, WHOLE, LEARNED))
    free = [part.thing for part in parts if not part.asked]
    assert {*CONNECTED, *NEAR, Rule(4, 32766, MAIN), Rule(6, 32766, MAIN)} == set(free)


def test_a_configuration_without_numbers_of_the_plan_repairs_nothing() -> None:
    assert list(wanted(parse_config(document()), WHOLE, Learned())) == []
