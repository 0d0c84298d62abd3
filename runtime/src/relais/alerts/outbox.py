# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that are to leave, in a file of their own: none is lost or sent again by a restart.

A message is marked `sending` on the disk before it leaves and `sent` after it was taken. When the
power fails between the two nobody can know whether it arrived, and it is sent again: an alert that
comes twice, with the same reference, does less harm than one that never comes.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from relais.alerts.rules import Kind, Message, Past
from relais.alerts.texts import Text
from relais.core.instants import rfc3339
from relais.shell import database

MARGIN = timedelta(hours=1)
"""The daemon may write late that an incident has ended: its disk may have been full."""
KEEP = timedelta(days=30)
"""How long a message is kept after its incident has ended."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, incident TEXT NOT NULL, kind TEXT NOT NULL,
  number INTEGER NOT NULL, target TEXT NOT NULL, fault TEXT NOT NULL, at TEXT NOT NULL,
  not_before TEXT, title TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, sent_at TEXT, error TEXT);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_INSERT = """
INSERT OR IGNORE INTO messages
  (id, incident, kind, number, target, fault, at, not_before, title, body, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting')
"""
_COLUMNS = (
    "id, incident, kind, number, target, fault, at, not_before, title, body, state, attempts, "
    "sent_at, error"
)
_ALL = f"SELECT {_COLUMNS} FROM messages ORDER BY seq"  # noqa: S608 - no input
_WAITING = (
    f"SELECT {_COLUMNS} FROM messages WHERE state = 'waiting' "  # noqa: S608 - no input
    "AND (not_before IS NULL OR not_before <= ?) ORDER BY at, seq"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A message with its words, and what became of it: `state` is waiting, sending, sent or
    dropped."""

    message: Message
    text: Text
    state: str
    attempts: int
    sent_at: datetime | None
    error: str | None


class Outbox:
    """The file. Every method raises sqlite3.Error when the disk refuses."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self, now: datetime) -> None:
        """Prepare the file, and let wait again what was being sent when the process ended. A
        damaged file is set aside."""
        if self._path.exists() and not database.sound(self._path):
            database.put_aside(self._path)
        with database.transaction(self._path) as opened:
            opened.execute("PRAGMA synchronous=FULL")
            opened.executescript(_SCHEMA)
            opened.execute("UPDATE messages SET state = 'waiting' WHERE state = 'sending'")
            for fact in ("begun_at", "looked_at"):
                opened.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (fact, rfc3339(now)))

    def since(self) -> datetime:
        """What was over before then is history, and nobody is told of it: what had ended when the
        outbox was begun, or well before somebody looked last."""
        facts = dict(database.read(self._path, "SELECT name, value FROM facts"))
        begun, looked = (datetime.fromisoformat(facts[name]) for name in ("begun_at", "looked_at"))
        return max(begun, looked - MARGIN)

    def looked(self, now: datetime) -> None:
        """Everything that was over by then has been seen."""
        with database.transaction(self._path) as opened:
            opened.execute("REPLACE INTO facts VALUES ('looked_at', ?)", (rfc3339(now),))

    def past(self) -> Past:
        """What was told before, for the rules."""
        entries = self.entries()
        faults: dict[tuple[str, str], list[datetime]] = defaultdict(list)
        for entry in entries:
            if entry.message.kind is Kind.BEGAN:
                faults[entry.message.fault, entry.message.target].append(entry.message.at)
        return Past(
            known=frozenset(entry.message.id for entry in entries),
            held=frozenset(
                entry.message.incident
                for entry in entries
                if entry.message.not_before and entry.state == "waiting"
            ),
            reminding=frozenset(
                (entry.message.incident, entry.message.target)
                for entry in entries
                if entry.message.kind is Kind.REMINDER and entry.state in ("waiting", "sending")
            ),
            faults={key: tuple(instants) for key, instants in faults.items()},
        )

    def add(self, messages: Iterable[tuple[Message, Text]]) -> None:
        """Keep messages until they have left. A recovery makes the reminders before it idle."""
        rows = [(*_row(message), text.title, text.body) for message, text in messages]
        if not rows:
            return
        with database.transaction(self._path) as opened:
            opened.executemany(_INSERT, rows)
            opened.execute(
                "UPDATE messages SET state = 'dropped' WHERE state = 'waiting' "
                "AND kind = 'reminder' AND EXISTS (SELECT 1 FROM messages AS over "
                "WHERE over.incident = messages.incident AND over.target = messages.target "
                "AND over.kind = 'recovery')"
            )

    def release(self, incidents: Collection[str]) -> None:
        """Let go what quiet hours held back, of incidents that have become important."""
        if not incidents:
            return
        with database.transaction(self._path) as opened:
            opened.executemany(
                "UPDATE messages SET not_before = NULL WHERE incident = ? AND state = 'waiting'",
                [(incident,) for incident in incidents],
            )

    def waiting(self, now: datetime) -> list[Entry]:
        """What may leave now, the oldest first."""
        with database.transaction(self._path) as opened:
            rows = opened.execute(_WAITING, (rfc3339(now),)).fetchall()
        return [_entry(row) for row in rows]

    def entries(self) -> list[Entry]:
        """Every message that is kept, in the order in which they came."""
        return [_entry(row) for row in database.read(self._path, _ALL)]

    def sending(self, message: Message) -> None:
        """It is about to leave."""
        self._mark(message, "state = 'sending', attempts = attempts + 1")

    def sent(self, message: Message, now: datetime) -> None:
        """It was taken."""
        self._mark(message, "state = 'sent', error = NULL, sent_at = ?", rfc3339(now))

    def failed(self, message: Message, error: str) -> None:
        """It was not taken, and goes on waiting."""
        self._mark(message, "state = 'waiting', error = ?", error)

    def tidy(self, targets: Collection[str], live: Collection[str], now: datetime) -> None:
        """Drop what waits for targets that are no more; forget what is old and over."""
        with database.transaction(self._path) as opened:
            for (target,) in opened.execute("SELECT DISTINCT target FROM messages").fetchall():
                if target not in targets:
                    opened.execute(
                        "UPDATE messages SET state = 'dropped', error = 'the target is no more' "
                        "WHERE target = ? AND state = 'waiting'",
                        (target,),
                    )
            for (incident,) in opened.execute(
                "SELECT incident FROM messages GROUP BY incident "
                "HAVING max(at) < ? AND max(state = 'waiting') = 0",
                (rfc3339(now - KEEP),),
            ).fetchall():
                if incident not in live:
                    opened.execute("DELETE FROM messages WHERE incident = ?", (incident,))

    def _mark(self, message: Message, change: str, *values: str) -> None:
        with database.transaction(self._path) as opened:
            sql = f"UPDATE messages SET {change} WHERE id = ?"  # noqa: S608 - our own words
            opened.execute(sql, (*values, message.id))


def _row(message: Message) -> tuple[object, ...]:
    held = None if message.not_before is None else rfc3339(message.not_before)
    what = (message.id, message.incident, str(message.kind), message.number)
    return (*what, message.target, message.fault, rfc3339(message.at), held)


def _entry(row: tuple[Any, ...]) -> Entry:
    _id, incident, kind, number, target, fault, at, held, title, body, state, tries, sent, err = row
    message = Message(
        incident=incident,
        kind=Kind(kind),
        number=number,
        target=target,
        fault=fault,
        at=datetime.fromisoformat(at).astimezone(UTC),
        not_before=None if held is None else datetime.fromisoformat(held),
    )
    left = None if sent is None else datetime.fromisoformat(sent)
    return Entry(message, Text(title, body), state, tries, left, err)


Error = sqlite3.Error
"""What the disk refuses with."""
