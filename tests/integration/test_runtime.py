# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon on a real gateway: it steers, and nobody notices when it stops, dies or restarts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ECHO = "198.51.100.10"
ECHO6 = "2001:db8:ffff:a::10"
PYZ = Path(__file__).parents[2] / "roles" / "runtime" / "files" / "relais.pyz"


def relais(lab: Any, *words: str) -> dict[str, Any]:
    """A command of the gateway's CLI, for programs."""
    answer: dict[str, Any] = lab.relais(*words)
    return answer


def uses(lab: Any, service: str = "voice") -> list[str]:
    """WANs of a service."""
    return [member["wan"] for member in relais(lab, "status")["services"][service]["wans"]]


def link_state(lab: Any, wan: str) -> str:
    state: str = relais(lab, "status")["wans"][wan]["state"]
    return state


def answers(lab: Any) -> bool:
    return lab.exec("gw", "relais", "status").returncode == 0


@pytest.fixture
def gateway(site_lab: Any) -> Any:
    """The provisioned site at rest."""
    site_lab.at_rest()
    return site_lab


@pytest.mark.parametrize(
    "blow",
    ["systemctl restart relaisd", "systemctl kill -s KILL relaisd", "systemctl stop relaisd"],
)
def test_losing_the_daemon_loses_no_packet(gateway: Any, blow: str) -> None:
    with gateway.stream(ECHO, 6) as losses:
        assert gateway.exec("gw", "sh", "-c", blow).returncode == 0
    assert losses["sent"] >= 500
    assert losses["lost"] == 0


def test_a_killed_daemon_is_started_again_and_changes_nothing(gateway: Any) -> None:
    before = gateway.exec("gw", "nft", "list", "map", "inet", "relais", "steer").stdout
    last = relais(gateway, "status")["started_at"]
    gateway.exec("gw", "systemctl", "kill", "-s", "KILL", "relaisd")
    gateway.wait(
        "a new daemon", lambda: answers(gateway) and relais(gateway, "status")["started_at"] != last
    )
    gateway.wait("fibre is proved", lambda: link_state(gateway, "fibre") == "up")
    assert gateway.exec("gw", "nft", "list", "map", "inet", "relais", "steer").stdout == before
    kinds = {event["kind"] for event in relais(gateway, "events")["events"]}
    assert "switch" not in kinds


def test_a_restart_on_the_backup_stays_on_the_backup(gateway: Any) -> None:
    gateway.do("fault", "isp-fibre", "silent")
    gateway.wait("web leaves the fibre", lambda: uses(gateway, "web") == ["lte"])
    gateway.do("fault", "isp-fibre", "clear")
    gateway.exec("gw", "systemctl", "restart", "relaisd")
    gateway.wait("the daemon answers", lambda: answers(gateway))
    gateway.wait("fibre answers", lambda: link_state(gateway, "fibre") == "recovering")
    assert uses(gateway, "web") == ["lte"]
    gateway.wait("web comes back", lambda: uses(gateway, "web") == ["fibre"])


def test_a_drain_by_hand_outlives_a_restart(gateway: Any) -> None:
    assert relais(gateway, "link", "fibre", "drain")["changed"] is True
    assert uses(gateway) == ["lte"]
    gateway.exec("gw", "systemctl", "restart", "relaisd")
    gateway.wait("the daemon answers", lambda: answers(gateway))
    gateway.wait("fibre answers", lambda: link_state(gateway, "fibre") == "up")
    assert uses(gateway) == ["lte"]


def test_without_the_daemon_the_lan_keeps_the_last_choice(gateway: Any) -> None:
    relais(gateway, "link", "lte", "force")
    gateway.exec("gw", "systemctl", "stop", "relaisd")
    assert gateway.ping("lan", ECHO)
    shown = gateway.exec("lan", "curl", "-s", "--max-time", "5", f"http://{ECHO}/").stdout
    lte = json.loads((gateway.exec("gw", "cat", "/run/relais/state.json")).stdout)["wans"]["lte"]
    assert lte["address"].split("/")[0] in shown


def test_the_daemon_listens_to_no_network(gateway: Any) -> None:
    listeners = gateway.exec("gw", "ss", "-Hlntup").stdout
    assert "sshd" in listeners, "ss shows programs"
    assert "relais" not in listeners


def test_a_silent_cut_moves_flows_of_the_dead_line_only(gateway: Any) -> None:
    relais(gateway, "link", "lte", "force")
    assert gateway.ping("lan", "198.51.100.200")
    relais(gateway, "link", "lte", "auto")
    assert gateway.ping("lan", "198.51.100.70")
    with gateway.stream(ECHO, 8) as losses:
        gateway.do("fault", "isp-fibre", "silent")
        gateway.wait("voice leaves the fibre", lambda: uses(gateway) == ["lte"])
        gateway.wait("fibre is down", lambda: link_state(gateway, "fibre") == "down")
    assert 0 < losses["lost"] < losses["sent"] / 2, "the fixed flow works again on the backup"
    evictions = [e for e in relais(gateway, "events")["events"] if e["kind"] == "evict"]
    assert {event["wan"] for event in evictions} == {"fibre"}


def test_an_open_tcp_connection_on_the_dead_line_is_reset_when_it_next_speaks(
    gateway: Any,
) -> None:
    talk = (
        "import socket,sys,time\n"
        f"s=socket.create_connection(('{ECHO}',5061),5); s.settimeout(20)\n"
        "s.send(b'a'); s.recv(1); print('open',flush=True)\n"
        "try:\n"
        "  while True: s.send(b'b'); time.sleep(0.1)\n"
        "except ConnectionResetError: print('reset',flush=True)\n"
    )
    namespace = gateway.status()["nodes"]["lan"]["namespace"]
    argv = ["timeout", "30", "ip", "netns", "exec", namespace, "python3", "-c", talk]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "open\n"
        gateway.do("fault", "isp-fibre", "silent")
        assert client.stdout.readline() == "reset\n"


@pytest.mark.parametrize("fault", ["silent", "carrier"])
def test_a_thousand_idle_sessions_of_each_ip_version_are_told(gateway: Any, fault: str) -> None:
    wait = (
        "import collections,resource,select,socket\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE,(4096,4096))\n"
        f"hosts=('{ECHO}','{ECHO6}')\n"
        "made=[socket.create_connection((hosts[n//2%2],(443,5061)[n%2]),5) for n in range(2000)]\n"
        "poll=select.poll(); by={}\n"
        "for s in made: s.send(b'x'); s.recv(1); poll.register(s,select.POLLIN); by[s.fileno()]=s\n"
        "print('open',flush=True)\n"
        "told=collections.Counter()\n"
        "while by:\n"
        "  ready=poll.poll(30000)\n"
        "  if not ready:\n"
        "    told.update(f'{s.family.name} stuck' for s in by.values()); break\n"
        "  for number,_ in ready:\n"
        "    poll.unregister(number); s=by.pop(number)\n"
        "    try: how='data' if s.recv(9) else 'end'\n"
        "    except ConnectionResetError: how='reset'\n"
        "    told[f'{s.family.name} {how}']+=1\n"
        "print(dict(sorted(told.items())),flush=True)\n"
    )
    namespace = gateway.status()["nodes"]["lan"]["namespace"]
    argv = ["timeout", "90", "ip", "netns", "exec", namespace, "python3", "-c", wait]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "open\n"
        gateway.do("fault", "isp-fibre", fault)
        told = client.stdout.readline()
        assert told == "{'AF_INET reset': 1000, 'AF_INET6 reset': 1000}\n"


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("link", "fiber", "drain"), 1, "'fiber' is no WAN of this gateway; known: fibre, lte"),
        (("why", "voip"), 1, "'voip' is no service; known: voice, vpn, web, default"),
        (("link", "fibre", "off"), 2, "invalid choice: 'off'"),
    ],
)
def test_a_wrong_word_gets_one_clear_error(
    gateway: Any, words: tuple[str, ...], status: int, told: str
) -> None:
    result = gateway.exec("gw", "relais", *words)
    assert result.returncode == status
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_forcing_a_dead_line_is_refused(gateway: Any) -> None:
    gateway.do("fault", "isp-lte", "carrier")
    gateway.wait("lte is down", lambda: link_state(gateway, "lte") == "down")
    answer = relais(gateway, "link", "lte", "force")
    assert answer["error"]["code"] == "link_not_working"
    assert uses(gateway) == ["fibre"]


def test_a_stopped_daemon_is_named_as_such(gateway: Any) -> None:
    gateway.exec("gw", "systemctl", "stop", "relaisd")
    result = gateway.exec("gw", "relais", "status")
    assert result.returncode == 3
    assert "systemctl status relaisd" in result.stderr


def test_why_tells_the_rule_the_inputs_and_what_led_there(gateway: Any) -> None:
    gateway.do("fault", "isp-fibre", "carrier")
    gateway.wait("voice leaves the fibre", lambda: uses(gateway) == ["lte"])
    why = relais(gateway, "why", "voice")["services"]["voice"]
    assert why["rule"] == "failover"
    assert why["inputs"]["fibre"]["carrier"] is False
    event = next(e for e in why["events"] if e["id"] == why["event"])
    assert event["what"] == "voice: fibre to lte"
    page = gateway.exec("gw", "relais", "why", "voice").stdout
    assert len(page.splitlines()) <= 24
    assert why["event"] in page


def test_a_recorded_cut_is_decided_again(gateway: Any, tmp_path: Path) -> None:
    gateway.do("fault", "isp-fibre", "silent")
    gateway.wait("voice leaves the fibre", lambda: uses(gateway) == ["lte"])
    choice = relais(gateway, "why", "voice")["services"]["voice"]["event"]
    written = ("replay", choice, "--export", "/tmp/cut.jsonl")
    gateway.wait("the recording", lambda: "error" not in relais(gateway, *written))
    told = relais(gateway, *written)
    assert told["difference"] is None
    assert choice in [decision.get("id") for decision in told["decisions"]]
    assert "all as recorded" in gateway.exec("gw", "relais", "replay", choice).stdout
    trace = tmp_path / "cut.jsonl"
    trace.write_text(gateway.exec("gw", "cat", "/tmp/cut.jsonl").stdout, encoding="utf-8")
    there = [sys.executable, PYZ, "simulate", "--trace", trace]
    again = subprocess.run(there, check=True, capture_output=True, text=True).stdout
    assert "voice: fibre to lte" in again


def test_a_brownout_moves_services_and_resets_nothing(gateway: Any) -> None:
    before = relais(gateway, "status")["last_event"]
    gateway.do("fault", "isp-fibre", "loss", "30")
    gateway.wait("voice leaves the fibre", lambda: uses(gateway) == ["lte"])
    gateway.wait(
        "fibre is degraded",
        lambda: relais(gateway, "status")["wans"]["fibre"]["quality"] == "degraded",
    )
    events = relais(gateway, "events", "--after", str(before))["events"]
    assert [event for event in events if event["kind"] == "evict"] == []
