# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes through the gateway, and by which line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

ECHO = "198.51.100.10"
WEB = "198.51.100.200"
FIBRE = "203.0.113.2"
TABLES = {"fibre": 1001, "lte": 1002}
FIBRE_MARK, LTE_MARK = 0x100, 0x200

WHO_ASKED = (
    "from urllib.request import urlopen; "
    f"print(urlopen('http://{WEB}/', timeout=5).read().decode().strip())"
)

TALKS_TWICE = f"""
import socket, sys
connection = socket.create_connection(("{ECHO}", 7), 5)
connection.sendall(b"1")
assert connection.recv(1) == b"1"
print("open", flush=True)
sys.stdin.readline()
try:
    connection.sendall(b"2")
    print(connection.recv(1))
except OSError as error:
    print(type(error).__name__)
"""


BRANCH = "198.18.200.7"  # an address behind another router of the office (RFC 2544)

CROSSING = """
table inet crossing {
  counter sent { }
  counter heard { }
  chain arriving {
    type filter hook prerouting priority -310; policy accept;
    iifname "cust" ip6 saddr != fe80::/10 ip6 daddr != fe80::/10 counter name sent
    iifname "cust" meta nfproto ipv4 counter name sent
  }
  chain leaving {
    type filter hook postrouting priority 310; policy accept;
    oifname "cust" ip6 saddr != fe80::/10 ip6 daddr != fe80::/10 counter name heard
    oifname "cust" meta nfproto ipv4 counter name heard
  }
}
"""


@pytest.fixture
def calm(gateway: Any) -> Iterator[Any]:
    """The gateway of a site at rest, before and after."""
    gateway.lab.at_rest()
    yield gateway
    gateway.lab.at_rest()


@pytest.fixture
def pilotless(calm: Any) -> Iterator[Any]:
    """The gateway without its daemon: the test is the one that chooses."""
    calm.run("systemctl", "stop", "relaisd")
    yield calm
    calm.run("systemctl", "start", "relaisd")


def default(gateway: Any, wan: str) -> str:
    """The way out in a WAN's table, empty when there is none."""
    table = str(TABLES[wan])
    routes = json.loads(gateway.run("ip", "-json", "route", "show", "table", table))
    return next((route["gateway"] for route in routes if "gateway" in route), "")


def address(gateway: Any, interface: str) -> str:
    """The IPv4 address of an interface, empty when it has none."""
    links = json.loads(gateway.run("ip", "-json", "-4", "address", "show", "dev", interface))
    return next((info["local"] for link in links for info in link.get("addr_info", [])), "")


def seen_from(gateway: Any) -> str:
    """The address under which the LAN appears to a web server: it tells the line."""
    result = gateway.lab.exec("lan", "python3", "-c", WHO_ASKED)
    assert result.returncode == 0, result.stderr
    answer: str = result.stdout
    return answer


def choose(gateway: Any, service: int, wan: str) -> None:
    """What the daemon does: keep a choice where a reload finds it."""
    others = ", ".join(f"{other} : goto via_fibre" for other in (1, 2, 3, 255) if other != service)
    choice = f"redefine steer = {{ {others}, {service} : goto via_{wan} }}\n"
    gateway.run("sh", "-c", "cat > /run/relais/nft/live.nft", stdin=choice)
    gateway.run("systemctl", "reload", "relais-firewall")


def test_the_lan_has_internet_and_names(calm: Any) -> None:
    assert calm.lab.ping("lan", ECHO)
    assert FIBRE in seen_from(calm)
    for verb in ("dns-udp", "dns-tcp"):
        answer = calm.lab.client("lan", verb, "192.0.2.1", "www.example.com")
        assert answer.stdout == f"{WEB}\n", answer.stderr


def test_a_dhcp_line_has_a_lease_and_a_way_out_of_its_own(calm: Any) -> None:
    assert address(calm, "wan2").startswith("203.0.113.")
    assert default(calm, "lte") == "203.0.113.129"
    assert calm.lab.ping("gw", ECHO, "-I", "wan2")


@pytest.mark.parametrize("version", ["-4", "-6"])
@pytest.mark.parametrize("wan", list(TABLES))
def test_every_table_ends_in_unreachable(calm: Any, wan: str, version: str) -> None:
    routes = calm.run("ip", version, "route", "show", "table", str(TABLES[wan])).splitlines()
    last = routes[-1]
    assert last.startswith("unreachable default") and "metric 4294967295" in last


@pytest.mark.parametrize("wan", list(TABLES))
def test_carrier_loss_takes_a_line_out_and_its_return_brings_it_back(calm: Any, wan: str) -> None:
    before = default(calm, wan)
    calm.lab.do("fault", f"isp-{wan}", "carrier")
    calm.lab.wait(f"{wan} has no route", lambda: default(calm, wan) == "")
    # It leaks into no other line: the end of its own table answers.
    mark = str(FIBRE_MARK if wan == "fibre" else LTE_MARK)
    assert not calm.lab.ping("gw", ECHO, "-m", mark)
    calm.lab.do("fault", f"isp-{wan}", "clear")
    calm.lab.wait(f"{wan} is back", lambda: default(calm, wan) == before)
    calm.lab.wait(f"{wan} works", lambda: calm.lab.ping("gw", ECHO, "-m", mark))


def test_the_gateway_counts_as_online_without_any_operator(calm: Any) -> None:
    calm.lab.do("fault", "all", "carrier")
    calm.lab.wait("no line is left", lambda: not any(default(calm, wan) for wan in TABLES))
    calm.run("timeout", "30", "systemctl", "restart", "systemd-networkd-wait-online")


@pytest.mark.parametrize("interface", ["wan1", "wan2"])
def test_who_comes_in_by_a_line_is_answered_by_it(calm: Any, interface: str) -> None:
    # The operators of the lab drop what does not have an address of theirs.
    assert calm.lab.ping("internet", address(calm, interface))


def test_a_reload_keeps_the_live_choice(pilotless: Any) -> None:
    choose(pilotless, 255, "lte")
    assert address(pilotless, "wan2") in seen_from(pilotless)
    pilotless.run("systemctl", "reload", "relais-firewall")
    steer = pilotless.run("nft", "list", "map", "inet", "relais", "steer")
    assert "0x000000ff : goto via_lte" in steer
    assert "0x00000001 : goto via_fibre" in steer
    assert address(pilotless, "wan2") in seen_from(pilotless)


def test_a_flush_by_another_firewall_is_healed_by_its_own_unit(calm: Any) -> None:
    calm.run("sh", "-c", "printf 'flush ruleset\\n' > /run/flush.nft")
    try:
        calm.run("systemctl", "start", "nftables.service")
        calm.run("systemctl", "reload", "nftables.service")
        calm.lab.wait("our table is back", lambda: "relais" in calm.run("nft", "list", "tables"))
        assert FIBRE in seen_from(calm)
    finally:
        calm.run("systemctl", "stop", "nftables.service")
        calm.run("systemctl", "restart", "relais-firewall.service")


def counted(lab: Any, node: str, table: str, *names: str) -> list[int]:
    """Packets that counters of a table in a node have seen."""
    listed = lab.exec(node, "nft", "-j", "list", "counters", "table", "inet", table)
    assert listed.returncode == 0, listed.stderr
    counters = [entry.get("counter") for entry in json.loads(listed.stdout)["nftables"]]
    packets = {counter["name"]: counter["packets"] for counter in counters if counter}
    return [packets[name] for name in names]


def test_a_line_counts_what_its_operator_sees(pilotless: Any) -> None:
    lab = pilotless.lab
    counts = lab.exec("isp-fibre", "nft", "-f", "-", stdin=CROSSING)
    assert counts.returncode == 0, counts.stderr
    try:
        before = counted(lab, "gw", "relais", "tx_fibre", "rx_fibre")
        lab.exec("lan", "ping", "-q", "-c", "20", "-i", "0.01", ECHO)
        lab.exec("lan", "ping", "-q", "-c", "20", "-i", "0.01", "2001:db8:ffff:a::10")
        lab.exec("gw", "ping", "-q", "-c", "20", "-i", "0.01", ECHO)
        lab.exec("internet", "ping", "-q", "-c", "5", "-i", "0.01", FIBRE)
        seen_from(pilotless)
        after = counted(lab, "gw", "relais", "tx_fibre", "rx_fibre")
        assert counted(lab, "isp-fibre", "crossing", "sent", "heard") == [
            late - early for early, late in zip(before, after, strict=True)
        ]
        assert after[0] - before[0] > 65
    finally:
        lab.exec("isp-fibre", "nft", "delete", "table", "inet", "crossing")


def test_what_a_route_of_the_office_leads_to_is_not_steered(pilotless: Any) -> None:
    route = f"{BRANCH}/32 via 192.0.2.10".split()
    pilotless.run("ip", "route", "add", *route)
    try:
        before = counted(pilotless.lab, "gw", "relais", "tx_fibre", "tx_lte")
        for node in ("gw", "lan"):  # nobody answers: the flow is what counts
            assert not pilotless.lab.ping(node, BRANCH)
        flows = pilotless.run("sh", "-c", f"conntrack -L -d {BRANCH} 2>/dev/null").splitlines()
        assert len(flows) == 2 and all("mark=0 " in flow for flow in flows)
        assert counted(pilotless.lab, "gw", "relais", "tx_fibre", "tx_lte") == before
    finally:
        pilotless.run("ip", "route", "del", *route)


def test_an_open_tcp_connection_on_a_dead_line_is_told(pilotless: Any) -> None:
    namespace = pilotless.lab.status()["nodes"]["lan"]["namespace"]
    argv = ["ip", "netns", "exec", namespace, "python3", "-c", TALKS_TWICE]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as client:
        assert client.stdin is not None and client.stdout is not None
        assert client.stdout.readline() == "open\n"
        # Of service 255 on WAN 1; a line that is whole, so that only the set can be the reason.
        pilotless.run("nft", "add element inet relais dead { 0x1ff }")
        client.stdin.write("go on\n")
        assert client.stdout.readline() == "ConnectionResetError\n"
