# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais simulate` as it is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from relais.cli import main
from simulate.golden import trace_path
from simulate.worlds import document


def scenario(**changes: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "schema": "relais.scenario/1",
        "name": "one cut",
        "links": {
            "fibre": {
                "rtt_ms": 8,
                "models": [{"model": "outage", "at": [{"start_s": 60, "seconds": 20}]}],
            },
            "lte": {"rtt_ms": 45, "jitter_ms": 5},
        },
    }
    return plain | changes


def written(path: Path, content: object) -> str:
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def test_a_model_file_is_simulated_and_its_cut_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = written(tmp_path / "model.json", scenario())
    kept = tmp_path / "decisions.jsonl"
    call = ["simulate", "--model", model, "--days", "0.005", "--decisions", str(kept), "--json"]
    assert main(call) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["scenario"] == "one cut"
    assert told["faults"]["outage"]["all"] == 1
    assert told["faults"]["outage"]["missed"] == 0
    lines = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    assert {"steer", "record", "evict"} == {line["action"] for line in lines}


@pytest.mark.parametrize("name", ["noise", "spells", "outages", "brownouts", "flapping"])
def test_every_built_in_scenario_runs_and_is_told_in_a_table(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", "--scenario", name, "--days", "0.003"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{name}: 0.003 days, seed 1")
    assert "needless" in told
    assert "time on each link" in told


def test_a_gateway_s_own_configuration_may_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = document()
    whole["wans"].append({"id": 3, "name": "dsl", "interface": "wan3", "table": 1003})
    config = written(tmp_path / "config.json", whole)
    assert main(["simulate", "--config", config, "--days", "0.003", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["probes"]) == {"fibre", "lte", "dsl"}


def test_a_trace_is_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--trace", str(trace_path("carrier"))]) == 0
    assert "fibre down (no carrier)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"schema": "relais.plan/1"}, "schema: must be"),
        ({"links": {"fibre": {}}}, "links.lte: is missing"),
        ({"links": {"fibre": {}, "lte": {}, "dsl": {}}}, "links.dsl: is not a known key"),
        ({"office": {"busy_mbit": 0.5}}, "office.busy_mbit: must be 0 or at least 1"),
        ({"office": {"fill_seconds": [9, 3]}}, "office.fill_seconds: must be a number or two"),
        (
            {"links": {"fibre": {"models": [{"model": "rain"}]}, "lte": {}}},
            "links.fibre.models[0].model: must be one of",
        ),
        ({"config": {"schema": "relais.config/1"}}, "config.wans: is missing"),
        ({"lnks": {}}, "lnks: is not a known key; did you mean links?"),
    ],
)
def test_a_wrong_model_is_told_with_file_and_path(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, object],
    told: str,
) -> None:
    model = written(tmp_path / "model.json", scenario(**changes))
    assert main(["simulate", "--model", model, "--days", "0.001"]) == 2
    shown = capsys.readouterr().err
    assert "model.json: " in shown
    assert told in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize("option", ["--model", "--trace", "--config"])
def test_an_unreadable_file_is_one_clear_error(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none.json"
    assert main(["simulate", option, str(missing), "--days", "0.001", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "bad_input"
    assert "none.json" in error["message"]
