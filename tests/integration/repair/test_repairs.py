# SPDX-License-Identifier: GPL-3.0-or-later
"""What other programs take away stands again before anybody notices, and relais says so."""

from __future__ import annotations

import json
import math
import time
from typing import Any

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


def within(
    instants: dict[str, float], happened: list[tuple[float, float]]
) -> dict[str, list[float]]:
    """Values by the action behind which they came; instants of CLOCK_MONOTONIC in seconds."""
    ends = [*list(instants.values())[1:], math.inf]
    return {
        what: [value for at, value in happened if begin <= at < end]
        for (what, begin), end in zip(instants.items(), ends, strict=True)
    }


def test_what_other_programs_take_away_is_put_back(gateway: Any) -> None:
    before, first = gateway.picture(), gateway.last_event()
    instants: dict[str, float] = {}
    with gateway.lab.stream(ECHO) as losses:
        for what, command in GONE.items():
            instants[what] = time.monotonic()
            assert gateway.lab.exec("gw", "sh", "-c", command).returncode == 0
            gateway.wait_back(what, before)
        instants["nothing"] = time.monotonic()
    told = gateway.events(first, "repair")
    lost = within(instants, [(at, 1) for at in losses["lost_at"]])
    took = within(instants, [(e["mono_ms"] / 1000, e["inputs"]["took_ms"]) for e in told])
    for what, command in GONE.items():
        assert took[what], f"{what}: nothing was told"
        figures = {"fault": command, "lost": len(lost[what]), "took_ms": max(took[what])}
        print(json.dumps(figures))
    assert max(len(each) for each in lost.values()) < BLINK, lost
    assert lost["nothing"] == []
    assert gateway.events(first, "evict") == [], "nothing was reset for it"
    assert gateway.uses() == ["fibre"]


def test_a_repair_is_explained(gateway: Any) -> None:
    last = gateway.last_event()
    counted = gateway.lab.relais("status")["repairs"]["last_hour"]
    gateway.lab.exec("gw", "nft", "flush", "chain", "inet", "relais", "classify")
    gateway.lab.wait("a repair is told", lambda: gateway.events(last, "repair") != [])
    (told,) = gateway.events(last, "repair")
    assert told["inputs"]["by"] == "nft"
    assert "rules of chain classify are gone" in told["why"]
    assert gateway.lab.relais("status")["repairs"]["last_hour"] == counted + 1
    for words in (("events",), ("why", "voice")):
        assert told["id"] in gateway.lab.exec("gw", "relais", *words).stdout
    assert "Repairs: " in gateway.lab.exec("gw", "relais", "status").stdout


def test_what_others_add_is_left_alone(gateway: Any) -> None:
    commands = (
        "ip rule add priority 500 from 192.0.2.66 lookup 77",
        "ip route add 198.51.100.66/32 via 203.0.113.129 dev wan2 table 1001",
        "ip route add 198.51.100.66/32 via 203.0.113.1 dev wan1",
        "nft insert rule inet relais forward ip saddr 192.0.2.66 counter",
        "nft 'table inet other { chain a { }; }'",
    )
    last = gateway.last_event()
    for command in commands:
        assert gateway.lab.exec("gw", "sh", "-c", command).returncode == 0
    with_them = gateway.picture()
    assert with_them.count("192.0.2.66") == 2 and with_them.count("198.51.100.66") == 2
    gateway.lab.exec("gw", "ip", "rule", "del", "priority", "2002")
    gateway.lab.wait("the rule is repaired", lambda: gateway.events(last, "repair") != [])
    try:
        gateway.wait_back("what others added", with_them)
        assert "other" in gateway.lab.exec("gw", "nft", "list", "tables").stdout
        assert len(gateway.events(last, "repair")) == 1
    finally:
        for command in (
            "ip rule del priority 500",
            "ip route del 198.51.100.66/32 table 1001",
            "ip route del 198.51.100.66/32",
            "nft delete table inet other",
            "systemctl reload relais-firewall",
        ):
            gateway.lab.exec("gw", "sh", "-c", command)


def test_the_owners_own_work_loses_nothing_and_needs_no_repair(gateway: Any) -> None:
    last = gateway.last_event()
    instants: dict[str, float] = {}
    with gateway.lab.stream(ECHO) as losses:
        for command in OWNERS:
            instants[command] = time.monotonic()
            assert gateway.lab.exec("gw", "sh", "-c", command).returncode == 0
    lost = within(instants, [(at, 1) for at in losses["lost_at"]])
    for command in OWNERS:
        print(json.dumps({"fault": command, "lost": len(lost[command]), "took_ms": None}))
    assert len(losses["lost_at"]) < BLINK
    assert gateway.events(last, "repair") == []
    assert gateway.events(last, "evict") == []


def test_what_a_rule_has_counted_is_no_damage(gateway: Any) -> None:
    knock = ("nc", "-z", "-w", "1", "203.0.113.2", "22")
    assert gateway.lab.exec("isp-fibre", *knock).returncode != 0
    dropped = gateway.lab.exec("gw", "nft", "list", "chain", "inet", "relais", "dropped").stdout
    assert "counter packets 0 " not in dropped
    last = gateway.last_event()
    gateway.lab.exec("gw", "systemctl", "restart", "relaisd")  # A daemon looks before it is ready.
    assert gateway.events(last, "repair") == []
    assert gateway.events(last, "daemon") != []


def test_a_fight_is_told_once_and_not_fought(gateway: Any) -> None:
    last = gateway.last_event()
    loop = "for i in 1 2 3 4 5 6 7 8 9 10; do ip rule del priority 2002 2>&-; sleep 0.1; done"
    gateway.lab.exec("gw", "sh", "-c", loop)
    gateway.lab.wait(
        "the fight is told",
        lambda: any("again and again" in e["what"] for e in gateway.events(last, "repair")),
    )
    told = [event["what"] for event in gateway.events(last, "repair")]
    assert sum("again and again" in what for what in told) == 1
    assert 1 <= sum(what.startswith("repaired") for what in told) <= 6
    fought = gateway.lab.relais("status")["repairs"]["fought_over"]
    assert fought == ["IPv4 rule 2002 to table 1002 for mark 0x200"]
    assert fought[0] in gateway.lab.exec("gw", "relais", "status").stdout
    gateway.lab.forget()


def test_a_flow_that_began_untranslated_works_after_the_repair(gateway: Any) -> None:
    gateway.lab.exec("gw", "systemctl", "stop", "relaisd")
    gateway.lab.exec("gw", "nft", "flush", "chain", "inet", "relais", "translate")
    tracked = ("conntrack", "-L", "-p", "udp", "--dport", "5060")
    with gateway.lab.steady(ECHO, 20) as client:
        try:
            gateway.lab.wait(
                "nobody answers the flow",
                lambda: "[UNREPLIED]" in gateway.lab.exec("gw", *tracked).stdout,
            )
        finally:
            gateway.lab.exec("gw", "systemctl", "start", "relaisd")
        assert client.stdout.readline() == "ready\n"
        client.terminate()
        client.stdout.read()
