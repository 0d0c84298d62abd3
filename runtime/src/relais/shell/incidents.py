# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents in the journal's database: those of the daemon as they go on, and all of them."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from relais.core.incidents.document import document, incident_of
from relais.core.incidents.fold import adopted, advance
from relais.core.incidents.model import Book, Incident
from relais.shell import database
from relais.shell.journal import Change, Journal

KEEP = 20_000
SCHEMA = """
CREATE TABLE IF NOT EXISTS incidents (
  id TEXT PRIMARY KEY, began_at TEXT NOT NULL, ended_at TEXT, class TEXT NOT NULL, wan TEXT,
  document TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS incidents_began ON incidents (began_at);
"""
_REPLACE = "INSERT OR REPLACE INTO incidents VALUES (?, ?, ?, ?, ?, ?)"
_PRUNE = (
    "DELETE FROM incidents WHERE ended_at IS NOT NULL AND id NOT IN "
    "(SELECT id FROM incidents ORDER BY began_at DESC LIMIT ?)"
)
_OPEN = "SELECT document FROM incidents WHERE ended_at IS NULL ORDER BY began_at"
_LAST = "SELECT wan, id FROM (SELECT wan, id, max(began_at) FROM incidents GROUP BY wan)"
_ALL = "SELECT document FROM incidents ORDER BY began_at, id"
_EVENTS = "SELECT id, at, kind, wan, service, what, why, inputs FROM events ORDER BY seq"
_NAMES = ("id", "at", "kind", "wan", "service", "what", "why", "inputs")
log = logging.getLogger("relaisd")


class Incidents:
    """The fold in the daemon. Nothing that it meets may stop a decision."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._book = Book()

    @property
    def open_ids(self) -> list[str]:
        """Identifiers of the incidents that have not ended."""
        return [incident.id for incident in self._book.open.values()]

    def start(self) -> None:
        """Adopt what was open when the last daemon ended, however it ended."""
        kept = []
        for (text,) in self._journal.read(_OPEN):
            try:
                kept.append(incident_of(json.loads(text)))
            except (KeyError, TypeError, ValueError) as error:
                log.error("an incident in the journal cannot be read: %s", error)
        self._book = adopted(kept, dict(self._journal.read(_LAST)))

    def take(self, event: Mapping[str, object]) -> dict[str, Change]:
        """Fold one event. What it has changed is to be kept in the same transaction, by identifier:
        a daemon that is killed leaves the incidents of the events that it leaves."""
        try:
            self._book = book = advance(self._book, event)
        except Exception:
            log.exception("incidents go on without the event %s", event.get("id"))
            return {}
        return {incident.id: _keeping(book, incident) for incident in book.changed}


def _keeping(book: Book, incident: Incident) -> Change:
    """What the journal's thread does to keep an incident."""

    def keep(opened: sqlite3.Connection) -> None:
        try:
            row = _row(document(book, incident))
        except Exception:
            log.exception("the incident %s cannot be written", incident.id)
            return
        opened.execute(_REPLACE, row)
        if incident.ended_at is not None:
            opened.execute(_PRUNE, (KEEP,))

    return keep


def kept(path: Path) -> list[dict[str, Any]]:
    """The documents of all incidents, oldest first. Raises sqlite3.Error and FileNotFoundError."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no journal")
    return [json.loads(text) for (text,) in database.read(path, _ALL)]


def rebuild(path: Path) -> list[dict[str, Any]]:
    """Fold the whole journal again and put the result in the place of what was kept, except of
    incidents that are older than the events. Raises sqlite3.Error and FileNotFoundError."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no journal")
    with database.transaction(path) as opened:
        opened.executescript(SCHEMA)
        opened.execute("BEGIN IMMEDIATE")
        rows = opened.execute(_EVENTS).fetchall()
        found = folded(dict(zip(_NAMES, row, strict=True)) for row in rows)
        if rows:
            opened.execute("DELETE FROM incidents WHERE began_at >= ?", (rows[0][1],))
        opened.executemany(_REPLACE, [_row(one) for one in found])
        return [json.loads(text) for (text,) in opened.execute(_ALL)]


def folded(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The documents of the incidents in a journal's rows."""
    found: dict[str, dict[str, Any]] = {}
    book = Book()
    for event in events:
        if isinstance(event["inputs"], str):
            event["inputs"] = json.loads(event["inputs"])
        book = advance(book, event)
        for incident in book.changed:
            found[incident.id] = document(book, incident)
    return list(found.values())


def reason(error: sqlite3.Error, path: Path) -> str:
    """Why a journal gives no incidents, for people."""
    if "no such table" in str(error):
        return f"{path} keeps no incidents yet; try relais incidents --rebuild"
    return f"{path}: {error}"


def _row(kept_: Mapping[str, Any]) -> tuple[object, ...]:
    wan = None if kept_["operator"] is None else kept_["wans"][0]
    return (
        kept_["id"],
        kept_["began_at"],
        kept_["ended_at"],
        kept_["class"],
        wan,
        json.dumps(kept_),
    )
