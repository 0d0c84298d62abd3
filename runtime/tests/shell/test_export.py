# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated journal, and what other programs read out of it."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from relais.cli import main
from relais.core.history.buckets import bucket
from relais.shell.verify import verify

BEGIN_S = 1_793_491_200
"""2026-11-01, midnight in UTC, the zone of the built-in configuration."""


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five hours with an outage, as a journal."""
    path = tmp_path_factory.mktemp("export") / "journal.db"
    model = path.with_name("model.json")
    outage = {"model": "outage", "at": [{"start_s": 7200, "seconds": 600}]}
    links = {"fibre": {"rtt_ms": 8, "models": [outage]}, "lte": {"rtt_ms": 45}}
    model.write_text(
        json.dumps({"schema": "relais.scenario/1", "name": "one cut", "links": links}),
        encoding="utf-8",
    )
    call = ["simulate", "--model", str(model), "--days", "0.2083334", "--journal", str(path)]
    assert main([*call, "--begin", "2026-11-01"]) == 0
    return path


def exported(capsys: pytest.CaptureFixture[str], journal: Path, *words: str) -> str:
    capsys.readouterr()
    assert main(["export", "--journal", str(journal), *words]) == 0
    return capsys.readouterr().out


def lines(capsys: pytest.CaptureFixture[str], journal: Path, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exported(capsys, journal, *words).splitlines()]


def test_a_simulated_journal_tells_the_simulated_truth_and_verifies(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(journal).problems == ()
    periods = lines(capsys, journal, "--table", "periods")
    (link,) = [p for p in periods if p["subject"] == "wan" and p["condition"] == "unavailable"]
    assert link["name"] == "fibre"
    assert abs(link["began_ms"] - (BEGIN_S + 7200) * 1000) < 2000
    assert 598_000 < link["ended_ms"] - link["began_ms"] < 602_000
    interrupted = [
        p for p in periods if p["subject"] == "service" and p["condition"] == "unavailable"
    ]
    assert {p["name"] for p in interrupted} == {"voice", "vpn", "default"}
    assert all(p["ended_ms"] - p["began_ms"] < 2000 for p in interrupted)
    rolls = lines(capsys, journal, "--table", "rolls", "--step", "3600")
    assert Counter(roll["wan"] for roll in rolls) == {"fibre": 5, "lte": 5}
    assert sum(roll["lost"] for roll in rolls) == 0
    assert {number for r in rolls if r["wan"] == "fibre" for number in r["rtt_buckets"]} == {
        str(bucket(8000))
    }


def test_hours_are_the_sums_of_their_minutes(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sums: list[dict[str, int]] = []
    for step in ("60", "3600"):
        total: Counter[str] = Counter()
        for roll in lines(capsys, journal, "--table", "rolls", "--step", step):
            if roll["at_s"] < BEGIN_S + 5 * 3600:
                total.update({k: roll[k] for k in ("sent", "lost", "rtt_sum_us", "observed_ms")})
                total.update(roll["rtt_buckets"])
        sums.append(dict(total))
    assert sums[0] == sums[1]


def test_only_what_touches_the_time_asked_for_is_told(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    span = ("--from", "2026-11-01T01:59:30Z", "--to", "2026-11-01T02:01:00Z")
    found = lines(capsys, journal, *span)
    assert [row["at_s"] for row in found if row["table"] == "rolls" and row["wan"] == "lte"] == [
        BEGIN_S + 7140,
        BEGIN_S + 7200,
    ]
    events = [row for row in found if row["table"] == "events"]
    assert "fibre down" in [event["what"] for event in events]
    assert all("2026-11-01T01:59:30" < event["at"] < "2026-11-01T02:01:00" for event in events)
    periods = [row for row in found if row["table"] == "periods" and row["name"] == "fibre"]
    assert [p["condition"] for p in periods] == ["available", "unavailable"]
    assert lines(capsys, journal, "--from", "2026-11-03") == []
    assert lines(capsys, journal, "--to", "2026-10-31") == []
    assert len(lines(capsys, journal, "--to", "2026-11-01")) == len(lines(capsys, journal))


def test_each_table_is_a_csv_file_with_the_same_values(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("rolls", "periods", "events"):
        file = tmp_path / f"{name}.csv"
        words = ("--format", "csv", "--table", name, "--output", str(file))
        assert exported(capsys, journal, *words) == ""
        with file.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        plain = lines(capsys, journal, "--table", name)
        assert len(rows) == len(plain)
        for row, one in zip(rows, plain, strict=True):
            assert {"table": name, **row}.keys() == one.keys()
    assert main(["export", "--journal", str(journal), "--format", "csv"]) == 2
    assert "name it with --table" in capsys.readouterr().err


def test_prometheus_takes_the_rolls_in(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (package prometheus)")
    text = tmp_path / "rolls.txt"
    exported(capsys, journal, "--format", "openmetrics", "--output", str(text))
    blocks = tmp_path / "blocks"
    call = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text), str(blocks)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(blocks.iterdir())
    samples = [line for line in text.read_text("utf-8").splitlines() if not line.startswith("#")]
    sent = [s.split() for s in samples if s.startswith('relais_history_probes{wan="fibre"}')]
    rolls = [r for r in lines(capsys, journal, "--table", "rolls") if r["wan"] == "fibre"]
    assert [(float(v), int(at)) for _name, v, at in sent] == [
        (r["sent"], r["at_s"] + 60) for r in rolls
    ]


def test_a_simulated_journal_never_replaces_another(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", "--days", "0.001", "--journal", str(journal)]) == 2
    assert "is there already" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["simulate", "--journal", "x.db", "--begin", "November"])


def test_keeping_a_journal_changes_no_decision(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["simulate", "--scenario", "flapping", "--days", "0.1", "--json", "--decisions"]
    assert main([*call, str(tmp_path / "one")]) == 0
    plain = capsys.readouterr().out
    kept = ["--journal", str(tmp_path / "j.db")]
    assert main([*call, str(tmp_path / "two"), *kept]) == 0
    assert capsys.readouterr().out == plain
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_what_cannot_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "none.db"
    assert main(["export", "--journal", str(missing), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "no_journal"
    older = tmp_path / "older.db"
    with closing(sqlite3.connect(older)) as opened:
        opened.execute("CREATE TABLE events (seq INTEGER)")
        opened.commit()
    assert main(["export", "--journal", str(older)]) == 2
    assert "a relais without history wrote it" in capsys.readouterr().err
