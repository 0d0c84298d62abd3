# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened, kept in SQLite. A worker thread writes; no decision ever waits for it."""

from __future__ import annotations

import json
import queue
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path

KEEP_EVENTS = 200_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at TEXT NOT NULL, kind TEXT NOT NULL,
  wan TEXT, service TEXT, what TEXT NOT NULL, why TEXT NOT NULL, inputs TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_at ON events (at);
"""
_INSERT = (
    "INSERT OR IGNORE INTO events (seq, id, at, kind, wan, service, what, why, inputs) "
    "VALUES (:seq, :id, :at, :kind, :wan, :service, :what, :why, :inputs)"
)


class Journal:
    """Append-only. When the disk fails, events are dropped and `error` says why."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: queue.Queue[Mapping[str, object] | None] = queue.Queue(maxsize=10_000)
        self.error: str | None = None
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)

    def start(self) -> int:
        """Open the file and start writing; the number of the newest event kept, 0 for none."""
        last = 0
        try:
            with sqlite3.connect(self._path, timeout=2.0) as database:
                database.execute("PRAGMA journal_mode=WAL")
                database.executescript(_SCHEMA)
                last = database.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0]
            database.close()
        except sqlite3.Error as error:
            self.error = f"{self._path}: {error}"
        self._thread.start()
        return last

    def append(self, event: Mapping[str, object]) -> None:
        """Queue one event; it is dropped when ten thousand wait already."""
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            self.error = "the journal cannot keep up; events were dropped"

    def stop(self) -> None:
        """Write what is queued, then end."""
        self._queue.put(None)
        self._thread.join(timeout=3.0)

    def _write(self) -> None:
        while True:
            item = self._queue.get()
            if item is None:
                return
            batch = [item]
            while not self._queue.empty() and len(batch) < 500:
                extra = self._queue.get()
                if extra is None:
                    self._store(batch)
                    return
                batch.append(extra)
            self._store(batch)

    def _store(self, batch: list[Mapping[str, object]]) -> None:
        rows = [{**row, "inputs": json.dumps(row["inputs"])} for row in batch]
        try:
            with sqlite3.connect(self._path, timeout=2.0) as database:
                database.executemany(_INSERT, rows)
                newest = int(str(rows[-1]["seq"]))
                database.execute("DELETE FROM events WHERE seq <= ?", (newest - KEEP_EVENTS,))
            database.close()
            self.error = None
        except sqlite3.Error as error:
            self.error = f"{self._path}: {error}"
