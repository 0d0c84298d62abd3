# SPDX-License-Identifier: GPL-3.0-or-later
"""Another release, another daemon or none: the LAN sees no difference, nothing is forgotten."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

ECHO = "198.51.100.10"
WITHOUT_DAEMON_S = float(os.environ.get("RELAIS_WITHOUT_DAEMON_S", "8"))
FAILBACK_AFTER_MS = 8000
NOTHING: dict[str, dict[str, int]] = {"fibre": {}, "lte": {}}


@pytest.fixture
def two_releases(office: Any, newer: str, own: str) -> Any:
    """The gateway runs its own release and has the next one as well."""
    if "99.2.0-" not in office.releases():
        done = office.site(runtime_artifact=newer)
        assert done.returncode == 0, done.stdout[-4000:]
    if office.status()["version"] != own:
        office.run("relais-release", "rollback")
    return office


def test_upgrades_and_rollbacks_are_felt_by_nobody(office: Any, newer: str, own: str) -> None:
    with office.at_work() as seen:
        before, marks = office.kernel(), office.marks()
        assert len(set(marks.values())) > 4, "of several services on both lines"
        for version, variables in (
            ("99.2.0", {"runtime_artifact": newer}),
            (own, {"runtime_version": own}),
        ):
            done = office.site(**variables)
            assert done.returncode == 0, done.stdout[-4000:]
            assert (office.status()["version"], office.happened()) == (version, [])
        for version in ("99.2.0", own):
            office.run("relais-release", "rollback")
            assert (office.status()["version"], office.happened()) == (version, [])
        assert office.kernel() == before
        assert marks.items() <= office.marks().items()
    assert seen.sent > 1000
    assert (seen.lost, seen.broken) == ({"fibre": 0, "lte": 0}, NOTHING), seen


def test_a_release_that_dies_is_left_for_the_one_before(office: Any, dying: str, own: str) -> None:
    with office.at_work() as seen:
        before = office.kernel()
        done = office.site(runtime_artifact=dying)
        assert done.returncode != 0
        told = f" does not work (RuntimeError: a defect of this release); {own}-"
        assert told in done.stdout + done.stderr, done.stdout[-4000:]
        assert office.status()["version"] == own
        assert (office.kernel(), office.happened()) == (before, [])
    assert (seen.lost, seen.broken) == ({"fibre": 0, "lte": 0}, NOTHING), seen


def test_a_release_that_refuses_the_configuration_is_never_run(office: Any, narrow: str) -> None:
    pid = office.run("systemctl", "show", "--property=MainPID", "relaisd")
    done = office.site(runtime_artifact=narrow)
    assert done.returncode != 0
    assert "relais.config/2" in done.stdout + done.stderr
    place = "/opt/relais/releases/99.4.0-narrow"
    text = base64.b64encode(Path(narrow).read_bytes()).decode()
    unpack = f"mkdir {place}; base64 -d > {place}/relais.pyz; chmod +x {place}/relais.pyz"
    assert office.lab.exec("gw", "sh", "-c", unpack, stdin=text).returncode == 0
    refused = office.lab.exec("gw", "relais-release", "use", "99.4.0")
    office.run("rm", "-r", place)
    assert refused.returncode == 1
    assert "knows neither the present configuration nor one of its own" in refused.stderr
    assert office.run("systemctl", "show", "--property=MainPID", "relaisd") == pid


def test_an_upgrade_in_the_midst_of_an_outage_touches_no_flow(two_releases: Any) -> None:
    office, lab = two_releases, two_releases.lab
    lab.do("fault", "isp-fibre", "silent")
    lab.wait("fibre is given up", lambda: "dead" in dead(office))
    lab.wait("every service is on lte", lambda: used(office) == {"lte"})
    with lab.stream(ECHO) as losses, office.sessions() as sessions:
        before = office.kernel()
        office.run("relais-release", "use", "99.2.0")
        assert (office.kernel(), office.happened()) == (before, [])
        assert office.states() == {"fibre": "down", "lte": "up"}
        lab.do("fault", "isp-fibre", "clear")
        lab.wait("fibre is back", lambda: office.states()["fibre"] == "up")
    assert losses["lost"] == 0
    assert set(sessions) == {"open", "longest_pause_ms"}, sessions
    office.run("relais-release", "rollback")


def dead(office: Any) -> str:
    """The set of evicted marks, which names itself when there are any."""
    listed: str = office.run("nft", "list", "set", "inet", "relais", "dead")
    return "dead" if "elements" in listed else ""


def used(office: Any) -> set[str]:
    """Lines in use."""
    services = office.status()["services"].values()
    return {member["wan"] for service in services for member in service["wans"]}


def drained(office: Any) -> None:
    office.lab.relais("link", "fibre", "drain", "--for", "1h")


def forced(office: Any) -> None:
    office.lab.relais("link", "lte", "force")


def down(office: Any) -> None:
    office.lab.do("fault", "isp-fibre", "carrier")
    office.lab.wait("all is on lte", lambda: used(office) == {"lte"})


@pytest.mark.parametrize("situation", [drained, forced, down])
def test_what_was_known_is_known_to_the_next_daemon(
    office: Any, situation: Callable[[Any], None]
) -> None:
    situation(office)
    before, nft = office.status(), office.kernel()["nft"]
    office.run("systemctl", "restart", "relaisd")
    office.lab.wait("the next daemon answers", office.answers)
    after = office.status()
    assert after["started_at"] != before["started_at"]
    assert (office.kernel()["nft"], office.happened()) == (nft, [])
    assert after["services"] == before["services"]
    for name, wan in after["wans"].items():
        was = before["wans"][name]
        for key in ("state", "admin", "quality", "reason"):
            assert wan[key] == was[key], (name, key)
        assert 0.9 * was["penalty"] <= wan["penalty"] <= was["penalty"], name
        assert abs(seconds(wan["since"], was["since"])) < 0.01, name


def seconds(later: str, earlier: str) -> float:
    """Between two instants (RFC 3339)."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def test_the_time_that_a_line_has_behaved_is_not_begun_anew(office: Any) -> None:
    office.lab.do("fault", "isp-fibre", "silent")
    office.lab.wait("fibre is down", lambda: office.states()["fibre"] == "down")
    office.lab.do("fault", "isp-fibre", "clear")
    answers = 'relais status --json | grep -q \'"state": "recovering"\''
    credit = "for n in 1 2 3 4 5; do relais status; done >/dev/null"
    office.run("sh", "-c", f"until {answers}; do :; done; {credit}; systemctl restart relaisd")
    office.lab.wait("fibre is back", lambda: "fibre up" in office.happened())
    told = office.lab.relais("events")["events"]
    begun = next(event["mono_ms"] for event in told if event["kind"] == "daemon")
    back = next(event["mono_ms"] for event in told if event["what"] == "fibre up")
    assert back - begun < FAILBACK_AFTER_MS, "it was given credit for the time before"


def test_without_a_daemon_nothing_changes_for_the_lan(office: Any) -> None:
    with office.at_work() as seen:
        before = office.kernel()
        office.run("systemctl", "stop", "relaisd")
        with office.lab.stream(ECHO, WITHOUT_DAEMON_S) as new:
            assert office.lab.client("lan", "tcp", ECHO, "443").returncode == 0
            assert office.lab.client("lan", "dns-udp", "192.0.2.1", "www.example.com").stdout
        assert (office.kernel(), new["lost"]) == (before, 0)
        office.run("systemctl", "start", "relaisd")
        office.lab.wait("the daemon answers", office.answers)
        assert (office.kernel(), office.happened()) == (before, [])
    assert (seen.lost, seen.broken) == ({"fibre": 0, "lte": 0}, NOTHING), seen
