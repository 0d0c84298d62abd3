# SPDX-License-Identifier: GPL-3.0-or-later
"""Services on the wire: balance, users, names, and what a backup may carry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

ECHO = "198.51.100.10"
WEB = "198.51.100.200"
SERVICES = [
    {"name": "bulk", "match": {"ports": "udp/9000"}, "on_backup": "block"},
    {"name": "desk", "match": {"users": "reception"}, "prefer": ["lte", "fibre"]},
    {"name": "spread", "match": {"ports": "tcp/443"}, "balance": {"fibre": 50, "lte": 50}},
    {
        "name": "stream",
        "match": {"domains": "www.example.com"},
        "prefer": ["lte", "fibre"],
        "on_backup": {"limit_mbit": 2},
    },
]
MANAGEMENT = ["203.0.113.128/26", "198.51.100.70", "2001:db8:ffff:b::/64"]
# Who knocks, from which address, at which line of the gateway, and whether he is let in.
MANAGERS = [
    ("isp-lte", "203.0.113.129", "wan2", True),
    ("isp-fibre", "203.0.113.1", "wan1", False),
    ("internet", "198.51.100.70", "wan1", True),
    ("internet", "198.51.100.70", "wan2", True),
    ("internet", "198.51.100.140", "wan1", False),
    ("internet", "2001:db8:ffff:b::70", "wan1", True),
    ("internet", "2001:db8:ffff:b::70", "wan2", True),
    ("internet", "2001:db8:ffff:c::140", "wan1", False),
]


@pytest.fixture(scope="module")
def office(gateway: Any) -> Iterator[Any]:
    """The gateway with a service map that uses every kind of match, without its daemon."""
    gateway.site(
        relais_services=SERVICES,
        relais_priority_users=[{"name": "reception", "addresses": ["192.0.2.40"]}],
        relais_management={"addresses": MANAGEMENT, "ports": ["tcp/22"]},
    )
    gateway.run("systemctl", "stop", "relaisd")
    # What it chose before this site was described.
    gateway.run("rm", "-f", "/run/relais/nft/live.nft")
    gateway.run("systemctl", "reload", "relais-firewall")
    yield gateway
    gateway.site()


def line_of(office: Any, protocol: str, port: str) -> set[str]:
    """The marks of the LAN's flows to a port of the Internet; `site` has tried it as well."""
    selected = ("-p", protocol, "--dport", port, "-s", "192.0.2.0/24", "-d", ECHO)
    flows = office.run("conntrack", "-L", *selected)
    return {word for word in flows.split() if word.startswith("mark=")}


def test_every_kind_of_service_loads(office: Any) -> None:
    steer = office.run("nft", "list", "map", "inet", "relais", "steer")
    assert "goto spread_spread" in steer and "goto via_lte" in steer


def test_a_name_that_is_asked_for_becomes_a_destination_of_its_service(office: Any) -> None:
    answer = office.lab.client("lan", "dns-udp", "192.0.2.1", "www.example.com")
    assert answer.stdout == f"{WEB}\n"
    assert WEB in office.run("nft", "list", "set", "inet", "relais", "domains_stream4")


def test_a_client_keeps_one_line_for_a_balanced_service(office: Any) -> None:
    for _unused in range(3):
        assert office.lab.client("lan", "tcp", ECHO, "443").returncode == 0
    assert len(line_of(office, "tcp", "443")) == 1


def test_what_a_backup_may_not_carry_is_refused_there(office: Any) -> None:
    assert office.lab.client("lan", "udp", ECHO, "9000").returncode == 0
    office.run("conntrack", "-D", "-p", "udp", "--dport", "9000")
    office.run("nft", "delete element inet relais steer { 1 }")
    office.run("nft", "add element inet relais steer { 1 : goto via_lte }")
    assert office.lab.client("lan", "udp", ECHO, "9000").returncode != 0
    assert office.lab.client("lan", "udp", ECHO, "5060").returncode == 0


@pytest.mark.parametrize(("node", "sender", "interface", "welcome"), MANAGERS)
def test_management_may_come_in_by_a_wan(
    office: Any, node: str, sender: str, interface: str, welcome: bool
) -> None:
    version = "-6" if ":" in sender else "-4"
    show = ("address", "show", "dev", interface, "scope", "global")
    target = json.loads(office.run("ip", "-json", version, *show))[0]["addr_info"][0]["local"]
    knock = office.lab.exec(node, "nc", "-z", "-w", "1", "-s", sender, target, "22")
    assert (knock.returncode == 0) == welcome
