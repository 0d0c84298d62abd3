# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal on a disk that fails, and with a file that is damaged."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from relais.shell import database, journal, ledger
from relais.shell.journal import Journal


def event(number: int) -> dict[str, object]:
    return {
        "seq": number,
        "id": f"20260101T090000Z-{number:04d}",
        "at": "2026-01-01T09:00:00.000Z",
        "kind": "link",
        "wan": "fibre",
        "service": None,
        "what": "fibre down",
        "why": "x" * 500,
        "inputs": {},
    }


def run(path: Path, *numbers: int) -> Journal:
    """One run of a daemon that keeps some events."""
    kept = Journal(path, ledger.SCHEMA)
    kept.start()
    for number in numbers:
        kept.append(event(number))
    kept.stop()
    return kept


def numbers(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as opened:
        return [row[0] for row in opened.execute("SELECT seq FROM events ORDER BY seq")]


def within(condition: Callable[[], bool]) -> bool:
    """Whether it becomes true in good time."""
    pause = threading.Event()
    return any(condition() or pause.wait(0.02) for _attempt in range(500))


def spoil_end(path: Path) -> None:
    """Spoil every page but the first four."""
    with path.open("r+b") as stream:
        stream.seek(4 * 4096)
        stream.write(b"\xa5" * (path.stat().st_size - 4 * 4096))


def spoil_start(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1000)


@pytest.mark.parametrize("spoil", [spoil_start, spoil_end])
def test_a_damaged_journal_is_set_aside_and_a_new_one_begun(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    path = tmp_path / "journal.db"
    run(path, *range(1, 300))
    spoil(path)
    second = run(path, 300)
    assert second.error is None
    assert numbers(path) == [300]
    assert second.damaged is not None
    assert second.damaged.name.startswith("journal.db.damaged-")
    second.damaged.unlink()
    assert second.damaged is None
    assert run(path, 301).damaged is None
    assert numbers(path) == [300, 301]


def test_what_a_damaged_journal_tells_of_the_quotas_is_taken_along(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    run(path, *range(1, 300))
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("INSERT INTO usage VALUES ('lte', '2026-01-01', 12345)")
        opened.commit()
        page = opened.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'events_at'")
        (number,) = page.fetchone()
    with path.open("r+b") as stream:
        stream.seek((number - 1) * 4096)
        stream.write(b"\xa5" * 4096)
    assert run(path, 300).damaged is not None
    with closing(sqlite3.connect(path)) as opened:
        rows = opened.execute("SELECT * FROM usage").fetchall()
    assert rows == [("lte", "2026-01-01", 12345)]


def test_only_the_last_damaged_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    for name in ("journal.db.damaged-20250101T000000Z", "journal.db.damaged-20250102T000000Z"):
        (tmp_path / name).write_bytes(b"older")
    spoil_start(path)
    damaged = run(path, 1).damaged
    assert sorted(tmp_path.glob("journal.db.damaged-*")) == [damaged]


def test_events_wait_for_a_disk_that_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "RETRY_S", 0.02)
    folder = tmp_path / "state"
    kept = Journal(folder / "journal.db", ledger.SCHEMA)
    assert kept.start() == 0
    kept.append(event(1))
    kept.append(event(2))
    assert within(lambda: kept.error is not None and "unable to open" in kept.error)
    folder.mkdir()
    assert within(lambda: kept.error is None)
    kept.stop()
    assert numbers(folder / "journal.db") == [1, 2]


def test_a_journal_is_read_where_nothing_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    run(path, 1, 2)
    blocked = path.with_name("journal.db-wal")
    blocked.mkdir()  # A reader of a write-ahead log makes these files.
    assert database.read(path, "SELECT max(seq) FROM events") == [(2,)]
