# SPDX-License-Identifier: GPL-3.0-or-later
"""An incident as a document, `relais.incident/1`, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from relais.core.incidents.model import Affected, Book, Class, Entry, Impact, Incident, Segment

SCHEMA = "relais.incident/1"
_IMPORTANCES = ("vital", "normal", "degradable")
_INSTANTS = (
    "began_at",
    "detected_at",
    "switched_at",
    "recovered_at",
    "failed_back_at",
    "ended_at",
)
Document = dict[str, Any]


def document(book: Book, incident: Incident) -> Document:
    """What is kept and shown of an incident."""
    return {
        "schema": SCHEMA,
        "id": incident.id,
        "site": book.site,
        "gateway": book.gateway,
        "timezone": book.timezone,
        "class": str(incident.kind),
        "importance": _importance(incident),
        "state": state(incident),
        "wans": list(incident.wans),
        **{name: getattr(incident, name) for name in _INSTANTS},
        "dark_ms": incident.dark_ms,
        "dark_since": incident.dark_since,
        "segment": None if incident.segment is None else asdict(incident.segment),
        "services": {name: _affected(entry) for name, entry in incident.services.items()},
        "spent_bytes": dict(incident.spent_bytes),
        "meters": dict(incident.meters),
        "drill": None if incident.drill is None else {"wans": list(incident.drill)},
        "planned": incident.kind is Class.PLANNED,
        "operator": _operator(incident),
        "timeline": [asdict(entry) for entry in incident.timeline],
    }


def state(incident: Incident) -> str:
    """`open`, `on_backup` or `ended`."""
    if incident.ended_at is not None:
        return "ended"
    away = incident.switched_at is not None and incident.failed_back_at is None
    dark = any(entry.dark_since is not None for entry in incident.services.values())
    return "on_backup" if away and not dark and incident.wan is not None else "open"


def incident_of(kept: Document) -> Incident:
    """The incident that a document tells of. Raises KeyError, TypeError and ValueError."""
    operator = kept["operator"] or {}
    return Incident(
        id=kept["id"],
        wan=None if kept["operator"] is None else kept["wans"][0],
        kind=Class(kept["class"]),
        wans=tuple(kept["wans"]),
        services={name: _affected_of(entry) for name, entry in kept["services"].items()},
        **{name: kept[name] for name in _INSTANTS},
        dark_ms=kept["dark_ms"],
        dark_since=kept["dark_since"],
        segment=None if kept["segment"] is None else Segment(**kept["segment"]),
        spent_bytes=dict(kept["spent_bytes"]),
        meters=dict(kept["meters"]),
        drill=None if kept["drill"] is None else tuple(kept["drill"]["wans"]),
        operator=operator.get("name"),
        technology=operator.get("technology"),
        timeline=tuple(Entry(**entry) for entry in kept["timeline"]),
    )


def _importance(incident: Incident) -> str:
    touched = {
        entry.importance
        for entry in incident.services.values()
        if entry.impact is not Impact.UNTOUCHED
    }
    return next((name for name in _IMPORTANCES if name in touched), "normal")


def _operator(incident: Incident) -> Mapping[str, object] | None:
    if incident.wan is None:
        return None
    return {"name": incident.operator, "technology": incident.technology}


def _affected(entry: Affected) -> Document:
    return {
        "importance": entry.importance,
        "impact": str(entry.impact),
        "outage_ms": entry.outage_ms,
        "dark_since": entry.dark_since,
        "from": "+".join(entry.origin),
        "to": "+".join(entry.to),
    }


def _affected_of(kept: Document) -> Affected:
    return Affected(
        importance=kept["importance"],
        origin=_names(kept["from"]),
        to=_names(kept["to"]),
        impact=Impact(kept["impact"]),
        outage_ms=kept["outage_ms"],
        dark_since=kept["dark_since"],
    )


def _names(joined: str) -> tuple[str, ...]:
    return tuple(joined.split("+")) if joined else ()
