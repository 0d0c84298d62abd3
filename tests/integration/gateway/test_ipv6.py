# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 fails over like IPv4, and is refused at once where a line has none."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

ECHO = "2001:db8:ffff:a::10"
WEB = "2001:db8:ffff:c::200"
ROUTER = "2001:db8:10::1"
FIBRE = "2001:db8:1::2"
LTE_PREFIX = "2001:db8:fe00:"
# Drops what crosses the operator by IPv6, and nothing else.
NO_IPV6 = "add table ip6 dark; add chain ip6 dark through { type filter hook forward priority 0; "
NO_IPV6 += "policy drop; }"

WHO_ASKED = (
    "from urllib.request import urlopen; "
    f"print(urlopen('http://[{WEB}]/', timeout=5).read().decode().strip())"
)
# Speaks one byte for each line it is told, and says what comes back.
TALKER = f"""
import socket, sys
connection = socket.create_connection(("{ECHO}", 7), 5)
connection.settimeout(20)
for line in sys.stdin:
    try:
        connection.sendall(b"1")
        print(connection.recv(1), flush=True)
    except OSError as error:
        print(type(error).__name__, flush=True)
"""
# Says nothing and waits for the end of its connection.
WAITER = f"""
import socket
connection = socket.create_connection(("{ECHO}", 7), 5)
print("open", flush=True)
connection.settimeout(60)
try:
    print(connection.recv(1), flush=True)
except OSError as error:
    print(type(error).__name__, flush=True)
"""
# Asks for a router advertisement and prints prefixes and resolvers (RFC 4861, RFC 8106).
ASK_ROUTER = """
import json, socket, struct
channel = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
channel.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
channel.settimeout(10)
channel.sendto(struct.pack(">BBHI", 133, 0, 0, 0), ("ff02::2", 0, 0, socket.if_nametoindex("eth0")))
while (message := channel.recv(2048))[0] != 134:
    pass
found = {"prefixes": [], "resolvers": [], "lifetime_s": struct.unpack_from(">H", message, 6)[0]}
options = message[16:]
while options:
    kind, length = options[0], options[1] * 8
    if kind == 3:
        prefix = socket.inet_ntop(socket.AF_INET6, options[16:32])
        found["prefixes"].append(f"{prefix}/{options[2]}")
    elif kind == 25:
        found["resolvers"].append(socket.inet_ntop(socket.AF_INET6, options[8:24]))
    options = options[length:]
print(json.dumps(found))
"""


def status(gateway: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(gateway.run("relais", "status", "--json"))
    return answer


def line_of_default(gateway: Any) -> list[str]:
    return [member["wan"] for member in status(gateway)["services"]["default"]["wans"]]


def quality(gateway: Any) -> str:
    found: str = status(gateway)["wans"]["fibre"]["quality"]
    return found


@pytest.fixture
def calm(gateway: Any) -> Any:
    """The gateway of a site at rest."""
    gateway.lab.at_rest()
    return gateway


def in_lan(gateway: Any, program: str) -> Any:
    return gateway.lab.exec("lan", "python3", "-c", program)


def seen_from(gateway: Any) -> str:
    """The address under which the LAN appears to a web server: it tells the line."""
    result = in_lan(gateway, WHO_ASKED)
    assert result.returncode == 0, result.stderr
    answer: str = result.stdout.strip()
    return answer


@contextmanager
def running(gateway: Any, program: str) -> Iterator[subprocess.Popen[str]]:
    """A program of a LAN host that is talked with while the body runs."""
    namespace = gateway.lab.status()["nodes"]["lan"]["namespace"]
    argv = ["timeout", "90", "ip", "netns", "exec", namespace, "python3", "-c", program]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True, bufsize=1) as client:
        yield client
        assert client.stdin is not None
        client.stdin.close()


def said(client: subprocess.Popen[str], word: str = "") -> str:
    """What a program says next, once it was told a word."""
    assert client.stdin is not None and client.stdout is not None
    if word:
        client.stdin.write(f"{word}\n")
    return client.stdout.readline().strip()


def test_hosts_learn_prefix_router_and_resolver(calm: Any) -> None:
    found = json.loads(in_lan(calm, ASK_ROUTER).stdout)
    assert found["prefixes"] == ["2001:db8:10::/64"]
    assert found["resolvers"] == [ROUTER]
    assert found["lifetime_s"] > 0
    answer = calm.lab.client("lan", "dns-udp", ROUTER, "www.example.com")
    assert answer.stdout == "198.51.100.200\n", answer.stderr


def test_the_lan_reaches_the_internet_by_the_preferred_line(calm: Any) -> None:
    assert calm.lab.ping("lan", ECHO)
    assert seen_from(calm) == FIBRE
    assert calm.lab.client("lan", "udp", ECHO, "9000").stdout == "hello 9000\n"


def test_a_silent_cut_moves_new_flows_and_ends_open_ones_and_failback_ends_none(calm: Any) -> None:
    with running(calm, TALKER) as before:
        assert said(before, "speak") == "b'1'"
        calm.lab.do("fault", "isp-fibre", "silent")
        assert said(before, "speak") == "ConnectionResetError"
        assert seen_from(calm).startswith(LTE_PREFIX)
        with running(calm, TALKER) as during:
            assert said(during, "speak") == "b'1'"
            calm.lab.do("fault", "isp-fibre", "clear")
            calm.lab.wait("failback", lambda: line_of_default(calm) == ["fibre"])
            assert seen_from(calm) == FIBRE
            assert said(during, "speak") == "b'1'"


def test_a_lost_carrier_tells_an_idle_host_and_moves_new_flows(calm: Any) -> None:
    with running(calm, WAITER) as idle:
        assert said(idle) == "open"
        calm.lab.do("fault", "isp-fibre", "carrier")
        assert said(idle) == "ConnectionResetError"
    assert seen_from(calm).startswith(LTE_PREFIX)


def test_a_line_whose_ipv6_alone_is_dead_is_left_and_says_so(calm: Any) -> None:
    try:
        assert calm.lab.exec("isp-fibre", "nft", NO_IPV6).returncode == 0
        calm.lab.wait("lte", lambda: line_of_default(calm) == ["lte"])
        calm.lab.wait("partial", lambda: quality(calm) == "partial")
        fibre = status(calm)["wans"]["fibre"]
        assert fibre["quality_reason"] == "no IPv6 target answers here, all answer elsewhere"
        assert fibre["targets"]["resolver-a"]["answers"] is True
        assert fibre["quality_reason"] in calm.run("relais", "status")
        assert calm.lab.ping("lan", ECHO)
    finally:
        calm.lab.exec("isp-fibre", "nft", "delete table ip6 dark")


def test_what_neighbours_say_is_neither_sent_nor_heard(calm: Any) -> None:
    def counted() -> int:
        listed = json.loads(calm.run("nft", "-j", "list", "counters", "table", "inet", "relais"))
        entries = [entry["counter"] for entry in listed["nftables"] if "counter" in entry]
        return sum(e["packets"] for e in entries if e["name"] in ("rx_lte", "tx_lte"))

    before = counted()
    asked = calm.run("ping", "-6", "-n", "-i0.02", "-c200", "ff02::1%wan2")
    assert "200 packets transmitted" in asked
    assert counted() - before < 100  # probes of the standby, if they come just now


def test_who_comes_in_by_a_line_is_answered_by_it(calm: Any) -> None:
    for interface in ("wan1", "wan2"):
        show = ("address", "show", "dev", interface, "scope", "global")
        found = json.loads(calm.run("ip", "-json", "-6", *show))
        assert calm.lab.ping("internet", found[0]["addr_info"][0]["local"])


def test_ipv6_is_refused_at_once_on_a_line_that_has_none(calm: Any) -> None:
    fibre, lte = calm.inventory()["relais_wans"]
    del lte["ipv6"]
    calm.site(relais_wans=[fibre, lte])
    try:
        with running(calm, WAITER) as idle:
            assert said(idle) == "open"
            calm.lab.do("fault", "isp-fibre", "silent")
            assert said(idle) == "ConnectionResetError"
        calm.lab.wait("lte", lambda: line_of_default(calm) == ["lte"])
        refused = in_lan(calm, f"import socket; socket.create_connection(('{ECHO}', 7), 9)")
        assert "ConnectionRefusedError" in refused.stderr
        ping = calm.lab.exec("lan", "ping", "-nc1", "-W9", ECHO)
        assert "Destination unreachable: No route" in ping.stdout
        assert calm.lab.ping("lan", "198.51.100.10")
    finally:
        calm.lab.do("fault", "all", "clear")
        calm.site()
