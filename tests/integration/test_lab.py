# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab is a real site: a real machine, operators that enforce, an Internet that answers."""

from __future__ import annotations

import ipaddress
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

HOSTS = ("198.51.100.10", "198.51.100.70", "198.51.100.140", "198.51.100.200")
SIP_HOST = "198.51.100.210"
HOSTS6 = (
    "2001:db8:ffff:a::10",
    "2001:db8:ffff:b::70",
    "2001:db8:ffff:c::140",
    "2001:db8:ffff:c::200",
)
ECHO_PORTS = ("7", "443", "500", "4500", "5060", "5061", "9000", "51820")
FIRST_HOP = "203.0.113.1"
FIBRE = "203.0.113.2"


@pytest.fixture(scope="module")
def fibre(lab: Any) -> Iterator[Any]:
    """The fresh gateway with its fibre set up by hand, until the module ends."""
    gw = "ip link set wan1 up && ip addr add 203.0.113.2/30 dev wan1 && ip route add default via "
    assert lab.exec("gw", "sh", "-c", gw + FIRST_HOP).returncode == 0
    yield lab
    lab.do("fault", "all", "clear")
    lab.exec("gw", "sh", "-c", "ip addr flush dev wan1; ip link set wan1 down")


@pytest.fixture
def line(fibre: Any) -> Iterator[Any]:
    """The fibre, whole before the test and whole after it."""
    fibre.do("fault", "isp-fibre", "clear")
    fibre.wait("fibre works", lambda: fibre.ping("gw", HOSTS[0], "-I", FIBRE))
    yield fibre
    fibre.do("fault", "isp-fibre", "clear")


def test_status_tells_programs_what_there_is_and_how_to_get_in(lab: Any) -> None:
    status = lab.status()
    assert status["state"] == "up"
    assert list(status["nodes"]) == ["gw", "lan", "isp-fibre", "isp-lte", "internet"]
    assert status["nodes"]["internet"]["addresses"] == [
        *(f"{address}/32" for address in (*HOSTS, SIP_HOST)),
        *(f"{address}/128" for address in HOSTS6),
    ]
    assert [wan["name"] for wan in status["wans"]] == ["fibre", "lte"]
    answer = subprocess.run(
        [*status["ssh"]["argv"], "hostname"], capture_output=True, text=True, check=True
    )
    assert answer.stdout == "gw\n"


def test_the_gateway_is_a_fresh_debian_that_has_booted_as_a_system(lab: Any) -> None:
    assert lab.exec("gw", "systemctl", "is-system-running").stdout == "running\n"
    assert lab.exec("gw", "sysctl", "-n", "net.ipv4.ip_forward").stdout == "0\n"
    assert lab.exec("gw", "nft", "list", "ruleset").stdout == ""
    for service in ("dnsmasq", "nftables"):
        assert lab.exec("gw", "systemctl", "is-enabled", service).stdout == "disabled\n"
        assert lab.exec("gw", "systemctl", "is-active", service).stdout == "inactive\n"


def test_exec_is_not_left_behind_by_a_machine_that_stops_its_processes(lab: Any) -> None:
    assert lab.exec("gw", "sh", "-c", "kill -STOP $$; exit 7").returncode == 7


@pytest.mark.parametrize("node", ["gw", "lan", "isp-lte", "internet"])
def test_exec_passes_input_output_and_exit_status_through(lab: Any, node: str) -> None:
    result = lab.exec(node, "sh", "-c", "cat; echo trouble >&2; exit 42", stdin="from outside")
    assert (result.stdout, result.stderr) == ("from outside", "trouble\n")
    assert result.returncode == 42


@pytest.mark.parametrize("address", [*HOSTS, *HOSTS6])
def test_every_internet_host_answers_ping_dns_http_and_echo(lab: Any, address: str) -> None:
    assert lab.ping("isp-fibre", address)
    for verb in ("dns-udp", "dns-tcp"):
        assert lab.client("isp-fibre", verb, address, "www.example.com").stdout == f"{HOSTS[3]}\n"
    for verb, ports in (("udp", (*ECHO_PORTS, "9010")), ("tcp", ECHO_PORTS)):
        answer = lab.client("isp-fibre", verb, address, *ports)
        assert answer.stdout.splitlines() == [f"hello {port}" for port in ports], answer.stderr
    assert int(lab.client("isp-fibre", "read", address, "19000", "4096").stdout) >= 4096


@pytest.mark.parametrize(("node", "seen"), [("isp-fibre", FIRST_HOP), ("isp-lte", "203.0.113.129")])
def test_http_says_which_address_asked(lab: Any, node: str, seen: str) -> None:
    ask = (
        f"from urllib.request import urlopen; print(urlopen('http://{HOSTS[3]}/').read().decode())"
    )
    assert lab.exec(node, "python3", "-c", ask).stdout.strip() == seen


def test_the_mobile_operator_leases_an_address_that_works(lab: Any) -> None:
    network = ipaddress.IPv4Network("203.0.113.128/26")
    unit = "/etc/systemd/network/50-test.network"
    text = "[Match]\nName=wan2\n[Network]\nDHCP=ipv4\n"
    assert lab.exec("gw", "tee", unit, stdin=text).returncode == 0

    def leased() -> list[ipaddress.IPv4Interface]:
        listed = lab.exec("gw", "ip", "-4", "-o", "addr", "show", "wan2").stdout.split()
        return [ipaddress.IPv4Interface(word) for word in listed if "/" in word]

    try:
        lab.exec("gw", "networkctl", "reload")
        lab.wait("a lease on wan2", lambda: bool(leased()))
        assert leased()[0].network == network
        assert lab.ping("gw", HOSTS[1], "-I", "wan2")
    finally:
        lab.exec("gw", "sh", "-c", f"rm {unit}; networkctl reload; ip addr flush dev wan2")


def test_an_operator_drops_sources_that_are_not_its_customers(line: Any) -> None:
    lan, way_back = "192.0.2.0/24", {"internet": "inet6 fe80::1 dev isp1", "isp-fibre": FIBRE}
    for node, hop in way_back.items():  # without these a foreign source would get no answer anyway
        assert line.exec(node, "ip", "route", "add", lan, "via", *hop.split()).returncode == 0
    try:
        assert not line.ping("gw", HOSTS[0], "-I", "192.0.2.1")
        assert line.ping("gw", FIRST_HOP, "-I", "192.0.2.1")
        assert line.ping("gw", HOSTS[0], "-I", FIBRE)
    finally:
        for node in way_back:
            line.exec(node, "ip", "route", "delete", lan)


def test_silent_drops_what_goes_through_but_the_first_hop_answers(line: Any) -> None:
    line.do("fault", "isp-fibre", "silent")
    assert line.ping("gw", FIRST_HOP)
    assert not line.ping("gw", HOSTS[0])
    assert not line.ping("internet", FIBRE)
    assert line.status()["nodes"]["isp-fibre"]["fault"] == ["silent"]


def test_blackhole_leaves_not_even_an_arp_reply(line: Any) -> None:
    line.do("fault", "isp-fibre", "blackhole")
    line.exec("gw", "ip", "neigh", "flush", "dev", "wan1")
    assert not line.ping("gw", FIRST_HOP)
    assert "lladdr" not in line.exec("gw", "ip", "neigh", "show", FIRST_HOP).stdout
    assert line.exec("gw", "cat", "/sys/class/net/wan1/carrier").stdout == "1\n"


def test_carrier_pulls_the_cable_at_the_other_end(line: Any) -> None:
    line.do("fault", "isp-fibre", "carrier")
    assert line.exec("gw", "cat", "/sys/class/net/wan1/carrier").stdout == "0\n"


def test_loss_loses_some_and_not_all(line: Any) -> None:
    line.do("fault", "isp-fibre", "loss", "30")
    pings = ["ping", "-qn", "-c200", "-i0.005", "-W1", HOSTS[0]]
    words = line.exec("gw", *pings).stdout.split()
    received = int(words[words.index("received,") - 1])
    assert 20 < received < 180  # about 98: 0.7 there, 0.7 back


def test_a_hiccup_ends_by_itself(line: Any) -> None:
    line.do("fault", "isp-fibre", "hiccup", "3000")
    assert not line.ping("gw", FIRST_HOP)
    line.wait("end of the hiccup", lambda: line.ping("gw", FIRST_HOP), within_s=10)


@pytest.mark.parametrize(
    "fault", [["silent"], ["blackhole"], ["carrier"], ["loss", "100"], ["hiccup", "60000"]]
)
def test_a_fault_given_twice_is_ended_by_one_clear(line: Any, fault: list[str]) -> None:
    line.do("fault", "isp-fibre", *fault)
    line.do("fault", "isp-fibre", *fault)
    assert not line.ping("gw", HOSTS[0])
    line.do("fault", "isp-fibre", "clear")
    line.do("fault", "isp-fibre", "clear")
    line.wait("fibre works again", lambda: line.ping("gw", HOSTS[0]))
    assert line.status()["nodes"]["isp-fibre"]["fault"] is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["exec", "isp-cable", "--", "true"],
            "choose one of gw, lan, isp-fibre, isp-lte, internet",
        ),
        (["exec", "lan"], "no command given"),
        (["exec", "lan", "--", "no-such-program"], "no-such-program"),
        (["fault", "lan", "silent"], "choose one of isp-fibre, isp-lte, all"),
        (["fault", "isp-fibre", "gremlins"], "silent, blackhole, carrier, loss, hiccup or clear"),
        (["fault", "isp-fibre", "loss"], "usage: loss PERCENT"),
        (["fault", "isp-fibre", "loss", "many"], "a number from 0.01 to 100"),
    ],
)
def test_a_mistake_gets_one_clear_line(lab: Any, words: list[str], message: str) -> None:
    result = lab.command(*words)
    assert result.returncode != 0
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_second_up_says_so_and_changes_nothing(lab: Any) -> None:
    before = lab.status()["nodes"]["gw"]["pid"]
    result = lab.command("up")
    assert result.returncode == 0
    assert "already up" in result.stderr
    assert lab.status()["nodes"]["gw"]["pid"] == before
