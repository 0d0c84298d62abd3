# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded stretches in the journal's database: a bounded number, each packed into one value."""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from relais.shell.recorder import Stretch

JOURNAL = Path("/var/lib/relais/journal.db")
KEEP = 500
KEEP_BYTES = 16_000_000
BREATHE_LINES = 32
BREATHE_S = 0.001
SCHEMA = """
CREATE TABLE IF NOT EXISTS recordings (
  number INTEGER PRIMARY KEY, at TEXT NOT NULL, first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL, bytes INTEGER NOT NULL, trace BLOB NOT NULL);
"""
_INSERT = (
    "INSERT INTO recordings (at, first_seq, last_seq, bytes, trace) "
    "VALUES (:at, :first_seq, :last_seq, :bytes, :trace)"
)
_PRUNE = """
DELETE FROM recordings WHERE number NOT IN (SELECT number FROM (
  SELECT number, row_number() OVER newest AS place, sum(bytes) OVER newest AS total
  FROM recordings WINDOW newest AS (ORDER BY number DESC))
  WHERE place = 1 OR (place <= :keep AND total <= :keep_bytes))
"""


class RecordingError(RuntimeError):
    """A recording is not there or cannot be read; `code` is for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Kept:
    """One recording in the journal; sequence numbers are those of its first and last decision."""

    number: int
    at: str
    first_seq: int
    last_seq: int
    bytes: int


def pack(stretch: Stretch) -> dict[str, object]:
    """A stretch as a row. For a thread of its own: it makes way for the others again and again."""
    packer = zlib.compressobj()
    packed = []
    for count, line in enumerate(stretch.lines()):
        packed.append(packer.compress(line.encode()))
        if count % BREATHE_LINES == 0:
            time.sleep(BREATHE_S)
    packed.append(packer.flush())
    trace = b"".join(packed)
    numbers = [sequence_number(name) for name in stretch.identifiers] or [0]
    return {
        "at": stretch.at,
        "first_seq": numbers[0],
        "last_seq": numbers[-1],
        "bytes": len(trace),
        "trace": trace,
    }


def store(database: sqlite3.Connection, row: Mapping[str, object]) -> None:
    """Keep one more; the oldest go when there are too many, or too large ones."""
    database.execute(_INSERT, row)
    database.execute(_PRUNE, {"keep": KEEP, "keep_bytes": KEEP_BYTES})


def sequence_number(identifier: str) -> int:
    """12 for `20260101T090000Z-0012`. Raises ValueError."""
    return int(identifier.rpartition("-")[2])


class Recordings:
    """What a journal has kept, for readers."""

    def __init__(self, path: Path = JOURNAL) -> None:
        self._path = path

    def kept(self) -> list[Kept]:
        """All recordings, oldest first. Raises RecordingError."""
        with self._open() as database:
            query = "SELECT number, at, first_seq, last_seq, bytes FROM recordings ORDER BY number"
            return [Kept(*row) for row in database.execute(query)]

    def newest(self) -> Kept:
        """The newest one. Raises RecordingError."""
        kept = self.kept()
        if not kept:
            raise RecordingError("no_recording", f"{self._path}: nothing has been recorded yet")
        return kept[-1]

    def holding(self, sequence: int) -> Kept:
        """The first one that holds an event of the journal. Raises RecordingError."""
        for one in self.kept():
            if one.first_seq <= sequence <= one.last_seq:
                return one
        raise RecordingError(
            "no_recording",
            f"{self._path}: no recording holds event {sequence}; one is written some seconds after "
            f"its last decision, and the newest {KEEP} are kept (relais replay --list)",
        )

    def text(self, one: Kept) -> str:
        """A recording as a trace. Raises RecordingError."""
        with self._open() as database:
            query = "SELECT trace FROM recordings WHERE number = ?"
            row = database.execute(query, (one.number,)).fetchone()
        try:
            unpacker = zlib.decompressobj()
            plain = unpacker.decompress(row[0]) + unpacker.flush()
            if not unpacker.eof:
                raise ValueError("it is cut off")
            return plain.decode()
        except (TypeError, ValueError, zlib.error) as error:
            message = f"{self._path}: recording {one.number} is damaged: {error}"
            raise RecordingError("bad_input", message) from error

    def events(self, one: Kept) -> dict[str, Mapping[str, object]]:
        """The journal's events from a recording's first to its last, by identifier."""
        columns = ("id", "kind", "wan", "service", "what", "why")
        query = f"SELECT {', '.join(columns)} FROM events WHERE seq BETWEEN ? AND ?"  # noqa: S608 - no input
        with self._open() as database:
            rows = database.execute(query, (one.first_seq, one.last_seq)).fetchall()
        return {row[0]: dict(zip(columns, row, strict=True)) for row in rows}

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection that only reads."""
        if not self._path.exists():
            raise RecordingError("no_journal", f"{self._path}: there is no journal here")
        try:
            where = f"{self._path.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(where, uri=True, timeout=2.0)) as database:
                yield database
        except sqlite3.Error as error:
            raise RecordingError("bad_input", f"{self._path}: {error}") from error
