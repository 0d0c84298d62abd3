# SPDX-License-Identifier: GPL-3.0-or-later
"""The state document as relaisd leaves it for everybody on the gateway, and how old it is."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from relais.core.supervision.model import Incident, Seen, instant_s
from relais.shell import clock, database

STATE = Path("/run/relais/state.json")
SCHEMA = "relais.state/1"
SILENT_AFTER_S = 15.0
"""relaisd writes every five seconds; three that are missing are no hiccup."""
_OPEN = "SELECT id, class, wan FROM incidents WHERE ended_at IS NULL"


def look(path: Path, journal: Path) -> Seen:
    """What is known now; never raises for what is missing, damaged or old: `silent` says so."""
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(state, dict) or state.get("schema") != SCHEMA:
            return Seen(None, f"{path} is no {SCHEMA} document")
        age_s = clock.wall_now().timestamp() - instant_s(state["at"])
    except OSError as error:
        return Seen(None, f"{path} cannot be read: {error.strerror or error}; does relaisd run?")
    except (ValueError, KeyError, TypeError):
        return Seen(None, f"{path} is damaged")
    if abs(age_s) > SILENT_AFTER_S:  # A clock that was set back must not make it young for long.
        when = "old" if age_s > 0 else "ahead of the clock"
        return Seen(state, f"relaisd is silent: its state is {abs(age_s):.0f} s {when}")
    return Seen(state, None, _incidents(state, journal))


def _incidents(state: dict[str, Any], journal: Path) -> tuple[Incident, ...]:
    """Those that the state names; the journal, where it may be read, knows their class."""
    names = [str(name) for name in state.get("incidents", ())]
    try:
        rows = database.read(journal, _OPEN) if names else []
    except sqlite3.Error:
        rows = []
    known = {str(row[0]): Incident(str(row[0]), str(row[1]), str(row[2] or "")) for row in rows}
    return tuple(known.get(name) or _by_name(name) for name in names)


def _by_name(name: str) -> Incident:
    """An identifier is the instant and the first WAN, or `site`: 20261128T200500Z-fibre."""
    wan = name.partition("-")[2]
    return Incident(name, "unknown", "" if wan == "site" else wan)
