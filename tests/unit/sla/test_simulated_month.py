# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated month, from the simulator's journal through the export to the script's verdict."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from relais.cli import main
from world import document

SCRIPT = Path(__file__).with_name("recompute.py")
DAY_S = 86_400


def configuration() -> dict[str, Any]:
    """Probes at a third of a minute: a simulated day then takes some three seconds."""
    content = copy.deepcopy(document()) | {"timezone": "Europe/Paris"}
    content["policy"] = {"probe_interval_ms": 20_000}
    content["wans"][0] |= {
        "operator": "Operator A",
        "repair_time_hours": 4,
        "availability_percent": 99.9,
    }
    content["wans"][1] |= {"operator": "Operator B"}
    return content


def cuts(*places: tuple[float, float]) -> list[dict[str, object]]:
    """Outages, each from so many days after the beginning for so many seconds."""
    at = [{"start_s": days * DAY_S, "seconds": seconds} for days, seconds in places]
    return [{"model": "outage", "at": at}]


SCENARIO = {
    "schema": "relais.scenario/1",
    "name": "a month with cuts",
    "links": {
        "fibre": {"rtt_ms": 8, "jitter_ms": 1, "models": cuts((0.4, 16_000), (1.3, 600))},
        "lte": {"rtt_ms": 45, "jitter_ms": 5, "models": cuts((1.303, 900))},
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in (("config", configuration()), ("model", SCENARIO)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return tmp_path


def relais(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert main([str(word) for word in words]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("days", [2, pytest.param(31, marks=pytest.mark.slow)])
def test_a_simulated_month_is_found_again_in_its_export_to_the_last_digit(
    days: int, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The days of a month that a run of every change can spare; all of them with `-m slow`."""
    kept, config = folder / "journal.db", folder / "config.json"
    world = ("--model", folder / "model.json", "--config", config)
    relais(capsys, "simulate", *world, "--days", days, "--journal", kept, "--begin", "2026-10-01")
    month = ("--month", "2026-10", "--journal", kept, "--config", config)
    text = relais(capsys, "sla", *month, "--json")
    (folder / "sla.json").write_text(text, encoding="utf-8")
    export = [
        relais(capsys, "export", "--journal", kept, "--table", "rolls", "--step", step)
        for step in (3600, 60, 1)
    ]
    for table in ("periods", "events"):
        export.append(relais(capsys, "export", "--journal", kept, "--table", table))
    (folder / "export.jsonl").write_text("".join(export), encoding="utf-8")

    fibre, lte = (group["links"][0] for group in json.loads(text)["operators"])
    assert [one["repaired_in_time"] for one in fibre["outages"]] == ["missed", "kept"]
    assert fibre["contract_kept"] == "missed"
    assert fibre["loss"]["sent"] > 1000 and lte["loss"]["sent"] > 100
    assert lte["availability"]["observed_ms"] > (days - 1) * DAY_S * 1000

    files = [folder / name for name in ("export.jsonl", "sla.json", "config.json")]
    found = subprocess.run(
        [sys.executable, "-I", SCRIPT, *files], capture_output=True, text=True, check=False
    )
    assert found.stdout == "every figure agrees to the last digit\n", found.stdout + found.stderr
