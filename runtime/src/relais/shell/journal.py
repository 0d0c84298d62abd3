# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened, kept in SQLite. A worker thread writes; no decision ever waits for it."""

from __future__ import annotations

import json
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from relais.shell import chain, database, recordings
from relais.shell.recorder import Stretch

T = TypeVar("T")
KEEP_EVENTS = 200_000
BATCH_EVENTS = 500
WAITING_STRETCHES = 4
KEEP_WAITING = 100
"""How many changes wait for a disk that takes nothing; the oldest are dropped first."""
RETRY_S = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at TEXT NOT NULL, kind TEXT NOT NULL,
  wan TEXT, service TEXT, what TEXT NOT NULL, why TEXT NOT NULL, inputs TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_at ON events (at);
"""
_LAST = "SELECT coalesce(max(seq), 0) FROM events"
_INSERT = (
    "INSERT OR IGNORE INTO events (seq, id, at, kind, wan, service, what, why, inputs) "
    "VALUES (:seq, :id, :at, :kind, :wan, :service, :what, :why, :inputs)"
)


def whole_schema(*more: str) -> str:
    """All tables of a journal, and those of others that keep something in it."""
    return "".join((_SCHEMA, recordings.SCHEMA, chain.SCHEMA, *more))


Statement = tuple[str, tuple[object, ...]]
"""One SQL statement and its parameters."""
Change = Callable[[sqlite3.Connection], object]


@dataclass(frozen=True, slots=True)
class Told:
    """An event, and what is changed in its transaction, by a key: of a batch the last."""

    event: Mapping[str, object]
    changes: Mapping[str, Change]


class Journal:
    """Append-only. While the disk takes nothing, `error` says why and the newest changes wait; a
    damaged file is set aside and a new one begun."""

    def __init__(self, path: Path, *schemas: str) -> None:
        self._path = path
        self._schema = whole_schema(*schemas)
        self._queue: queue.Queue[Told | Stretch | Statement | Change | None] = queue.Queue(10_000)
        self._room = threading.Semaphore(WAITING_STRETCHES)
        self._waiting: deque[Change] = deque(maxlen=KEEP_WAITING)
        self._prepared = False
        self.error: str | None = None
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)

    @property
    def damaged(self) -> Path | None:
        """The damaged file that was set aside, for as long as nobody removes it."""
        return database.set_aside(self._path)

    def start(self) -> int:
        """Open the file and start writing; the number of the newest event kept, 0 for none."""
        self._transact([])
        rows = self.read(_LAST)
        self._thread.start()
        return int(rows[0][0]) if rows else 0

    def append(
        self, event: Mapping[str, object], changes: Mapping[str, Change] = MappingProxyType({})
    ) -> None:
        """Queue one event, with what belongs to it; dropped when ten thousand wait already."""
        try:
            self._queue.put_nowait(Told(event, changes))
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

    def change(self, change: Change) -> None:
        """Queue what is made in one transaction, likewise; it may have to be made anew."""
        try:
            self._queue.put_nowait(change)
        except queue.Full:
            self.error = "the journal cannot keep up; some minutes of history were dropped"

    def read(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows as they are on the disk; for use at start only. None when the file cannot be read,
        and `error` says why."""
        return self.ask(lambda opened: opened.execute(sql).fetchall()) or []

    def ask(self, question: Callable[[sqlite3.Connection], T]) -> T | None:
        """The answer to any question, likewise."""
        try:
            return database.ask(self._path, question)
        except sqlite3.Error as error:
            self.error = f"{self._path}: {error}"
            return None

    def stop(self) -> None:
        """Write what is queued, then end."""
        self._queue.put(None)
        self._thread.join(timeout=3.0)

    def _write(self) -> None:
        if self._prepared and not database.sound(self._path):
            self._begin_anew()
        while True:
            try:
                item = self._queue.get(timeout=None if self.error is None else RETRY_S)
            except queue.Empty:
                self._store()
                continue
            batch: list[Told] = []
            while isinstance(item, Told):
                batch.append(item)
                if self._queue.empty() or len(batch) >= BATCH_EVENTS:
                    break
                item = self._queue.get()
            if batch:
                last = {key: made for told in batch for key, made in told.changes.items()}
                self._store(_together(insertion([told.event for told in batch]), *last.values()))
            if item is None:
                return
            self._store_item(item)

    def _store_item(self, item: Told | Stretch | Statement | Change) -> None:
        """Anything but events, which are stored in batches."""
        if isinstance(item, Stretch):
            self._store_stretch(item)
            self._room.release()
        elif isinstance(item, tuple):
            self._store(_execution(item))
        elif callable(item):
            self._store(item)

    def _store_stretch(self, stretch: Stretch) -> None:
        try:
            row = recordings.pack(stretch)
        except (TypeError, ValueError) as error:  # A value without a form must not end the thread.
            self.error = f"a recording cannot be written: {error}"
            return
        self._store(lambda opened: recordings.store(opened, row))

    def _store(self, *change: Change) -> None:
        """Make a change, after those that wait; all of them go on waiting when the disk fails."""
        self._waiting.extend(change)
        self._transact(list(self._waiting))

    def _transact(self, changes: list[Change], *, again: bool = True) -> None:
        """All of these changes or nothing of them, also when the power fails."""
        try:
            with database.transaction(self._path) as opened:
                if not self._prepared:
                    opened.execute("PRAGMA journal_mode=WAL")
                    opened.executescript(self._schema)
                for change in changes:
                    change(opened)
        except sqlite3.OperationalError as error:
            self.error = f"{self._path}: {error}"
        except sqlite3.Error as error:
            self.error = f"{self._path}: {error}"
            if not database.is_damage(error):
                self._waiting.clear()  # One of them can never be made.
            elif again and self._begin_anew():
                self._transact(changes, again=False)
        else:
            self._prepared = True
            self._waiting.clear()
            self.error = None

    def _begin_anew(self) -> bool:
        """Set the damaged file aside, and take along into a new one what can be read of the
        quotas and incidents. False when the disk does not allow it."""
        saved = database.salvage(self._path, "usage", "meters", "incidents")
        try:
            database.put_aside(self._path)
        except OSError as error:
            self.error = f"{self._path} is damaged and cannot be set aside: {error.strerror}"
            return False
        self._prepared = False
        self._transact([_execution(one) for one in saved], again=False)
        return True


def insertion(batch: list[Mapping[str, object]]) -> Change:
    """Some events as rows, in their chain."""
    rows = [{**row, "inputs": json.dumps(row["inputs"])} for row in batch]

    def insert(opened: sqlite3.Connection) -> None:
        opened.executemany(_INSERT, rows)
        chain.seal_events(opened)
        before = int(str(rows[-1]["seq"])) - KEEP_EVENTS + 1
        if opened.execute("DELETE FROM events WHERE seq < ?", (before,)).rowcount:
            chain.dropped(opened, chain.EVENTS, before)

    return insert


def _together(*changes: Change) -> Change:
    """Several changes as one: they wait, and are dropped, as one."""

    def make(opened: sqlite3.Connection) -> None:
        for change in changes:
            change(opened)

    return make


def _execution(statement: Statement) -> Change:
    return lambda opened: opened.execute(*statement)
