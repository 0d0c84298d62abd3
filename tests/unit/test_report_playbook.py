# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook `report`, run for real, with this machine for the gateway."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from relais.shell import chain
from relais.shell.incidents import SCHEMA

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(sys.executable).with_name("ansible-playbook")
SITE = {
    "relais_site": {"name": "Cabinet Exemple", "timezone": "Europe/Paris", "staff": 45},
    "relais_wans": [
        {"name": "fibre", "interface": "wan1", "method": "static", "address": "203.0.113.2/30",
         "gateway": "203.0.113.1", "operator": "Operator A", "contract": "A-123",
         "support_phone": "+33199000001", "repair_time_hours": 4},
        {"name": "lte", "interface": "wan2", "method": "dhcp", "operator": "Operator B"},
    ],
    "relais_lan": {"interface": "lan0", "address": "192.0.2.1/24"},
}  # fmt: skip


RELAIS = """\
#!/bin/sh
[ "$1" = --version ] || set -- "$@" --journal {journal}
exec {python} -m relais "$@"
"""
"""The command of a gateway whose journal is in another place."""


def ago(hours: float) -> str:
    at = datetime.now(UTC) - timedelta(hours=hours)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fault(name: str, ended_at: str | None) -> dict[str, Any]:
    return {
        "schema": "relais.incident/1", "id": name, "site": "Cabinet Exemple", "gateway": "gw",
        "timezone": "Europe/Paris", "class": "access", "importance": "normal",
        "state": "ended" if ended_at else "open", "wans": ["fibre"],
        "began_at": ago(1100), "detected_at": ago(1100),
        "switched_at": None, "recovered_at": ended_at, "failed_back_at": None,
        "ended_at": ended_at, "segment": None, "spent_bytes": {}, "operator": None,
        "services": {}, "timeline": [],
    }  # fmt: skip


def play(
    home: Path, incidents: list[dict[str, Any]], **extra: Any
) -> subprocess.CompletedProcess[str]:
    """Run the playbook on a gateway that knows these incidents."""
    journal = home / "journal.db"
    with sqlite3.connect(journal) as opened:
        opened.executescript(SCHEMA)
        for one in incidents:
            row = (one["id"], one["began_at"], one["ended_at"], one["class"], "fibre")
            opened.execute(
                "INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?)", (*row, json.dumps(one))
            )
        opened.executescript(chain.SCHEMA)
        opened.execute("INSERT INTO chain VALUES ('events', 7, '[7]', zeroblob(32))")
    command = home / "bin" / "relais"
    command.parent.mkdir(exist_ok=True)
    command.write_text(RELAIS.format(python=sys.executable, journal=journal), encoding="utf-8")
    command.chmod(0o755)
    here = {"ansible_connection": "local", "ansible_become": False}
    here["ansible_python_interpreter"] = sys.executable
    inventory = home / "hosts.yml"
    inventory.write_text(
        yaml.safe_dump({"all": {"hosts": {"gw": {**here, **SITE}}}}), encoding="utf-8"
    )
    given = home / "extra.yml"
    given.write_text(yaml.safe_dump({"report_dir": str(home / "out"), **extra}), encoding="utf-8")
    kept = {key: value for key, value in os.environ.items() if key != "XDG_RUNTIME_DIR"}
    return subprocess.run(
        [PROGRAM, "relais.continuity.report", "-i", inventory, "-e", f"@{given}"],
        env={
            **kept,
            "PATH": f"{command.parent}:{os.environ['PATH']}",
            "HOME": str(home),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build" / "collections"),
            "ANSIBLE_HOME": str(home),
            "ANSIBLE_NOCOLOR": "1",
            "LC_ALL": "C.UTF-8",
        },
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_last_incident_that_ended_is_told_in_both_languages(tmp_path: Path) -> None:
    known = [
        fault("20261128T200500Z-fibre", ago(1)),
        fault("20261128T100000Z-fibre", ago(10)),
        fault("20261128T230000Z-fibre", None),
    ]
    done = play(tmp_path, known)
    assert done.returncode == 0, done.stdout + done.stderr
    name = "gw-20261128T200500Z-fibre"
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {f"{name}.json", f"{name}-en.html", f"{name}-fr.html"}
    english = (tmp_path / "out" / f"{name}-en.html").read_text(encoding="utf-8")
    assert "Operator A" in english and "A-123" in english and "+33199000001" in english
    assert f"7-{64 * '0'}" in english
    assert f"{name}-fr.html" in done.stdout
    kept = json.loads((tmp_path / "out" / f"{name}.json").read_text(encoding="utf-8"))
    assert kept == known[0]


def test_an_incident_can_be_named_and_so_can_its_files(tmp_path: Path) -> None:
    known = [fault("20261128T200500Z-fibre", None)]
    done = play(
        tmp_path, known, report_incident=known[0]["id"], report_name="incident",
        report_languages=["fr"],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "incident.json",
        "incident-fr.html",
    }


@pytest.mark.parametrize(
    "known",
    [
        [],
        [fault("20261128T200500Z-fibre", None)],
        [fault("20261001T200500Z-fibre", ago(1000))],
    ],
    ids=["none", "open", "old"],
)
def test_a_gateway_without_an_ended_incident_says_so(
    tmp_path: Path, known: list[dict[str, Any]]
) -> None:
    done = play(tmp_path, known)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no incident has ended" in done.stdout
    assert not (tmp_path / "out").exists()


def test_an_unknown_incident_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    known = [fault("20261128T200500Z-fibre", ago(1))]
    done = play(tmp_path, known, report_incident="20200101T000000Z-fibre")
    assert done.returncode == 2
    assert "'20200101T000000Z-fibre' is no incident" in done.stdout
