# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 in the inventory: all of it or none, and one clear word about anything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Site = dict[str, Any]
Plan = Callable[[Site], Site]
Change = Callable[[str, Any], None]

TARGETS6 = [
    {"name": "six-a", "address": "2001:db8:a::10", "probe": "dns"},
    {"name": "six-b", "address": "2001:db8:b::10", "probe": "icmp"},
]


@pytest.fixture
def dual(site: Site) -> Site:
    """The office with IPv6: static on the fibre, advertised on the mobile line."""
    site["relais_wans"][0] |= {"address6": "2001:db8:1::2/64", "gateway6": "fe80::1"}
    site["relais_wans"][1]["ipv6"] = "auto"
    site["relais_lan"]["address6"] = "2001:db8:10::1/64"
    site["relais_targets"] += [dict(target) for target in TARGETS6]
    return site


def test_ipv6_of_each_line_and_of_the_lan_is_planned(plan: Plan, dual: Site) -> None:
    made = plan(dual)
    assert [wan["ipv6"] for wan in made["wans"]] == [
        {
            "method": "static",
            "address": "2001:db8:1::2/64",
            "ip": "2001:db8:1::2",
            "prefix_length": 64,
            "network": "2001:db8:1::/64",
            "gateway": "fe80::1",
        },
        {
            "method": "auto",
            "address": None,
            "ip": None,
            "prefix_length": None,
            "network": None,
            "gateway": None,
        },
    ]
    assert made["lan"]["ipv6"]["network"] == "2001:db8:10::/64"
    assert made["local_networks6"][:2] == ["2001:db8:10::/64", "2001:db8:1::/64"]
    assert [wan["ipv6"] for wan in made["config"]["wans"]] == [True, True]
    assert [target["name"] for target in made["config"]["targets"]][-2:] == ["six-a", "six-b"]


def test_a_site_without_ipv6_says_so_and_nothing_else(plan: Plan, site: Site) -> None:
    made = plan(site)
    assert [wan["ipv6"] for wan in made["wans"]] == [None, None]
    assert made["lan"]["ipv6"] is None
    assert made["local_networks6"] == ["::1", "fe80::/10", "ff00::/8"]
    assert [wan["ipv6"] for wan in made["config"]["wans"]] == [False, False]


def test_a_line_may_have_no_ipv6_beside_one_that_has(
    plan: Plan, dual: Site, change: Change
) -> None:
    change("relais_wans[1].ipv6", ...)
    assert [wan["ipv6"] for wan in plan(dual)["config"]["wans"]] == [True, False]


def test_public_resolvers_are_asked_by_ipv6_where_a_wan_has_it(
    plan: Plan, dual: Site, site: Site
) -> None:
    dual["relais_targets"] = None
    addresses = [target["address"] for target in plan(dual)["targets"]]
    assert sum(":" in address for address in addresses) == 3
    assert all(":" not in server for server in plan(dual)["lan"]["dns_upstreams"])


def test_a_drill_asks_by_ipv4(plan: Plan, dual: Site, change: Change) -> None:
    dual["relais_targets"] = TARGETS6 + dual["relais_targets"][:3]
    change("relais_drill.echo_host", ...)
    asked = {probe["address"] for probe in plan(dual)["config"]["drill"]["services"]}
    assert asked == {"198.51.100.10"}
    assert plan(dual)["lan"]["dns_upstreams"] == ["198.51.100.10"]


NO_LAN = "missing, while relais_wans[0] has IPv6; give the LAN an address6 with /64, such as"
MISTAKES: list[tuple[str, Any, str]] = [
    (
        "relais_wans[0].address6",
        "203.0.113.6/30",
        "'203.0.113.6/30' is IPv4; give an IPv6 address with prefix length,"
        " such as 2001:db8:1::2/64",
    ),
    (
        "relais_wans[0].address6",
        "2001:db8:1::2",
        "'2001:db8:1::2' is not an IPv6 address with prefix length; write it like 2001:db8:1::2/64",
    ),
    (
        "relais_wans[0].address6",
        "fe80::2/64",
        "'fe80::2/64' is not a unicast address that others can reach; use 2001:db8:1::2/64",
    ),
    (
        "relais_wans[0].address6",
        "2001:db8:1::/64",
        "2001:db8:1:: is the subnet-router anycast address of 2001:db8:1::/64;"
        " use a host address such as 2001:db8:1::1/64",
    ),
    (
        "relais_wans[0].gateway6",
        "203.0.113.1",
        "'203.0.113.1' is an IPv4 address; give an IPv6 address",
    ),
    (
        "relais_wans[0].gateway6",
        "2001:db8:2::1",
        "2001:db8:2::1 is not in 2001:db8:1::/64; use 2001:db8:1::1 or a link-local address",
    ),
    (
        "relais_wans[0].gateway6",
        "2001:db8:1::2",
        "2001:db8:1::2 is the gateway's own address; use 2001:db8:1::1 or a link-local address",
    ),
    ("relais_wans[0].gateway6", ..., "missing beside address6; give it, such as fe80::1"),
    ("relais_wans[0].address6", ..., "missing beside gateway6; give it, such as 2001:db8:1::2/64"),
    ("relais_wans[1].ipv6", "slaac", "'slaac' is not auto; write auto or leave the key out"),
    (
        "relais_wans[1].gateway6",
        "fe80::1",
        "given with ipv6: auto; leave one of the two out",
    ),
    ("relais_lan.address6", ..., f"{NO_LAN} 2001:db8:10::1/64"),
    (
        "relais_lan.address6",
        "2001:db8:10::1/56",
        "2001:db8:10::1/56 is no /64, of which hosts make their addresses; write 2001:db8:10::1/64",
    ),
    (
        "relais_lan.address6",
        "2001:db8:1::1/64",
        "2001:db8:1::/64 overlaps 2001:db8:1::/64 of relais_lan.address6;"
        " give one of them another network",
    ),
    (
        "relais_targets[4]",
        ...,
        "a single IPv6 target cannot tell its own failure from that of IPv6;"
        " give 2 or more, or none",
    ),
    (
        "relais_targets[3].address",
        "2001:db8:10::9",
        "2001:db8:10::9 is in 2001:db8:10::/64 of relais_lan; give a host on the Internet",
    ),
    (
        "relais_targets[2].address",
        "2001:db8:c::10",
        "2 IPv4 targets cannot make a quorum; give 3 or more in 2 or more networks",
    ),
]
# Where a mistake is told when that is not where it was made.
TOLD_AT = {
    "overlaps": "relais_wans[0].address6",
    "single": "relais_targets[3]",
    "quorum": "relais_targets",
}


@pytest.mark.parametrize(("path", "value", "told"), MISTAKES)
def test_a_mistake_is_told_once_with_place_and_remedy(
    path: str,
    value: Any,
    told: str,
    dual: Site,
    change: Change,
    problems_of: Callable[[Site], list[str]],
) -> None:
    change(path, value)
    place = next((where for word, where in TOLD_AT.items() if word in told), path)
    assert problems_of(dual)[1:] == [f"1. gw: {place}: {told}"]


def test_ipv6_on_the_lan_alone_is_a_mistake(
    site: Site, change: Change, problems_of: Callable[[Site], list[str]]
) -> None:
    change("relais_lan.address6", "2001:db8:10::1/64")
    assert problems_of(site)[1:] == [
        "1. gw: relais_lan.address6: given, while no WAN has IPv6;"
        " give a WAN address6 and gateway6, or ipv6: auto"
    ]
