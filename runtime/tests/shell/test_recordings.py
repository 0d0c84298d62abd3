# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings in the journal's database are bounded, and a damaged one is told so."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from relais.shell import recordings
from relais.shell.journal import Journal
from relais.shell.recorder import Recorder, Stretch
from relais.shell.recordings import RecordingError, Recordings
from world import World


def stretch() -> Stretch:
    kept: list[Stretch] = []
    recorder = Recorder(kept.append)
    world = World(listener=lambda *told: recorder.took(*told, {}))
    world.start()
    recorder.close()
    return kept[0]


def journal(path: Path, count: int) -> Path:
    """A journal with so many recordings."""
    row = recordings.pack(stretch())
    begun = Journal(path / "journal.db")
    begun.start()
    begun.stop()
    with sqlite3.connect(path / "journal.db") as database:
        for number in range(1, count + 1):
            recordings.store(database, row | {"first_seq": number, "last_seq": number})
    database.close()
    return path / "journal.db"


def test_the_oldest_recordings_go_when_there_are_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "KEEP", 3)
    kept = Recordings(journal(tmp_path, 5)).kept()
    assert [one.first_seq for one in kept] == [3, 4, 5]


def test_the_oldest_recordings_go_when_they_are_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(recordings.pack(stretch())["trace"])  # type: ignore[arg-type]
    monkeypatch.setattr(recordings, "KEEP_BYTES", 2 * size)
    kept = Recordings(journal(tmp_path, 5)).kept()
    assert [one.first_seq for one in kept] == [4, 5]


def test_an_older_journal_gains_recordings(tmp_path: Path) -> None:
    path = journal(tmp_path, 0)
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE recordings")
    database.close()
    begun = Journal(path)
    begun.start()
    begun.record(stretch())
    begun.stop()
    assert len(Recordings(path).kept()) == 1


def test_stretches_that_wait_for_a_slow_disk_are_bounded(tmp_path: Path) -> None:
    waiting = Journal(tmp_path / "journal.db")
    for _unused in range(5):
        waiting.record(stretch())
    assert waiting.error == "the journal cannot keep up; a recording was dropped"


@pytest.mark.parametrize("damage", [lambda blob: blob[:-20], lambda blob: b"\0" * len(blob)])
def test_a_damaged_recording_is_one_clear_error(tmp_path: Path, damage: Any) -> None:
    path = journal(tmp_path, 1)
    with sqlite3.connect(path) as database:
        (blob,) = database.execute("SELECT trace FROM recordings").fetchone()
        database.execute("UPDATE recordings SET trace = ?", (damage(blob),))
    database.close()
    found = Recordings(path)
    with pytest.raises(RecordingError, match="recording 1 is damaged"):
        found.text(found.newest())


def test_a_file_that_is_no_journal_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with pytest.raises(RecordingError, match="there is no journal here"):
        Recordings(path).kept()
    path.write_bytes(b"no database" * 100)
    with pytest.raises(RecordingError, match="not a database"):
        Recordings(path).kept()
