# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured becomes an event, and is listed again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from relais.answers import Answers
from relais.cli import main
from relais.core.actions import Record
from relais.core.config import parse_config
from relais.core.events import Event
from relais.core.state import State, initial
from relais.shell.control_server import Refused
from relais.shell.journal import Journal
from world import document

FIGURES = {"wan": "fibre", "down_mbit": 470.0, "up_mbit": 190.5, "bytes": 660_000_000, "seconds": 8}


class Daemon:
    """As much of it as an order needs."""

    def __init__(self) -> None:
        made = document()
        made["wans"][0] |= {"down_mbit": 500, "up_mbit": 200}
        self.config = parse_config(made)
        self.state: State = initial(self.config, 0.0)
        self.noted: list[Record] = []

    def document(self) -> dict[str, object]:
        return {}

    @property
    def newest(self) -> Sequence[Mapping[str, object]]:
        return ()

    def origin(self, service: str) -> tuple[str | None, str]:
        return None, service

    def take(self, event: Event) -> None:
        raise AssertionError(event)

    def note(self, record: Record) -> str:
        self.noted.append(record)
        return "20261128T200500Z-0001"


def test_a_measurement_becomes_an_event_with_what_was_sold() -> None:
    daemon = Daemon()
    assert Answers(daemon, daemon).measured(FIGURES) == {"event": "20261128T200500Z-0001"}
    (record,) = daemon.noted
    assert (record.kind, record.wan) == ("throughput", "fibre")
    assert record.what == "fibre carries 470.0 Mbit/s down, 190.5 Mbit/s up"
    assert record.inputs["sold_down_mbit"] == 500
    assert record.inputs["up_mbit"] == 190.5


def test_one_way_alone_is_a_measurement_too() -> None:
    daemon = Daemon()
    Answers(daemon, daemon).measured({**FIGURES, "up_mbit": None})
    assert daemon.noted[0].what == "fibre carries 470.0 Mbit/s down"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"wan": "fibr"}, "'fibr' is no WAN of this gateway; known: fibre, lte"),
        ({"down_mbit": "fast"}, "down_mbit, up_mbit, bytes, seconds are numbers above 0"),
        ({"down_mbit": -1}, "are numbers above 0"),
        ({"down_mbit": None, "up_mbit": None}, "down_mbit or up_mbit is missing"),
    ],
)
def test_what_is_no_measurement_is_refused(changes: dict[str, Any], word: str) -> None:
    daemon = Daemon()
    with pytest.raises(Refused, match=word):
        Answers(daemon, daemon).measured({**FIGURES, **changes})
    assert daemon.noted == []


def test_what_was_measured_is_listed_against_what_was_sold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon, path = Daemon(), tmp_path / "journal.db"
    Answers(daemon, daemon).measured(FIGURES)
    record = daemon.noted[0]
    journal = Journal(path)
    journal.start()
    row = {"seq": 1, "id": "20261128T010203Z-0001", "at": "2026-11-28T01:02:03.000Z"}
    row |= {"kind": record.kind, "wan": record.wan, "service": None, "what": record.what}
    journal.append({**row, "why": record.why, "inputs": dict(record.inputs)})
    journal.stop()
    assert main(["throughput", "list", "--journal", str(path)]) == 0
    line = capsys.readouterr().out
    assert "470 Mbit/s down of 500 sold (94 %), 190.5 Mbit/s up of 200 sold (95 %)" in line
    assert main(["throughput", "list", "--journal", str(path), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["measured"]
    assert (told["wan"], told["id"], told["bytes"]) == ("fibre", row["id"], 660_000_000)


def test_without_a_journal_there_is_one_clear_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["throughput", "list", "--journal", str(tmp_path / "none.db")]) == 1
    assert "there is no journal" in capsys.readouterr().err
