# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service does once it could return, and when its backup's month is used up."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ECHO = "198.51.100.10"
STEADY = Path(__file__).with_name("steady.py")
CONFIG = "/etc/relais/config.json"
Change = Callable[[dict[str, Any]], None]


def relais(lab: Any, *words: str) -> dict[str, Any]:
    """A command of the gateway's CLI, for programs."""
    answer: dict[str, Any] = json.loads(lab.exec("gw", "relais", *words, "--json").stdout)
    return answer


def uses(lab: Any, service: str) -> list[str]:
    """WANs of a service."""
    return [member["wan"] for member in relais(lab, "status")["services"][service]["wans"]]


def rule(lab: Any, service: str) -> str:
    """The rule behind a service's choice."""
    found: str = relais(lab, "status")["services"][service]["rule"]
    return found


def write(lab: Any, document: dict[str, Any]) -> None:
    """Give the daemon a configuration and start it anew."""
    text = json.dumps(document)
    assert lab.exec("gw", "sh", "-c", f"cat > {CONFIG}", stdin=text).returncode == 0
    assert lab.exec("gw", "relais", "check-config", CONFIG).returncode == 0
    lab.exec("gw", "systemctl", "restart", "relaisd")
    lab.wait("every line up", lambda: well(lab))


def well(lab: Any) -> bool:
    """Whether the daemon answers and finds both lines up."""
    if lab.exec("gw", "relais", "status").returncode != 0:
        return False
    return all(wan["state"] == "up" for wan in relais(lab, "status")["wans"].values())


@pytest.fixture
def gateway(site_lab: Any) -> Any:
    """The provisioned site at rest."""
    site_lab.at_rest()
    return site_lab


@pytest.fixture
def configured(gateway: Any) -> Iterator[Callable[[Change], Any]]:
    """Changes the daemon's configuration; the old one comes back."""
    before = json.loads(gateway.exec("gw", "cat", CONFIG).stdout)

    def change(how: Change) -> Any:
        document = copy.deepcopy(before)
        how(document)
        write(gateway, document)
        return gateway

    yield change
    gateway.do("fault", "all", "clear")
    write(gateway, before)


@contextmanager
def call(lab: Any, port: int, interval_s: float) -> Iterator[subprocess.Popen[str]]:
    """A LAN client that sends a datagram to the echo host each `interval_s`, for a minute at most;
    it has been answered when the body begins."""
    namespace = lab.status()["nodes"]["lan"]["namespace"]
    argv = ["ip", "netns", "exec", namespace, "python3", str(STEADY)]
    argv += [ECHO, str(port), "60", str(interval_s)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "ready\n"
        try:
            yield client
        finally:
            client.terminate()


def wan_of_flow(lab: Any, port: int) -> set[str]:
    """WANs (mark) of the tracked UDP flows to a port of the echo host."""
    listed = lab.exec("gw", "conntrack", "-L", "-p", "udp", "-d", ECHO, "--dport", str(port)).stdout
    marks = [word for word in listed.split() if word.startswith("mark=")]
    return {{1: "fibre", 2: "lte"}[int(mark[5:]) >> 8 & 0xFF] for mark in marks}


def test_a_call_keeps_its_service_on_the_backup_until_it_has_ended(
    configured: Callable[[Change], Any],
) -> None:
    def without_limits(document: dict[str, Any]) -> None:
        for service in document["services"]:  # On a busy machine no line keeps those of voice.
            service.pop("sla", None)

    gateway = configured(without_limits)
    relais(gateway, "link", "fibre", "drain", "--for", "1s")
    gateway.wait("voice is on lte", lambda: uses(gateway, "voice") == ["lte"])
    with call(gateway, 5060, 0.02):
        gateway.wait("web returns", lambda: uses(gateway, "web") == ["fibre"])
        gateway.wait(
            "the call is seen", lambda: "a call is in progress" in why(gateway, "voice")["reason"]
        )
        assert why(gateway, "voice")["rule"] == "between_calls"
        assert uses(gateway, "voice") == ["lte"]
        assert wan_of_flow(gateway, 5060) == {"lte"}
    gateway.wait("voice returns", lambda: uses(gateway, "voice") == ["fibre"])
    answer = why(gateway, "voice")
    event = next(event for event in answer["events"] if event["id"] == answer["event"])
    assert "no call seen on lte for" in event["why"]


def why(lab: Any, service: str) -> dict[str, Any]:
    """The answer to `why` for one service."""
    found: dict[str, Any] = relais(lab, "why", service)["services"][service]
    return found


@pytest.mark.parametrize(("failback", "wan"), [("now", "fibre"), ("drain", "lte")])
def test_a_datagram_flow_follows_its_service_only_when_failback_is_now(
    configured: Callable[[Change], Any], failback: str, wan: str
) -> None:
    def change(document: dict[str, Any]) -> None:
        vpn = next(s for s in document["services"] if s["name"] == "vpn")
        vpn["failback"] = failback

    gateway = configured(change)
    relais(gateway, "link", "fibre", "drain")
    gateway.exec("gw", "conntrack", "-D", "-p", "udp", "-d", ECHO)  # What earlier calls left.
    with call(gateway, 4500, 0.02):
        assert wan_of_flow(gateway, 4500) == {"lte"}
        relais(gateway, "link", "fibre", "auto")
        assert uses(gateway, "vpn") == ["fibre"]
        gateway.wait("the flow is where it belongs", lambda: wan_of_flow(gateway, 4500) == {wan})


FORGET = (
    "import sqlite3; kept = sqlite3.connect('/var/lib/relais/journal.db');"
    "kept.execute('DELETE FROM usage'); kept.commit()"
)


def load(lab: Any, node: str, packets: int, *options: str) -> None:
    """Some 2.8 kB a packet, both ways, as fast as they are answered."""
    words = ["-q", "-f", "-s", "1400", "-c", str(packets), *options, "198.51.100.70"]
    assert lab.exec(node, "ping", *words).returncode == 0


def test_services_leave_a_line_whose_month_is_used_up_as_they_matter(
    configured: Callable[[Change], Any], gateway: Any
) -> None:
    importance = {"voice": "vital", "vpn": "normal", "web": "normal", "default": "degradable"}

    def five_megabytes(document: dict[str, Any]) -> None:
        next(w for w in document["wans"] if w["name"] == "lte")["monthly_quota_gb"] = 0.005
        for service in document["services"]:
            service["members"].reverse()
            service["importance"] = importance[service["name"]]

    def on_lte() -> set[str]:
        return {name for name in importance if uses(gateway, name) == ["lte"]}

    def quota() -> dict[str, Any]:
        found: dict[str, Any] = relais(gateway, "status")["wans"]["lte"]["quota"]
        return found

    def told() -> list[str]:
        said = [event["what"] for event in relais(gateway, "events")["events"]]
        return [what for what in said if "of its quota" in what]

    gateway.exec("gw", "systemctl", "stop", "relaisd")
    assert gateway.exec("gw", "python3", "-c", FORGET).returncode == 0
    configured(five_megabytes)
    relais(gateway, "link", "lte", "auto")  # Voice waits for no pause.
    gateway.wait("all is on lte", lambda: on_lte() == set(importance))
    assert quota()["percent"] < 80
    load(gateway, "lan", 1600)
    gateway.wait("what is degradable leaves", lambda: on_lte() == {"voice", "vpn", "web"})
    assert 80 <= quota()["percent"] < 100
    assert "spared" in why(gateway, "default")["reason"]
    assert told() == ["lte has used 80 % of its quota"]
    before = quota()["used_gb"]
    gateway.exec("gw", "systemctl", "restart", "relaisd")
    gateway.wait("every line up", lambda: well(gateway))
    assert quota()["used_gb"] >= before, "a restart forgets nothing"
    assert on_lte() == {"voice", "vpn", "web"}
    load(gateway, "gw", 500, "-I", "wan2")
    gateway.wait("only what is vital stays", lambda: on_lte() == {"voice"})
    gateway.do("fault", "isp-fibre", "carrier")
    gateway.wait("nothing is left without a line", lambda: on_lte() == set(importance))
    assert told() == ["lte has used 100 % of its quota"]
