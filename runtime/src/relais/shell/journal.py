# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened, kept in SQLite. A worker thread writes; no decision ever waits for it."""

from __future__ import annotations

import json
import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from relais.shell import recordings
from relais.shell.recorder import Stretch

KEEP_EVENTS = 200_000
BATCH_EVENTS = 500
WAITING_STRETCHES = 4
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


Statement = tuple[str, tuple[object, ...]]
"""One SQL statement and its parameters."""


class Journal:
    """Append-only. When the disk fails, events are dropped and `error` says why."""

    def __init__(self, path: Path, *schemas: str) -> None:
        self._path = path
        self._schemas = schemas
        self._queue: queue.Queue[Mapping[str, object] | Stretch | Statement | None] = queue.Queue(
            maxsize=10_000
        )
        self._room = threading.Semaphore(WAITING_STRETCHES)
        self.error: str | None = None
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)

    def start(self) -> int:
        """Open the file and start writing; the number of the newest event kept, 0 for none."""
        last = 0
        try:
            with sqlite3.connect(self._path, timeout=2.0) as database:
                database.execute("PRAGMA journal_mode=WAL")
                database.executescript("".join((_SCHEMA, recordings.SCHEMA, *self._schemas)))
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

    def record(self, stretch: Stretch) -> None:
        """Queue a recorded stretch; it is dropped when some wait already."""
        if not self._room.acquire(blocking=False):
            self.error = "the journal cannot keep up; a recording was dropped"
            return
        try:
            self._queue.put_nowait(stretch)
        except queue.Full:
            self._room.release()
            self.error = "the journal cannot keep up; a recording was dropped"

    def write(self, *statement: Statement) -> None:
        """Queue statements, likewise."""
        try:
            for one in statement:
                self._queue.put_nowait(one)
        except queue.Full:
            self.error = "the journal cannot keep up; events were dropped"

    def read(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows as they are on the disk; for use at start only. None when the file cannot be read,
        and `error` says why."""
        try:
            with sqlite3.connect(self._path, timeout=2.0) as database:
                rows = database.execute(sql).fetchall()
            database.close()
        except sqlite3.Error as error:
            self.error = f"{self._path}: {error}"
            return []
        return rows

    def stop(self) -> None:
        """Write what is queued, then end."""
        self._queue.put(None)
        self._thread.join(timeout=3.0)

    def _write(self) -> None:
        while True:
            item = self._queue.get()
            batch: list[Mapping[str, object]] = []
            while isinstance(item, Mapping):
                batch.append(item)
                if self._queue.empty() or len(batch) >= BATCH_EVENTS:
                    break
                item = self._queue.get()
            if batch:
                self._store(batch)
            if isinstance(item, Stretch):
                self._store_stretch(item)
                self._room.release()
            elif isinstance(item, tuple):
                self._execute(item)
            elif item is None:
                return

    def _store(self, batch: list[Mapping[str, object]]) -> None:
        rows = [{**row, "inputs": json.dumps(row["inputs"])} for row in batch]

        def insert(database: sqlite3.Connection) -> None:
            database.executemany(_INSERT, rows)
            newest = int(str(rows[-1]["seq"]))
            database.execute("DELETE FROM events WHERE seq <= ?", (newest - KEEP_EVENTS,))

        self._transact(insert)

    def _execute(self, statement: Statement) -> None:
        self._transact(lambda database: database.execute(*statement))

    def _store_stretch(self, stretch: Stretch) -> None:
        try:
            row = recordings.pack(stretch)
        except (TypeError, ValueError) as error:  # A value without a form must not end the thread.
            self.error = f"a recording cannot be written: {error}"
            return
        self._transact(lambda database: recordings.store(database, row))

    def _transact(self, change: Callable[[sqlite3.Connection], object]) -> None:
        """All of a change or nothing of it, also when the power fails."""
        try:
            with sqlite3.connect(self._path, timeout=2.0) as database:
                change(database)
            database.close()
            self.error = None
        except sqlite3.Error as error:
            self.error = f"{self._path}: {error}"
