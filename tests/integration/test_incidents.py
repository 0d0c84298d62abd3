# SPDX-License-Identifier: GPL-3.0-or-later
"""One fault on a real line is one incident, true to what a client felt, whatever befalls the
daemon meanwhile. That of a drill is looked at in test_drill.py."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

ECHO = "198.51.100.10"
SLACK_S = 1.0
"""A client's datagrams and the gateway's counters are looked at apart from each other."""


@pytest.fixture
def gateway(site_lab: Any) -> Any:
    """The provisioned site at rest."""
    site_lab.at_rest()
    return site_lab


def incidents(lab: Any, known: set[str]) -> list[dict[str, Any]]:
    """Those that have begun since."""
    found = lab.relais("incidents")["incidents"]
    return [one for one in found if one["id"] not in known]


def seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()


def test_a_silent_fault_is_one_incident_although_the_daemon_is_killed_in_it(gateway: Any) -> None:
    known = {one["id"] for one in gateway.relais("incidents")["incidents"]}
    with gateway.stream(ECHO) as felt:
        gateway.do("fault", "isp-fibre", "blackhole")
        gateway.wait("an incident on backup", lambda: _state(gateway, known) == ["on_backup"])
        (before,) = incidents(gateway, known)
        assert gateway.relais("status")["incidents"] == [before["id"]]
        gateway.wait("it is no short one", lambda: _classes(gateway, known) == ["upstream"])
        clocks = {event["id"]: event for event in gateway.relais("events")["events"]}
        gateway.exec("gw", "systemctl", "kill", "-s", "KILL", "relaisd")
        gateway.wait("a daemon answers", lambda: "wans" in _status(gateway))
        gateway.do("fault", "isp-fibre", "clear")
    gateway.wait("the incident ends", lambda: _state(gateway, known) == ["ended"], within_s=120)
    (incident,) = incidents(gateway, known)
    assert (incident["id"], incident["class"]) == (before["id"], "upstream")
    assert incident["segment"]["where"] == "upstream"
    steps = ("began_at", "detected_at", "switched_at", "recovered_at", "failed_back_at", "ended_at")
    instants = [incident[step] for step in steps]
    assert instants == sorted(instants)
    assert {name: entry["impact"] for name, entry in incident["services"].items()} == {
        name: "moved" for name in ("voice", "vpn", "web", "default")
    }
    assert incident["spent_bytes"]["lte"] > 0
    said = [entry["what"] for entry in incident["timeline"]]
    order = ("fibre lost", "fibre down", "relaisd starts", "fibre recovering", "fibre up")
    assert [what for what in said if what in order] == list(order)
    _as_felt(incident, felt, clocks)
    live = incidents(gateway, known)
    gateway.exec("gw", "relais", "incidents", "--rebuild")
    assert [one["id"] for one in incidents(gateway, known)] == [one["id"] for one in live]


def _as_felt(incident: dict[str, Any], felt: dict[str, Any], clocks: dict[str, Any]) -> None:
    """Every datagram that the client lost left while voice was dark by the incident."""
    event = next(clocks[e["id"]] for e in incident["timeline"] if e["id"] in clocks)
    offset = seconds(event["at"]) - event["mono_ms"] / 1000
    began = seconds(incident["began_at"])
    ended = began + incident["services"]["voice"]["outage_ms"] / 1000
    assert felt["lost"] > 0
    lost = [at + offset for at in felt["lost_at"]]
    assert began - SLACK_S < min(lost) <= max(lost) < ended + SLACK_S


def _state(lab: Any, known: set[str]) -> list[str]:
    return [one["state"] for one in incidents(lab, known)]


def _classes(lab: Any, known: set[str]) -> list[str]:
    return [one["class"] for one in incidents(lab, known)]


def _status(lab: Any) -> str:
    return str(lab.exec("gw", "relais", "status", "--json").stdout)
