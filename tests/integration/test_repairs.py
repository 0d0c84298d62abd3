# SPDX-License-Identifier: GPL-3.0-or-later
"""What other programs take away stands again before anybody notices, and relais says so."""

from __future__ import annotations

import json
import math
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

ECHO = "198.51.100.10"
BLINK = 50  # datagrams of the stream: half a second
GONE = {
    "a rule": "ip rule del priority 2001",
    "all rules": "ip rule flush; ip -6 rule flush",
    "a table": "ip route flush table 1001",
    "the main table": "ip route flush table main; ip -6 route flush table main",
    "an address": "ip address flush dev wan1",
    "the ruleset": "nft flush ruleset",
    "a chain": "nft flush chain inet relais forward",
    "an interface of the ruleset": "nft delete element inet relais wan_interfaces '{ wan1 }'",
    "the choice": "nft flush map inet relais steer",
    "the way to an operator": "ip route replace default via 203.0.113.129 dev wan2 table 1001",
}
OWNERS = (
    "systemctl reload relais-firewall",
    "networkctl reconfigure lo",
    "systemctl restart systemd-networkd",
)
MARKS = {"fibre": str(0x100), "lte": str(0x200)}
# What moves by itself: counts, ages, the time that an announced route has left.
PICTURE = r"""
{ ip rule; ip -6 rule; ip route show table all; ip -6 route show table all
  ip -oneline address; } | grep -v -e ' table local ' -e 'lookup default' -e '^multicast' |
  sed -E 's/[ \\]*(nodad[ \\]*)?(valid_lft|expires).*//; s/ mtu [0-9]+.*//' | sort
nft -s list table inet relais | grep -v 'elements = { 0x00000[12]'
"""


def calm(lab: Any) -> None:
    """Every line up and well, the voice on the fibre, nothing fought over."""
    lab.do("fault", "all", "clear")
    lab.exec("gw", "systemctl", "restart", "relaisd")

    def well() -> bool:
        if lab.exec("gw", "relais", "status").returncode != 0:
            return False
        status = lab.relais("status")
        lines = all(w["state"] == "up" and w["quality"] == "good" for w in status["wans"].values())
        return lines and uses(lab) == ["fibre"]

    lab.wait("every line is well and voice on the fibre", well, within_s=120)


def uses(lab: Any) -> list[str]:
    """WANs of the voice."""
    return [member["wan"] for member in lab.relais("status")["services"]["voice"]["wans"]]


def events(lab: Any, after: int, kind: str) -> list[dict[str, Any]]:
    """What was told of one kind behind a number."""
    told = lab.relais("events", "--after", str(after))["events"]
    return [event for event in told if event["kind"] == kind]


@pytest.fixture(scope="module")
def office(site_lab: Any) -> Any:
    """The provisioned site in its best state, once for all of these tests."""
    calm(site_lab)
    return site_lab


@pytest.fixture
def gateway(office: Any) -> Any:
    """The same, with every line still up."""

    def up() -> bool:
        return all(wan["state"] == "up" for wan in office.relais("status")["wans"].values())

    office.wait("every line up", up, within_s=60)
    return office


def picture(lab: Any) -> str:
    """Rules, routes, addresses and the ruleset."""
    shown: str = lab.exec("gw", "sh", "-c", PICTURE).stdout
    return shown


def last_event(lab: Any) -> int:
    """Number of the newest event."""
    number: int = lab.relais("status")["last_event"]
    return number


def test_what_other_programs_take_away_is_put_back(gateway: Any) -> None:
    before, first = picture(gateway), last_event(gateway)
    instants: dict[str, float] = {}
    with gateway.stream(ECHO) as losses:
        for what, command in GONE.items():
            last = last_event(gateway)
            instants[what] = time.monotonic()
            assert gateway.exec("gw", "sh", "-c", command).returncode == 0
            gateway.wait(f"{what}: told", lambda n=last: events(gateway, n, "repair") != [])
            gateway.wait(f"{what}: as before", lambda: picture(gateway) == before, within_s=10)
        instants["nothing"] = time.monotonic()
    ends = [*list(instants.values())[1:], math.inf]
    lost = {
        what: sum(begin <= at < end for at in losses["lost_at"])
        for (what, begin), end in zip(instants.items(), ends, strict=True)
    }
    told = events(gateway, first, "repair")
    print(json.dumps({"lost": lost, "took": [(e["what"], e["inputs"]["took_ms"]) for e in told]}))
    assert max(lost.values()) < BLINK, lost
    assert lost["nothing"] == 0
    assert len(told) >= len(GONE)
    assert events(gateway, first, "evict") == [], "nothing was reset for it"
    assert uses(gateway) == ["fibre"]


def test_a_repair_is_explained(gateway: Any) -> None:
    last = last_event(gateway)
    counted = gateway.relais("status")["repairs"]["last_hour"]
    gateway.exec("gw", "nft", "flush", "chain", "inet", "relais", "classify")
    gateway.wait("a repair is told", lambda: events(gateway, last, "repair") != [])
    (told,) = events(gateway, last, "repair")
    assert told["inputs"]["by"] == "nft"
    assert "rules of chain classify are gone" in told["why"]
    assert gateway.relais("status")["repairs"]["last_hour"] == counted + 1
    for words in (("events",), ("why", "voice")):
        assert told["id"] in gateway.exec("gw", "relais", *words).stdout
    assert "Repairs: " in gateway.exec("gw", "relais", "status").stdout


def test_what_others_add_is_left_alone(gateway: Any) -> None:
    commands = (
        "ip rule add priority 500 from 192.0.2.66 lookup 77",
        "ip route add 198.51.100.66/32 via 203.0.113.129 dev wan2 table 1001",
        "ip route add 198.51.100.66/32 via 203.0.113.1 dev wan1",
        "nft insert rule inet relais forward ip saddr 192.0.2.66 counter",
        "nft 'table inet other { chain a { }; }'",
    )
    last = last_event(gateway)
    for command in commands:
        assert gateway.exec("gw", "sh", "-c", command).returncode == 0
    with_them = picture(gateway)
    assert with_them.count("192.0.2.66") == 2 and with_them.count("198.51.100.66") == 2
    gateway.exec("gw", "ip", "rule", "del", "priority", "2002")
    gateway.wait("the rule is repaired", lambda: events(gateway, last, "repair") != [])
    try:
        gateway.wait("all is as before", lambda: picture(gateway) == with_them, within_s=10)
        assert "other" in gateway.exec("gw", "nft", "list", "tables").stdout
        assert len(events(gateway, last, "repair")) == 1
    finally:
        for command in (
            "ip rule del priority 500",
            "ip route del 198.51.100.66/32 table 1001",
            "ip route del 198.51.100.66/32",
            "nft delete table inet other",
            "systemctl reload relais-firewall",
        ):
            gateway.exec("gw", "sh", "-c", command)


def test_the_owners_own_work_loses_nothing_and_needs_no_repair(gateway: Any) -> None:
    last = last_event(gateway)
    with gateway.stream(ECHO) as losses:
        for command in OWNERS:
            assert gateway.exec("gw", "sh", "-c", command).returncode == 0
    print(json.dumps({"owners": losses["lost"]}))
    assert losses["lost"] < BLINK
    assert events(gateway, last, "repair") == []
    assert events(gateway, last, "evict") == []


def test_a_fight_is_told_once_and_not_fought(gateway: Any) -> None:
    last = last_event(gateway)
    loop = "for i in 1 2 3 4 5 6 7 8 9 10; do ip rule del priority 2002 2>&-; sleep 0.1; done"
    gateway.exec("gw", "sh", "-c", loop)
    gateway.wait(
        "the fight is told",
        lambda: any("again and again" in e["what"] for e in events(gateway, last, "repair")),
    )
    told = [event["what"] for event in events(gateway, last, "repair")]
    assert sum("again and again" in what for what in told) == 1
    assert 1 <= sum(what.startswith("repaired") for what in told) <= 6
    fought = gateway.relais("status")["repairs"]["fought_over"]
    assert fought == ["IPv4 rule 2002 to table 1002 for mark 0x200"]
    assert fought[0] in gateway.exec("gw", "relais", "status").stdout
    calm(gateway)


def lease(lab: Any, address: str, router: str) -> None:
    """Have the operator of the LTE line give out something else, when it is next asked."""
    run = Path(lab.status()["ssh"]["config"]).parent
    link = json.loads(lab.exec("gw", "ip", "-json", "link", "show", "wan2").stdout)[0]["address"]
    (run / "isp-lte.options").write_text(f"option:router,{router}\n")
    (run / "isp-lte.hosts").write_text(f"{link},{address}\n" if address else "")
    pid = (run / "isp-lte.pid").read_text().strip()
    assert lab.exec("isp-lte", "kill", "-HUP", pid).returncode == 0


def test_a_lease_with_another_address_and_next_hop_is_followed(gateway: Any) -> None:
    first = gateway.relais("status")["wans"]["lte"]
    gateway.exec("isp-lte", "ip", "address", "add", "203.0.113.131/26", "dev", "cust")
    gateway.relais("link", "lte", "force")
    try:
        for address, router in (("", "203.0.113.131"), ("203.0.113.150", "203.0.113.131")):
            lease(gateway, address, router)
            last = last_event(gateway)
            verb = "reconfigure" if address else "renew"
            with gateway.stream(ECHO) as losses:
                gateway.exec("gw", "networkctl", verb, "wan2")

                def followed(router: str = router, address: str = address) -> bool:
                    now = gateway.relais("status")["wans"]["lte"]
                    return now["gateway"] == router and now["address"].startswith(address)

                gateway.wait("the lease is followed", followed, within_s=10)
            print(json.dumps({"fault": f"new lease {address} {router}", "lost": losses["lost"]}))
            assert losses["lost"] < 2 * BLINK
            told = [e["what"] for e in events(gateway, last, "link")]
            assert any("lte has the " in what for what in told), told
            assert gateway.relais("status")["wans"]["lte"]["state"] in ("up", "recovering")
            flushed = last_event(gateway)
            gateway.exec("gw", "ip", "route", "flush", "table", "1002")
            gateway.wait("a repair", lambda n=flushed: events(gateway, n, "repair") != [])
            table = gateway.exec("gw", "ip", "route", "show", "table", "1002").stdout
            assert f"default via {router} " in table
    finally:
        lease(gateway, first["address"].split("/")[0], "203.0.113.129")
        gateway.exec("gw", "networkctl", "reconfigure", "wan2")
        gateway.exec("isp-lte", "ip", "address", "del", "203.0.113.131/26", "dev", "cust")
        lease(gateway, "", "203.0.113.129")
        gateway.relais("link", "lte", "auto")


@pytest.mark.parametrize(("wan", "interface"), [("fibre", "wan1"), ("lte", "wan2")])
def test_an_interface_that_disappears_and_comes_back_works_by_itself(
    gateway: Any, wan: str, interface: str
) -> None:
    names = {node: entry["namespace"] for node, entry in gateway.status()["nodes"].items()}
    here, away = names["gw"], names[f"isp-{wan}"]

    def ip(namespace: str, *words: str) -> str:
        argv = ["ip", "-json", "-n", namespace, *words]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    number = json.loads(ip(here, "link", "show", interface))[0]["ifindex"]
    last = last_event(gateway)
    with gateway.stream(ECHO) as losses:
        ip(here, "link", "set", interface, "netns", away)
        gateway.wait(
            f"{wan} is down", lambda: gateway.relais("status")["wans"][wan]["state"] == "down"
        )
        # Another interface takes its number, as after a module is unplugged and plugged again.
        taken = ["keeper", "index", str(number), "type", "veth", "peer", "name", "keeper2"]
        ip(here, "link", "add", *taken)
        ip(away, "link", "set", interface, "netns", here)
        gateway.wait(
            f"{wan} answers",
            lambda: gateway.relais("status")["wans"][wan]["state"] in ("recovering", "up"),
        )
    again = json.loads(ip(here, "link", "show", interface))[0]["ifindex"]
    ip(here, "link", "del", "keeper")
    print(json.dumps({"fault": f"{interface} goes and comes", "lost": losses["lost"]}))
    assert again != number
    assert losses["lost"] < BLINK
    assert f"{wan} has no interface" in [e["what"] for e in events(gateway, last, "link")]
    counter = ("nft", "list", "counter", "inet", "relais", f"rx_{wan}")
    before = gateway.exec("gw", *counter).stdout
    gateway.wait("it carries packets", lambda: gateway.ping("gw", ECHO, "-m", MARKS[wan]))
    assert gateway.exec("gw", *counter).stdout != before, "they are counted under its new number"
