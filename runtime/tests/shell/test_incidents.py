# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents in the journal: kept as they go on, adopted again, rebuilt, and asked for."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from core.incidents.cases import story
from core.incidents.story import Event
from relais.cli import main
from relais.shell import incidents
from relais.shell.incidents import Incidents
from relais.shell.journal import Journal


class Gateway:
    """One run of the daemon after another on the same disk."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.db"
        self.number = 0
        self.boot()

    def boot(self) -> None:
        self.journal = Journal(self.path, incidents.SCHEMA)
        self.journal.start()
        self.incidents = Incidents(self.journal)
        self.incidents.start()

    def live(self, events: list[Event]) -> None:
        """What the daemon does with each event."""
        for event in events:
            self.number += 1
            whole = {**event, "seq": self.number, "id": f"{event['id'][:17]}{self.number:04d}"}
            self.journal.append(whole, self.incidents.take(whole))

    def stop(self) -> None:
        self.journal.stop()
        assert self.journal.error is None


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path)


def rows(gateway: Gateway) -> list[dict[str, Any]]:
    """The events that are on the disk."""
    with sqlite3.connect(gateway.path) as opened:
        opened.row_factory = sqlite3.Row
        return [dict(row) for row in opened.execute("SELECT * FROM events ORDER BY seq")]


def asked(gateway: Gateway, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What the command prints."""
    main(["incidents", *words, "--journal", str(gateway.path)])
    return capsys.readouterr().out


def test_the_table_says_what_the_journal_alone_says(gateway: Gateway) -> None:
    gateway.live(story("total").events())
    gateway.stop()
    live = incidents.kept(gateway.path)
    assert [one["class"] for one in live] == ["access", "access", "total"]
    assert incidents.rebuild(gateway.path) == live
    with sqlite3.connect(gateway.path) as opened:
        rows = opened.execute("SELECT class, wan FROM incidents ORDER BY began_at").fetchall()
    assert rows == [("access", "fibre"), ("access", "lte"), ("total", None)]


def test_what_was_never_written_down_is_found_again_in_the_events(gateway: Gateway) -> None:
    gateway.live(story("access").events())
    gateway.stop()
    live = incidents.kept(gateway.path)
    with sqlite3.connect(gateway.path) as opened:
        opened.execute("DROP TABLE incidents")
    assert incidents.rebuild(gateway.path) == live


def test_an_open_incident_goes_on_under_its_name_in_the_next_daemon(gateway: Gateway) -> None:
    events = story("access").events()
    lost = next(i for i, event in enumerate(events) if event["what"] == "fibre down")
    gateway.live(events[: lost + 1])
    before = gateway.incidents.open_ids
    gateway.stop()
    gateway.boot()
    assert gateway.incidents.open_ids == before == [story("access").one()["id"]]


def test_whatever_instant_a_daemon_is_killed_at_its_incidents_are_those_of_its_events(
    gateway: Gateway,
) -> None:
    for number, event in enumerate(story("total").events(), start=1):
        gateway.live([event])
        events = rows(gateway)
        while len(events) < number:
            time.sleep(0.001)
            events = rows(gateway)
        found = sorted(incidents.folded(events), key=lambda one: (one["began_at"], one["id"]))
        assert incidents.kept(gateway.path) == found
    gateway.stop()


def test_the_next_daemon_gives_no_name_anew(gateway: Gateway) -> None:
    events = story("access").events()
    gateway.live(events)
    gateway.stop()
    gateway.boot()
    gateway.live(events)
    gateway.stop()
    names = [one["id"] for one in incidents.kept(gateway.path)]
    assert len(names) == len(set(names)) == 2


def test_a_row_that_nobody_can_read_stops_no_daemon(gateway: Gateway) -> None:
    gateway.live(story("access").events()[:6])
    gateway.stop()
    with sqlite3.connect(gateway.path) as opened:
        opened.execute("INSERT INTO incidents VALUES ('x', '2026', NULL, 'access', NULL, '{')")
    gateway.boot()
    assert len(gateway.incidents.open_ids) == 1
    gateway.incidents.take({"kind": "link"})
    assert len(gateway.incidents.open_ids) == 1


def test_incidents_are_listed_by_what_is_wanted(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.live(story("total").events())
    gateway.stop()
    every = json.loads(asked(gateway, capsys, "--json"))["incidents"]
    assert len(every) == 3
    total = json.loads(asked(gateway, capsys, "--class", "total", "--json"))["incidents"]
    assert [one["id"] for one in total] == [one["id"] for one in every if "site" in one["id"]]
    unended = json.loads(asked(gateway, capsys, "--open", "--json"))["incidents"]
    assert unended == [one for one in every if one["ended_at"] is None]
    text = asked(gateway, capsys)
    assert all(one["id"] in text for one in every)
    assert "voice moved 300 ms" in text.replace("350", "300")


def test_one_incident_fits_on_a_screen(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.live(story("access").events())
    gateway.stop()
    text = asked(gateway, capsys, story("access").one()["id"])
    assert "the cut is on the access line" in text
    assert "fibre to lte" in text
    assert len(text.splitlines()) < 40


def test_an_incident_that_is_not_kept_is_said_to_be_unknown(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.stop()
    assert main(["incidents", "no-such", "--journal", str(gateway.path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "unknown_incident"


def test_a_journal_that_is_not_there_is_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "none.db"
    assert main(["incidents", "--journal", str(path)]) == 1
    assert "there is no journal" in capsys.readouterr().err
    assert not path.exists()
