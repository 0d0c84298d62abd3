# SPDX-License-Identifier: GPL-3.0-or-later
"""What scripts/demo says about its drills."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "_demo_words.py"


def drill(verdict: str, outage_ms: int, existing_ms: int | None) -> dict[str, Any]:
    voice = {"sent": 200, "lost": 4, "outage_ms": outage_ms, "existing_ms": existing_ms}
    voice |= {"before": "fibre", "during": "lte", "budget_ms": 1000, "ok": verdict == "pass"}
    return {
        "fault": {"kind": "silent", "wan": "fibre", "seconds": 20},
        "services": {"voice": voice},
        "sessions": {"tcp_open": 20, "tcp_stuck": 0},
        "failback": {"outage_ms": 0, "needless_resets": 0},
        "reasons": [] if verdict == "pass" else ["voice: 1800 ms, allowed 1000 ms"],
        "verdict": verdict,
    }


def said_of(tmp_path: Path, *drills: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    paths = [tmp_path / f"{number}.json" for number in range(len(drills))]
    for path, one in zip(paths, drills, strict=True):
        path.write_text(json.dumps(one), encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(SCRIPT), *paths], check=False, capture_output=True, text=True
    )


def test_drills_that_passed_are_told_in_words_and_in_a_table(tmp_path: Path) -> None:
    said = said_of(tmp_path, drill("pass", 180, 940), drill("pass", 210, None))
    assert said.returncode == 0, said.stderr
    assert "worked again after 180 ms, on lte." in said.stdout
    table = [re.split(r" {2,}", line) for line in said.stdout.split("\n\n")[1].splitlines()]
    service = ["silent", "voice", "fibre -> lte"]
    assert table[2] == [*service, "180 ms", "1000 ms", "940 ms", "4 of 200", "ok"]
    assert table[3] == [*service, "210 ms", "1000 ms", "-", "4 of 200", "ok"]


def test_one_drill_that_failed_fails_the_demo_and_says_why(tmp_path: Path) -> None:
    said = said_of(tmp_path, drill("pass", 180, 940), drill("fail", 1800, 1900))
    assert said.returncode == 1
    assert "Verdict: fail. voice: 1800 ms, allowed 1000 ms" in said.stdout
