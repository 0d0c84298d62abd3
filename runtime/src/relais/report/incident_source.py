# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an incident page's documents come from: files, a journal, the plan of the site."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from relais.report.incident_facts import CLASSES, SCHEMA, Site, site_of
from relais.report.page import ReportError, read_json
from relais.shell.incidents import kept, reason
from relais.shell.verify import fingerprint

_PLAN, _CONFIG = "relais.plan/1", "relais.config/1"
_REQUIRED = (
    *("id", "site", "gateway", "timezone", "class", "state", "wans", "began_at", "detected_at"),
    *("switched_at", "recovered_at", "failed_back_at", "ended_at", "segment", "services"),
    *("spent_bytes", "timeline"),
)


def find_incidents(asked: Sequence[str], journal: Path) -> list[dict[str, Any]]:
    """The incidents in files, and those of which only the id is given out of the journal.

    Raises ReportError.
    """
    found: list[dict[str, Any]] = []
    for one in asked:
        if _is_file(one):
            found += read_incidents(Path(one))
        else:
            found.append(_kept(journal, one))
    if not found:
        raise ReportError(f"{', '.join(asked)}: no incident in it")
    return found


def fingerprint_of(asked: Sequence[str], journal: Path) -> str | None:
    """The fingerprint of the journal, when an incident comes out of it. Raises ReportError."""
    if all(_is_file(one) for one in asked):
        return None
    try:
        return fingerprint(journal)
    except sqlite3.Error as error:
        raise ReportError(reason(error, journal)) from error


def _is_file(asked: str) -> bool:
    path = Path(asked)
    return path.exists() or bool(path.suffix) or "/" in asked


def read_incidents(path: Path) -> list[dict[str, Any]]:
    """The document of an incident, or a list of them under `incidents`. Raises ReportError."""
    found = read_json(path)
    if isinstance(found, dict) and isinstance(found.get("incidents"), list):
        several = enumerate(found["incidents"])
        return [_checked(one, f"{path}: incidents[{number}]") for number, one in several]
    return [_checked(found, str(path))]


def read_site(path: Path) -> Site:
    """What the inventory says of a site: its plan, or those parts of it that are needed here; the
    daemon's configuration knows the contracts, too. Raises ReportError."""
    told = read_json(path)
    schema = told.get("schema") if isinstance(told, dict) else None
    if schema not in (_PLAN, _CONFIG):
        raise ReportError(f"{path}: is not the plan of a site; its 'schema' must be {_PLAN!r}")
    about = told.get("site") if schema == _PLAN else {}
    try:
        return site_of({**told, "site": about})
    except (KeyError, TypeError, AttributeError) as error:
        raise ReportError(f"{path}: the plan is damaged: {error!r}") from error


def _kept(journal: Path, name: str) -> dict[str, Any]:
    if not journal.exists():
        raise ReportError(
            f"{name}: neither a file, nor is there a journal {journal} to look it up in; "
            "name the journal with --journal"
        )
    try:
        known = kept(journal)
    except sqlite3.Error as error:
        raise ReportError(reason(error, journal)) from error
    except (OSError, ValueError) as error:
        raise ReportError(f"{journal}: cannot be read: {error}") from error
    for one in known:
        if one["id"] == name:
            return _checked(one, f"{journal}: {name}")
    newest = f"; the newest is {known[-1]['id']}" if known else ""
    raise ReportError(f"{name}: not among the incidents in {journal}{newest}")


def _checked(document: Any, place: str) -> dict[str, Any]:
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ReportError(f"{place}: is not an incident; its 'schema' must be {SCHEMA!r}")
    missing = [key for key in _REQUIRED if key not in document]
    if missing:
        raise ReportError(f"{place}: an incident without {', '.join(missing)}")
    if document["class"] not in CLASSES:
        raise ReportError(
            f"{place}: the class {document['class']!r} is not known; it must be one of "
            f"{', '.join(CLASSES)}, so the gateway may run a newer relais than this machine"
        )
    return document
