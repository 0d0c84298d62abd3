# SPDX-License-Identifier: GPL-3.0-or-later
"""Another program finds the same figures in the export, to the last digit."""

from __future__ import annotations

import copy
import importlib.util
import json
import random
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from months import AVAILABLE, DOWN, HOUR_S, MICRO, at_ms, journal, link, measured, roll, service
from relais.cli import main
from relais.core.history.model import Period, Roll
from world import document

SCRIPT = Path(__file__).with_name("recompute.py")
BEGIN, END = at_ms("2026-10-01T00:00"), at_ms("2026-11-01T00:00")
HOUR_MS = HOUR_S * 1000


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recompute", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def some_nights(seed: int) -> list[dict[str, Any]]:
    """Measurements on some nights, of the months beside it too."""
    dice = random.Random(seed)
    found = []
    for seq, night in enumerate(range(BEGIN - 48 * HOUR_MS, END + 48 * HOUR_MS, 24 * HOUR_MS)):
        down, up = (round(dice.uniform(20, 990), 1) for _way in range(2))
        sold = dice.choice([(500, 200.5), (1000, None), (0.1, 7)])
        some = measured(seq, night + dice.randint(0, HOUR_MS), down, up, sold=sold)
        some["inputs"][dice.choice(["down_mbit", "up_mbit", "nothing"])] = None
        found.append(some)
    return found


def some_month(seed: int) -> tuple[list[Period], list[Roll]]:
    """A month full of trouble: gaps, drills, outages over the edges, and hours cut to pieces."""
    dice = random.Random(seed)
    periods: list[Period] = []
    rolls: list[Roll] = []
    for wan, base_us in (("fibre", 4000), ("lte", 40_000)):
        now_ms = BEGIN - 3 * HOUR_MS
        while now_ms < END + 3 * HOUR_MS:
            kind = dice.choice([AVAILABLE, AVAILABLE, MICRO, DOWN])
            longest = {AVAILABLE: 60 * HOUR_MS, MICRO: 900, DOWN: 6 * HOUR_MS}[kind]
            length_ms = dice.randint(1, longest)
            excused = dice.random() < 0.15
            periods.append(link(kind, now_ms, now_ms + length_ms, excused=excused, wan=wan))
            now_ms += length_ms + (dice.randint(1, HOUR_MS) if dice.random() < 0.1 else 0)
        for hour in range(BEGIN // 1000, END // 1000, HOUR_S):
            if dice.random() < 0.02:
                continue
            finer = hour >= (END - 3 * HOUR_MS) // 1000 or dice.random() < 0.01
            steps = [HOUR_S, *((60,) if finer else ())]
            for step in steps:
                for at_s in range(hour, hour + HOUR_S, step):
                    trips = [
                        int(base_us * dice.lognormvariate(0, 0.2)) for _trip in range(step // 90)
                    ]
                    rolls.append(roll(at_s, step, trips, lost=dice.randint(0, 2), wan=wan))
    now_ms = BEGIN
    while now_ms < END:
        length_ms = dice.randint(1, 30 * HOUR_MS)
        periods.append(service(AVAILABLE, now_ms, now_ms + length_ms))
        dark_ms = dice.randint(1, 5000)
        periods.append(service(DOWN, now_ms + length_ms, now_ms + length_ms + dark_ms))
        now_ms += length_ms + dark_ms
    periods.append(link(AVAILABLE, BEGIN, BEGIN + HOUR_MS, wan="taken away"))
    return periods, rolls


def exported(
    periods: list[Period], rolls: list[Roll], events: list[dict[str, Any]] | None = None
) -> list[str]:
    lines = [json.dumps({"table": "rolls", **asdict(one)}) for one in rolls]
    lines += [json.dumps({"table": "events", **one}) for one in events or ()]
    return lines + [json.dumps({"table": "periods", **asdict(one)}) for one in periods]


def configuration() -> dict[str, Any]:
    content = copy.deepcopy(document()) | {"timezone": "Europe/Paris"}
    content["wans"][0] |= {
        "operator": "Operator A",
        "repair_time_hours": 3.5,
        "availability_percent": 97.3,
    }
    content["wans"][1] |= {"operator": "Operator B", "availability_percent": 99.9}
    return content


def figures(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    assert main(["sla", "--json", *map(str, words)]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


@pytest.mark.parametrize("seed", range(2))
def test_every_figure_of_a_month_full_of_trouble_is_found_again(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """October 2026 has an hour twice."""
    periods, rolls = some_month(seed)
    nights = some_nights(seed)
    kept = journal(tmp_path / "journal.db", periods, rolls, nights)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(configuration()), encoding="utf-8")
    recompute = script()
    asked: tuple[tuple[str, ...], ...] = (
        ("--month", "2026-10"),
        ("--month", "2026-10", "--wan", "lte"),
        ("--from", "2026-10-31T21:07:03", "--to", "2026-10-31T23:59:30.250"),
    )
    sent = filled = 0
    for words in asked:
        told = figures(capsys, *words, "--journal", kept, "--config", config)
        sent += told["operators"][0]["links"][0]["loss"]["sent"]
        assert recompute.compare(told, exported(periods, rolls, nights), configuration()) == []
        lines = told["operators"][0]["links"]
        filled += sum(one["throughput"]["up"] is not None for one in lines)
    assert sent > 0 and filled > 0


def test_the_script_finds_one_digit_that_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    periods, rolls = some_month(7)
    kept = journal(tmp_path / "journal.db", periods, rolls)
    told = figures(capsys, "--month", "2026-10", "--journal", kept)
    export, figure = tmp_path / "export.jsonl", tmp_path / "sla.json"
    export.write_text("\n".join(exported(periods, rolls)), encoding="utf-8")

    def run() -> subprocess.CompletedProcess[str]:
        figure.write_text(json.dumps(told), encoding="utf-8")
        command = [sys.executable, "-I", SCRIPT, export, figure]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    right = run()
    assert (right.returncode, right.stdout) == (0, "every figure agrees to the last digit\n")
    told["operators"][0]["links"][1]["availability"]["unavailable_ms"] += 1
    wrong = run()
    assert wrong.returncode == 1
    assert ".operators[0].links[1].availability.unavailable_ms: " in wrong.stdout
