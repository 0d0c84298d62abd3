# SPDX-License-Identifier: GPL-3.0-or-later
"""How scripts/demo holds a drill's incident against the drill."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "_demo_incident.py"
DRILL: dict[str, Any] = {
    "id": "20261128T200459Z-silent-fibre",
    "fault": {"kind": "silent", "wan": "fibre", "seconds": 20,
              "injected_at": "2026-11-28T20:05:00.000Z"},
    "timeline": [
        {"at_ms": 0, "what": "fault injected", "source": "drill"},
        {"at_ms": 150, "what": "fibre lost", "source": "daemon"},
        {"at_ms": 20400, "what": "fibre up", "source": "daemon"},
    ],
}  # fmt: skip
INCIDENT: dict[str, Any] = {
    "id": "20261128T200459Z-fibre",
    "class": "drill",
    "wans": ["fibre"],
    "began_at": "2026-11-28T20:04:59.990Z",
    "timeline": [
        {"at": "2026-11-28T20:05:00.152Z", "what": "fibre lost"},
        {"at": "2026-11-28T20:05:20.401Z", "what": "fibre up"},
        {"at": "2026-11-28T20:05:30.000Z", "what": "fibre no longer suppressed"},
    ],
}


def asked(tmp_path: Path, *incidents: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    drill, known = tmp_path / "drill.json", tmp_path / "incidents.json"
    drill.write_text(json.dumps(DRILL), encoding="utf-8")
    known.write_text(json.dumps({"incidents": incidents}), encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(SCRIPT), drill, known], check=False, capture_output=True, text=True
    )


def test_the_incident_of_the_drill_is_found_among_others(tmp_path: Path) -> None:
    others = [{**INCIDENT, "id": "later", "began_at": "2026-11-28T20:06:00.000Z"},
              {**INCIDENT, "id": "real", "class": "access"},
              {**INCIDENT, "id": "lte", "wans": ["lte"]}]  # fmt: skip
    said = asked(tmp_path, *others, INCIDENT)
    assert (said.returncode, said.stdout) == (0, f"{INCIDENT['id']}\n"), said.stderr


def test_a_drill_without_an_incident_is_told(tmp_path: Path) -> None:
    said = asked(tmp_path, {**INCIDENT, "class": "access"})
    assert said.returncode == 1
    assert "has left no incident; there is: 20261128T200459Z-fibre (access)" in said.stderr


def test_an_incident_that_tells_it_otherwise_is_refused(tmp_path: Path) -> None:
    wrong = copy.deepcopy(INCIDENT)
    wrong["timeline"][0]["at"] = "2026-11-28T20:05:01.000Z"
    wrong["timeline"].insert(1, {"at": "2026-11-28T20:05:02.000Z", "what": "fibre partial"})
    said = asked(tmp_path, wrong)
    assert said.returncode == 1
    assert "fibre lost at 1000 ms; in the drill at [150] ms" in said.stderr
    assert "fibre partial at 2000 ms; in the drill at [] ms" in said.stderr
    silent = asked(tmp_path, {**INCIDENT, "timeline": []})
    assert silent.returncode == 1
    assert "tells none of its events" in silent.stderr
