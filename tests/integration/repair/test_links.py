# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases that change, leases that an operator forgot, interfaces that go and come back."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

ECHO = "198.51.100.10"
BLINK = 50  # datagrams of the stream: half a second
MARKS = {"fibre": str(0x100), "lte": str(0x200)}


def lease(gateway: Any, address: str, router: str, duration: str = "2m") -> None:
    """Have the operator of the LTE line give out something else, when it is next asked."""
    run = Path(gateway.lab.status()["ssh"]["config"]).parent
    shown = gateway.lab.exec("gw", "ip", "-json", "link", "show", "wan2").stdout
    link = json.loads(shown)[0]["address"]
    (run / "isp-lte.options").write_text(f"option:router,{router}\n")
    (run / "isp-lte.hosts").write_text(f"{link},{address},{duration}\n" if address else "")
    pid = (run / "isp-lte.pid").read_text().strip()
    assert gateway.lab.exec("isp-lte", "kill", "-HUP", pid).returncode == 0


def leased_until(gateway: Any) -> float:
    """When the operator takes the LTE line's address back, in seconds since 1970."""
    run = Path(gateway.lab.status()["ssh"]["config"]).parent
    leases = [line.split() for line in (run / "isp-lte.leases").read_text().splitlines()]
    return max(float(words[0]) for words in leases if words[0].isdigit())


def test_a_lease_with_another_address_and_next_hop_is_followed(gateway: Any) -> None:
    first = gateway.wan("lte")["address"].split("/")[0]
    spare = [f"203.0.113.{number}" for number in (140, 141, 150) if f".{number}" not in first]
    hop, other = spare[:2]
    gateway.lab.exec("isp-lte", "ip", "address", "add", f"{hop}/26", "dev", "cust")
    gateway.lab.relais("link", "lte", "force")
    try:
        for address, router in (("", hop), (other, hop)):
            lease(gateway, address, router)
            last = gateway.last_event()
            verb = "reconfigure" if address else "renew"
            with gateway.lab.stream(ECHO) as losses:
                gateway.lab.exec("gw", "networkctl", verb, "wan2")

                def followed(router: str = router, address: str = address) -> bool:
                    now = gateway.wan("lte")
                    return now["gateway"] == router and str(now["address"]).startswith(address)

                gateway.lab.wait("the lease is followed", followed)
            fault = f"lease with another {'address' if address else 'next hop'}"
            print(json.dumps({"fault": fault, "lost": losses["lost"], "took_ms": None}))
            assert losses["lost"] < 2 * BLINK
            told = [e["what"] for e in gateway.events(last, "link")]
            assert any("lte has the " in what for what in told), told
            assert gateway.wan("lte")["state"] in ("up", "recovering")
            flushed = gateway.last_event()
            gateway.lab.exec("gw", "ip", "route", "flush", "table", "1002")
            gateway.lab.wait("a repair", lambda n=flushed: gateway.events(n, "repair") != [])
            table = gateway.lab.exec("gw", "ip", "route", "show", "table", "1002").stdout
            assert f"default via {router} " in table
    finally:
        lease(gateway, first, "203.0.113.129")
        gateway.lab.exec("gw", "networkctl", "reconfigure", "wan2")
        gateway.lab.exec("isp-lte", "ip", "address", "del", f"{hop}/26", "dev", "cust")
        lease(gateway, "", "203.0.113.129")
        gateway.lab.relais("link", "lte", "auto")


def test_a_dead_line_is_known_again_to_an_operator_who_forgot_its_lease(gateway: Any) -> None:
    address = gateway.wan("lte")["address"].split("/")[0]
    forgot = f"""table ip forgot {{
        set known {{ type ipv4_addr; flags dynamic; }}
        chain here {{ type filter hook input priority 0
                      ip saddr {address} udp dport 67 add @known {{ ip saddr }} accept
                      ip saddr {address} ip saddr != @known drop; }}
        chain through {{ type filter hook forward priority 0
                         ip saddr {address} ip saddr != @known drop; }}
    }}"""
    lease(gateway, address, "203.0.113.129", "1h")
    gateway.lab.exec("gw", "networkctl", "renew", "wan2")
    hour = time.time() + 1800
    gateway.lab.wait("a lease for an hour", lambda: leased_until(gateway) > hour)
    last = gateway.last_event()
    gateway.lab.relais("link", "lte", "force")
    try:
        with gateway.lab.stream(ECHO):
            assert gateway.lab.exec("isp-lte", "nft", "-f", "-", stdin=forgot).returncode == 0
            gateway.lab.wait(
                "nobody answers by IPv4", lambda: gateway.wan("lte")["quality"] == "partial"
            )
        gateway.lab.wait(
            "somebody answers",
            lambda: gateway.wan("lte")["targets"]["resolver-a"]["answers"],
            within_s=90,
        )
        assert gateway.wan("lte")["address"].startswith(f"{address}/")
        told = [event["what"] for event in gateway.events(last, "repair")]
        assert told == ["asked for the lease of lte anew"]
    finally:
        gateway.lab.relais("link", "lte", "auto")
        gateway.lab.exec("isp-lte", "nft", "delete", "table", "ip", "forgot")
        lease(gateway, "", "203.0.113.129")
        gateway.lab.exec("gw", "networkctl", "renew", "wan2")


@pytest.mark.parametrize(("wan", "interface"), [("fibre", "wan1"), ("lte", "wan2")])
def test_an_interface_that_disappears_and_comes_back_works_by_itself(
    gateway: Any, wan: str, interface: str
) -> None:
    names = {node: entry["namespace"] for node, entry in gateway.lab.status()["nodes"].items()}
    here, away = names["gw"], names[f"isp-{wan}"]

    def ip(namespace: str, *words: str) -> str:
        argv = ["ip", "-json", "-n", namespace, *words]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    number = json.loads(ip(here, "link", "show", interface))[0]["ifindex"]
    last = gateway.last_event()
    with gateway.lab.stream(ECHO) as losses:
        ip(here, "link", "set", interface, "netns", away)
        gateway.lab.wait(f"{wan} is down", lambda: gateway.wan(wan)["state"] == "down")
        # Another interface takes its number, as after a module is unplugged and plugged again.
        taken = ["keeper", "index", str(number), "type", "veth", "peer", "name", "keeper2"]
        ip(here, "link", "add", *taken)
        ip(away, "link", "set", interface, "netns", here)
        gateway.lab.wait(
            f"{wan} answers",
            lambda: gateway.wan(wan)["state"] in ("recovering", "up"),
        )
    again = json.loads(ip(here, "link", "show", interface))[0]["ifindex"]
    ip(here, "link", "del", "keeper")
    print(
        json.dumps(
            {"fault": f"{interface} goes and comes", "lost": losses["lost"], "took_ms": None}
        )
    )
    assert again != number
    assert losses["lost"] < BLINK
    assert f"{wan} has no interface" in [e["what"] for e in gateway.events(last, "link")]
    counter = ("nft", "list", "counter", "inet", "relais", f"rx_{wan}")
    before = gateway.lab.exec("gw", *counter).stdout
    gateway.lab.wait("it carries packets", lambda: gateway.lab.ping("gw", ECHO, "-m", MARKS[wan]))
    assert gateway.lab.exec("gw", *counter).stdout != before, (
        "they are counted under its new number"
    )
