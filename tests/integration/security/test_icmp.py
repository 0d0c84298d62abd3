# SPDX-License-Identifier: GPL-3.0-or-later
"""ICMP as a router needs it (RFC 4890), and nothing that lets a stranger choose our paths."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

LAN6 = "2001:db8:10::1"
HOST4, HOST6 = "198.51.100.10", "2001:db8:ffff:a::10"
FIBRE4 = "203.0.113.2"
NARROW = 1300
# What sysctl(8) must say of every interface; RFC 4443 and the kernel's ip-sysctl document.
SETTINGS = {
    r"net\.ipv4\.conf\..*\.(accept|secure|send)_redirects": "0",
    r"net\.ipv4\.conf\..*\.accept_source_route": "0",
    r"net\.ipv4\.conf\..*\.log_martians": "0",
    r"net\.ipv4\.conf\.all\.arp_ignore": "1",
    r"net\.ipv6\.conf\..*\.accept_redirects": "0",
    r"net\.ipv6\.conf\..*\.accept_source_route": "-1",
}


@pytest.fixture
def narrow(field: Any) -> Iterator[Any]:
    """Behind the operator of the fibre, a link that takes only small packets."""
    ends = (("isp-fibre", "core"), ("internet", "isp1"))

    def set_mtu(size: int) -> None:
        for node, interface in ends:
            setting = ("link", "set", "dev", interface, "mtu", str(size))
            assert field.gateway.lab.exec(node, "ip", *setting).returncode == 0

    set_mtu(NARROW)
    yield field
    set_mtu(1500)
    for version in ("-4", "-6"):
        field.gateway.lab.exec("lan", "ip", version, "route", "flush", "cache")


@pytest.mark.parametrize("host", [HOST4, HOST6])
def test_a_host_of_the_lan_learns_the_mtu_of_its_path(narrow: Any, client6: str, host: str) -> None:
    assert narrow.packets("lan", "mtu", host, "9000", "1400") == f"{NARROW}\n"


@pytest.mark.parametrize("host", [HOST4, HOST6])
def test_without_a_narrow_link_the_path_takes_it_all(field: Any, client6: str, host: str) -> None:
    assert field.packets("lan", "mtu", host, "9000", "1400") == "1500\n"


def test_a_line_gets_an_echo_but_not_the_time(field: Any) -> None:
    own = "203.0.113.1"
    with field.hearing("isp-fibre", "hear-icmp", "4", "4242") as heard:
        field.packets("isp-fibre", "timestamp", own, FIBRE4, "1111")
        field.packets("isp-fibre", "echo", own, FIBRE4, "4242")
    assert heard == ["0 4242"]


def test_no_host_of_the_lan_is_redirected_by_ipv6(field: Any, client6: str) -> None:
    """It sends by the gateway what it could send itself, and still hears nothing of it."""
    lab, other = field.gateway.lab, "2001:db8:10::77"
    assert lab.exec("lan", "ip", "route", "replace", other, "via", LAN6).returncode == 0
    # A redirect is due for a host that is there.
    neighbour = ("neighbour", "replace", other, "lladdr", "02:00:00:00:00:77", "dev", "lan0")
    field.gateway.run("ip", *neighbour)
    try:
        with field.hearing("lan", "hear-icmp", "6", "4242") as heard:
            field.packets("lan", "datagram", client6, other, "9", "shorter")
            field.packets("lan", "echo", client6, LAN6, "4242")
    finally:
        lab.exec("lan", "ip", "route", "delete", other)
        lab.exec("gw", "ip", "neighbour", "delete", other, "dev", "lan0")
    assert heard == ["129 4242"]


@pytest.mark.parametrize("pattern", SETTINGS)
def test_every_interface_is_set_so(field: Any, pattern: str) -> None:
    listed = field.gateway.run("sysctl", "--all", "--pattern", pattern).splitlines()
    assert len(listed) >= 1
    assert [line for line in listed if line.split(" = ")[1] != SETTINGS[pattern]] == []


def test_the_lease_of_a_line_is_renewed(field: Any) -> None:
    def left_s() -> int:
        shown = json.loads(field.gateway.run("ip", "-json", "-4", "address", "show", "dev", "wan2"))
        left: int = shown[0]["addr_info"][0]["valid_life_time"]
        return left

    seen = [left_s()]

    def has_passed() -> bool:
        """Of this lease or, when the line has renewed it by itself meanwhile, of the next."""
        seen.append(left_s())
        return seen[-1] < max(seen) - 1

    field.gateway.lab.wait("some of the lease to pass", has_passed)
    before = left_s()
    field.gateway.run("networkctl", "renew", "wan2")
    field.gateway.lab.wait("a new lease", lambda: left_s() > before)
