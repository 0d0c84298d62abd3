# SPDX-License-Identifier: GPL-3.0-or-later
"""Tamper evidence: each kept row's digest covers the one before it, so that none can be changed,
removed or put in between without breaking all that follow.

There is a chain for each kind of row, since each is kept for a time of its own. Where old rows are
dropped, the digest of the last one dropped stays as the chain's start. Digests are SHA-256 (FIPS
180-4) of the digest before in hexadecimal, a line feed, and the row as JSON: an object of all its
columns in the order of their names, without spaces, in ASCII.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

SCHEMA = """
CREATE TABLE IF NOT EXISTS chain (
  kind TEXT NOT NULL, n INTEGER NOT NULL, key TEXT NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (kind, n)) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS chain_key ON chain (kind, key);
CREATE TABLE IF NOT EXISTS chain_starts (
  kind TEXT PRIMARY KEY, n INTEGER NOT NULL, hash BLOB NOT NULL, dropped_before INTEGER NOT NULL)
  WITHOUT ROWID;
"""
SEAL_AT_ONCE = 1000
DROP_AT_ONCE = 20_000
Values = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows that share a chain. `place` is the column of the key that says how old a row is; `only`
    restricts the table's rows."""

    name: str
    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    place: str
    only: str = "1"

    @property
    def select(self) -> str:
        """The query of its rows, to which conditions may be added."""
        return f"SELECT {', '.join(self.columns)} FROM {self.table} WHERE {self.only}"  # noqa: S608

    def row(self, opened: sqlite3.Connection, key: str) -> Values | None:
        """The row of a key; None when there is none."""
        which = " AND ".join(f"{column} = ?" for column in self.key)
        row: Values | None = opened.execute(
            f"{self.select} AND {which}", json.loads(key)
        ).fetchone()
        return row

    def key_of(self, row: Values) -> str:
        """A row's key as text."""
        return key_text(*(row[self.columns.index(column)] for column in self.key))

    def age(self, key: str) -> int:
        """The place in time (or order) of a key."""
        return int(json.loads(key)[self.key.index(self.place)])


_ROLL = (
    *("step_s", "at_s", "wan", "observed_ms", "sent", "lost", "rtt_sum_us", "rtt_least_us"),
    *("rtt_buckets", "rx_bytes", "tx_bytes"),
)
_PERIOD = ("subject", "name", "began_ms", "ended_ms", "condition", "wan", "state", "excused")
_EVENT = ("seq", "id", "at", "kind", "wan", "service", "what", "why", "inputs")
EVENTS = Kind("events", "events", _EVENT, ("seq",), "seq")
PERIODS = Kind("periods", "periods", _PERIOD, ("subject", "name", "began_ms"), "began_ms")
MINUTES = Kind("minutes", "rolls", _ROLL, ("at_s", "wan"), "at_s", "step_s = 60")
HOURS = Kind("hours", "rolls", _ROLL, ("at_s", "wan"), "at_s", "step_s = 3600")
KINDS = (EVENTS, PERIODS, MINUTES, HOURS)


@dataclass(frozen=True, slots=True)
class Start:
    """Where a chain begins: after its `n`th row, whose digest is `hash`. Rows whose place is before
    `dropped_before` have been dropped by age."""

    n: int
    hash: bytes
    dropped_before: int


def key_text(*values: object) -> str:
    """A key as SQLite's `json_array` writes it."""
    return json.dumps(values, separators=(",", ":"))


def digest(before: bytes, kind: Kind, row: Values) -> bytes:
    """The digest of a row behind another."""
    columns = dict(zip(kind.columns, row, strict=True))
    text = json.dumps(columns, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{before.hex()}\n{text}".encode("ascii")).digest()


def start(opened: sqlite3.Connection, kind: Kind) -> Start:
    """Where a chain begins."""
    query = "SELECT n, hash, dropped_before FROM chain_starts WHERE kind = ?"
    found = opened.execute(query, (kind.name,)).fetchone()
    return Start(*found) if found else Start(0, bytes(32), 0)


def head(opened: sqlite3.Connection, kind: Kind) -> tuple[int, bytes, str | None]:
    """The newest link of a chain: its number, digest and key (None when no row is left)."""
    query = "SELECT n, hash, key FROM chain WHERE kind = ? ORDER BY n DESC LIMIT 1"
    found = opened.execute(query, (kind.name,)).fetchone()
    if found is None:
        first = start(opened, kind)
        return first.n, first.hash, None
    n, last, key = found
    return n, last, key


def seal(opened: sqlite3.Connection, kind: Kind, rows: Iterable[Values]) -> None:
    """Add rows to their chain, in this order; those that are in it already are left out."""
    n, last, _unused = head(opened, kind)
    links = []
    for row in rows:
        key = kind.key_of(row)
        if sealed(opened, kind, key):
            continue
        n, last = n + 1, digest(last, kind, row)
        links.append((kind.name, n, key, last))
    opened.executemany("INSERT INTO chain (kind, n, key, hash) VALUES (?, ?, ?, ?)", links)


def sealed(opened: sqlite3.Connection, kind: Kind, key: str) -> bool:
    """Whether a row is in its chain."""
    query = "SELECT 1 FROM chain WHERE kind = ? AND key = ?"
    return opened.execute(query, (kind.name, key)).fetchone() is not None


def seal_events(opened: sqlite3.Connection) -> None:
    """Add the events that are not in the chain yet, the oldest first, a bounded number at once."""
    newest = head(opened, EVENTS)[2]
    query = f"{EVENTS.select} AND seq > ? ORDER BY seq LIMIT {SEAL_AT_ONCE}"
    after = 0 if newest is None else EVENTS.age(newest)
    seal(opened, EVENTS, opened.execute(query, (after,)).fetchall())


def unsealed(opened: sqlite3.Connection, kind: Kind) -> list[Values]:
    """Rows that are in no chain, the oldest first."""
    own = f"SELECT 1 FROM chain WHERE kind = ? AND key = json_array({', '.join(kind.key)})"  # noqa: S608
    query = f"{kind.select} AND NOT EXISTS ({own}) ORDER BY {kind.place}"
    return opened.execute(query, (kind.name,)).fetchall()


def dropped(opened: sqlite3.Connection, kind: Kind, before: int) -> None:
    """Rows before a place have been dropped for their age: the chain begins behind them."""
    first = start(opened, kind)
    n, last = first.n, first.hash
    query = "SELECT n, hash, key FROM chain WHERE kind = ? ORDER BY n LIMIT ?"
    for number, own, key in opened.execute(query, (kind.name, DROP_AT_ONCE)).fetchall():
        if kind.age(key) >= before or kind.row(opened, key) is not None:
            break
        n, last = number, own
    before = max(before, first.dropped_before)
    if (n, before) != (first.n, first.dropped_before):
        opened.execute("DELETE FROM chain WHERE kind = ? AND n <= ?", (kind.name, n))
        opened.execute(
            "INSERT OR REPLACE INTO chain_starts (kind, n, hash, dropped_before) "
            "VALUES (?, ?, ?, ?)",
            (kind.name, n, last, before),
        )
