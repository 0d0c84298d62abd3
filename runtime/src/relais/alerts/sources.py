# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemon leaves for others to read: its incidents and its state. Nothing asks it."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from relais.alerts.incident import Incident, read_incident
from relais.core.instants import rfc3339
from relais.shell import database
from relais.shell.state_file import SILENT_AFTER_S
from relais.shell.verify import fingerprint

FRESH = timedelta(seconds=SILENT_AFTER_S)
_SILENT = frozenset(["lost", "down"])


@dataclass(frozen=True, slots=True)
class Health:
    """`dark`: no line works, as far as the daemon knows. `well`: it is there, nothing of it is
    degraded, and a line works."""

    dark: bool
    well: bool


def read_incidents(path: Path, since: datetime) -> list[Incident]:
    """Incidents that go on, or ended since then. Raises sqlite3.Error."""
    going_on = "SELECT document FROM incidents WHERE ended_at IS NULL"
    sql = f"{going_on} OR ended_at >= '{rfc3339(since)}' ORDER BY began_at"
    try:
        rows = database.read(path, sql)
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):  # A daemon that has not had one yet.
            return []
        raise
    found = (read_incident(_decoded(row[0])) for row in rows)
    return [incident for incident in found if incident is not None]


def read_fingerprint(path: Path) -> str | None:
    """What whoever has the messages can hold against the journal later; None where it has none."""
    try:
        return fingerprint(path)
    except sqlite3.Error:
        return None  # A message without it is worth more than none.


def read_health(path: Path, now: datetime) -> Health:
    """What the daemon says of itself. Of one that says nothing any more nothing is known: the
    kernel forwards on without it, so what is to leave is tried."""
    try:
        document = _decoded(path.read_bytes())
        at = datetime.fromisoformat(document["at"])
        fresh = abs(now - at) <= FRESH
        states = [wan["state"] for wan in document["wans"].values()]
        degraded = document["degraded"]
    except (OSError, AttributeError, KeyError, TypeError, ValueError):
        return Health(dark=False, well=False)
    dark = fresh and bool(states) and all(state in _SILENT for state in states)
    return Health(dark=dark, well=fresh and not dark and not degraded)


def _decoded(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
