# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais sla` as it is called."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from months import (
    AVAILABLE,
    DOWN,
    HOUR_S,
    MICRO,
    at_ms,
    chain,
    journal,
    link,
    measured,
    roll,
    service,
)
from relais.cli import main
from relais.core.history.model import Period, Roll
from world import document

BEGIN, END = at_ms("2026-11-01T00:00"), at_ms("2026-11-11T00:00")
CUT = at_ms("2026-11-03T09:00")
DRILL = at_ms("2026-11-08T06:00")
HOUR_MS = HOUR_S * 1000


def history() -> tuple[list[Period], list[Roll]]:
    """Ten days: an outage of five hours, a micro-outage, and a drill that a failure outlasts."""
    back = CUT + 5 * HOUR_MS
    periods = [
        *chain(BEGIN, (AVAILABLE, CUT - BEGIN), (DOWN, 5 * HOUR_MS), (AVAILABLE, HOUR_MS)),
        *chain(back + HOUR_MS, (MICRO, 700), (AVAILABLE, DRILL - back - HOUR_MS - 700)),
        link(DOWN, DRILL, DRILL + 60_000, excused=True),
        link(DOWN, DRILL + 60_000, DRILL + 660_000),
        link(AVAILABLE, DRILL + 660_000, END),
        link(AVAILABLE, BEGIN, END, wan="lte"),
        service(AVAILABLE, BEGIN, CUT),
        service(DOWN, CUT, CUT + 274),
        service(AVAILABLE, CUT + 274, END, wan="lte"),
    ]
    hours = range(BEGIN // 1000, END // 1000, HOUR_S)
    rolls = [roll(at_s, HOUR_S, [8000, 9000, 30_000], lost=at_s % 2) for at_s in hours]
    return periods, rolls + [roll(at_s, HOUR_S, [45_000], wan="lte") for at_s in hours]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return journal(tmp_path / "journal.db", *history())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    content = document() | {"timezone": "Europe/Paris"}
    content["wans"][0] |= {
        "operator": "Operator A",
        "contract": "A-123",
        "repair_time_hours": 4,
        "availability_percent": 99.9,
    }
    content["wans"][1] |= {"operator": "Operator B"}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def told(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    assert main(["sla", "--json", *map(str, words)]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_a_month_is_told_by_operator_and_held_against_the_contract(
    kept: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = told(capsys, "--month", "2026-11", "--journal", kept, "--config", config)
    assert result["schema"] == "relais.sla/1"
    assert [group["operator"] for group in result["operators"]] == ["Operator A", "Operator B"]
    (fibre,) = result["operators"][0]["links"]
    assert fibre["availability"]["unavailable_ms"] == 5 * HOUR_MS + 600_000
    assert fibre["availability"]["excused_unavailable_ms"] == 60_000
    assert fibre["contract_kept"] == "missed"
    assert [one["repaired_in_time"] for one in fibre["outages"]] == ["missed", "kept"]
    assert fibre["repairs"] == {"kept": 1, "missed": 1, "unknown": 0}
    assert fibre["micro_outages"]["total_ms"] == 700
    assert fibre["voice"]["codec"] == "G.711"
    (voice,) = result["services"]
    assert voice["availability"]["unavailable_ms"] == 274
    assert result["site_availability"]["availability"]["percent"] == 100.0


def test_the_hour_of_a_drill_gives_no_sample_unless_finer_ones_are_kept(
    kept: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("--from", "2026-11-08", "--to", "2026-11-09", "--wan", "fibre")
    before = told(capsys, *asked, "--journal", kept, "--config", config)
    samples = before["operators"][0]["links"][0]["round_trip"]["samples"]
    assert samples == 23 * 3
    finer = [roll(DRILL // 1000 + 60 * minute, 60, [8000]) for minute in range(60)]
    periods, rolls = history()
    richer = journal(kept.with_name("richer.db"), periods, [*rolls, *finer])
    after = told(capsys, *asked, "--journal", richer, "--config", config)
    assert after["operators"][0]["links"][0]["round_trip"]["samples"] == samples + 59


def test_an_outage_over_the_edge_of_the_month_is_told_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    periods = [
        link(AVAILABLE, BEGIN - 5 * HOUR_MS, BEGIN - 3 * HOUR_MS),
        link(DOWN, BEGIN - 3 * HOUR_MS, BEGIN - HOUR_MS),
        link(DOWN, BEGIN - HOUR_MS, BEGIN + HOUR_MS, excused=True),
        link(AVAILABLE, BEGIN + HOUR_MS, END),
    ]
    kept = journal(tmp_path / "journal.db", periods, [])
    asked = ("--from", "2026-11-01T00:00+01:00", "--to", "2026-11-02T00:00+01:00")
    result = told(capsys, *asked, "--journal", kept)
    (outage,) = result["operators"][0]["links"][0]["outages"]
    assert (outage["duration_ms"], outage["counted_ms"]) == (4 * HOUR_MS, 2 * HOUR_MS)
    assert (outage["begin_seen"], outage["begun_inside"]) == (True, False)


def test_one_line_can_be_asked_for(
    kept: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("--month", "2026-11", "--journal", kept, "--config", config)
    result = told(capsys, *asked, "--wan", "lte")
    assert [link["name"] for group in result["operators"] for link in group["links"]] == ["lte"]
    assert "services" not in result
    assert main(["sla", *map(str, asked), "--wan", "dsl"]) == 1
    assert "'dsl' is not a WAN; known: fibre, lte" in capsys.readouterr().err


def test_the_text_fits_a_terminal_and_prints_rules_and_counts(
    kept: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["sla", "--month", "2026-11", "--journal", str(kept), "--config", str(config)]
    assert main(asked) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 100
    for part in (
        "OPERATOR Operator A",
        "fibre (ftth), contract A-123",
        "never counted as an outage",
        "95 % interval",
        "repair promised within 4 h (GTR): 1 kept, 1 missed",
        "2026-11-03 09:00:00+01  2026-11-03 14:00:00+01  5 h",
        "10 min of 11 min",
        "ITU-T G.107 (06/2015)",
        "G.711 with PLC",
        "Ta",
        "HOW EACH FIGURE IS FOUND",
    ):
        assert part in text


def test_long_names_and_long_outages_fit_too(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads(config.read_text(encoding="utf-8"))
    content["site"] = "Cabinet Exemple et Associes " * 6
    content["wans"][0] |= {"operator": "Operator A " * 12, "contract": "A-123-" * 20}
    content["wans"][0] |= {"repair_time_hours": 777.25, "availability_percent": 99.9999}
    config.write_text(json.dumps(content), encoding="utf-8")
    periods = [
        link(DOWN, BEGIN - 40 * HOUR_MS, BEGIN + HOUR_MS, excused=True),
        link(DOWN, BEGIN + HOUR_MS, END - 1),
        service(DOWN, BEGIN, END, name="a service with a name that nobody would give to one"),
    ]
    kept = journal(tmp_path / "journal.db", periods, [])
    assert main(["sla", "--month", "2026-11", "--journal", str(kept), "--config", str(config)]) == 0
    text = capsys.readouterr().out
    assert ">= 9 d 22 h of 11 d 15 h" in text
    assert max(map(len, text.splitlines())) <= 100


def test_what_the_lines_carried_is_held_against_what_was_sold(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nights = [BEGIN + day * 24 * HOUR_MS for day in range(5)]
    events = [
        measured(1, BEGIN - 1, 1.0, 1.0),  # Of the month before.
        measured(2, nights[0], 480.5, 190.0, sold=(1000, 200)),
        measured(3, nights[1], 470.0, None),
        measured(4, nights[2], 91.3, 195.2),
        measured(5, nights[3], 471.0, 188.0),
        measured(6, nights[4], None, 80.0, sold=(None, None), wan="lte"),
    ]
    kept = journal(tmp_path / "journal.db", *history(), events)
    asked = ("--month", "2026-11", "--journal", kept, "--config", config)
    result = told(capsys, *asked)
    fibre, lte = (group["links"][0]["throughput"] for group in result["operators"])
    assert fibre["down"] == {
        "samples": 4,
        "least_mbit": 91.3,
        "median_mbit": 470.0,
        "most_mbit": 480.5,
        "sold_mbit": 500.0,
        "percent": 94.0,
    }
    assert (fibre["up"]["samples"], fibre["up"]["percent"]) == (3, 95.0)
    assert lte["down"] is None
    assert (lte["up"]["sold_mbit"], lte["up"]["percent"]) == (None, None)
    assert main(["sla", *map(str, asked)]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "down median 470 Mbit/s, 94.0 % of the 500 sold (least 91.3, most 480.5" in text
    assert "Throughput up median 80 Mbit/s (least 80, most 80, measured once)" in text


def test_a_measurement_that_is_damaged_is_named(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = measured(1, BEGIN, 480.5, 190.0)
    spoilt["inputs"]["down_mbit"] = "fast"
    kept = journal(tmp_path / "journal.db", *history(), [spoilt])
    asked = ["sla", "--month", "2026-11", "--journal", str(kept), "--config", str(config)]
    assert main(asked) == 1
    assert "is damaged: 'fast' is no rate" in capsys.readouterr().err


def test_a_number_that_is_none_is_named(
    kept: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect(kept) as opened:
        opened.execute("UPDATE rolls SET lost = 'many' WHERE wan = 'lte'")
    opened.close()
    asked = ["sla", "--month", "2026-11", "--journal", str(kept), "--config", str(config)]
    assert main(asked) == 1
    assert "rolls: 'many' stands where a whole number belongs" in capsys.readouterr().err


def test_an_empty_month_claims_nothing(
    kept: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["sla", "--month", "2025-01", "--journal", str(kept), "--config", str(config)]
    assert main(asked) == 0
    text = capsys.readouterr().out
    assert "undefined (no samples)" in text
    assert "nothing was measured" in text
    assert max(map(len, text.splitlines())) <= 100


def test_without_a_configuration_the_lines_are_those_of_the_journal(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = told(capsys, "--month", "2026-11", "--journal", kept)
    (group,) = result["operators"]
    assert group["operator"] is None
    assert [link["name"] for link in group["links"]] == ["fibre", "lte"]


def test_a_line_that_was_taken_away_is_still_told(
    kept: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    periods, rolls = history()
    old = journal(kept.with_name("old.db"), [*periods, link(DOWN, BEGIN, CUT, wan="dsl")], rolls)
    result = told(capsys, "--month", "2026-11", "--journal", old, "--config", config)
    last = result["operators"][-1]
    assert (last["operator"], [one["name"] for one in last["links"]]) == (None, ["dsl"])
    assert result["site_availability"]["availability"]["unavailable_ms"] == 0


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--month", "november"], 2, "write one as 2026-11"),
        (["--month", "2026-11", "--from", "2026-11-01"], 2, "either --month or --from"),
        (["--to", "2026-11-01"], 2, "either --month or --from"),
        (["--from", "2026-11-02", "--to", "2026-11-01"], 2, "is not after"),
        (["--journal", "/nowhere/journal.db"], 1, "there is no journal here"),
        (["--config", "/nowhere/config.json"], 2, "cannot be read"),
    ],
)
def test_a_question_without_an_answer_is_told_so(
    words: list[str], status: int, message: str, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal_given = [] if "--journal" in words else ["--journal", str(kept)]
    assert main(["sla", *words, *journal_given]) == status
    assert message in capsys.readouterr().err
    assert not Path("/nowhere").exists()


def test_a_file_that_is_no_journal_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "journal.db"
    path.write_text("this is no database, whatever its name says", encoding="utf-8")
    assert main(["sla", "--journal", str(path), "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "no_history"
    assert str(path) in error["message"]


def test_a_journal_from_before_there_was_a_history_is_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "journal.db"
    sqlite3.connect(path).close()
    assert main(["sla", "--journal", str(path)]) == 1
    assert "no such table: periods" in capsys.readouterr().err


def test_a_journal_that_is_being_written_is_read(
    kept: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    writer = sqlite3.connect(kept)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("DELETE FROM rolls WHERE wan = 'lte'")
    result = told(capsys, "--month", "2026-11", "--journal", kept, "--config", config)
    assert result["operators"][1]["links"][0]["loss"]["sent"] == 240
    writer.commit()
    result = told(capsys, "--month", "2026-11", "--journal", kept, "--config", config)
    assert result["operators"][1]["links"][0]["loss"]["percent"] is None
    writer.close()
