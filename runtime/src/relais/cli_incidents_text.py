# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents as text that a person reads at a glance, in the site's own time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from relais.cli_tables import table

_STEPS = (
    ("began", "began_at"),
    ("detected", "detected_at"),
    ("switched", "switched_at"),
    ("recovered", "recovered_at"),
    ("failed back", "failed_back_at"),
    ("ended", "ended_at"),
)
ENTRIES = 40
"""Lines of a timeline that still fit on a screen."""


def list_text(incidents: Sequence[Mapping[str, Any]]) -> str:
    """One line for each incident, the newest last."""
    if not incidents:
        return "No incident."
    rows = [
        (
            one["id"],
            one["class"],
            one["state"],
            _clock(one["began_at"], _zone(one))[:16],
            _lasted(one),
            _services(one["services"]),
        )
        for one in incidents
    ]
    return table(("INCIDENT", "CLASS", "STATE", "BEGAN", "LASTED", "SERVICES"), rows)


def incident_text(one: Mapping[str, Any]) -> str:
    """All about one incident."""
    zone = _zone(one)
    head = f"{one['id']}: {one['class']} of {', '.join(one['wans'])}, {one['state']}"
    lines = [f"{head}; {one['site']} ({one['gateway']}), times of {one['timezone']}"]
    if one["segment"] is not None:
        lines.append(f"{one['segment']['where']}: {one['segment']['why']}")
    if one["drill"] is not None:
        lines.append(f"A drill was announced for {', '.join(one['drill']['wans'])}")
    steps = [(name, _clock(one[key], zone), _after(one, key)) for name, key in _STEPS]
    services = [
        (
            name,
            entry["importance"],
            entry["impact"],
            _outage(entry),
            entry["from"] if entry["from"] == entry["to"] else f"{entry['from']} to {entry['to']}",
        )
        for name, entry in one["services"].items()
    ]
    spent = [f"{wan} {count / 1e6:.1f} MB" for wan, count in one["spent_bytes"].items()]
    parts = [
        "\n".join(lines),
        table(("STEP", "AT", "AFTER"), steps),
        table(("SERVICE", "IMPORTANCE", "IMPACT", "OUTAGE", "LINKS"), services),
    ]
    if spent:
        parts.append(f"Carried by metered links meanwhile: {', '.join(spent)}")
    parts.append(_timeline(one["timeline"], zone))
    return "\n\n".join(parts)


def _timeline(entries: Sequence[Mapping[str, str]], zone: tzinfo) -> str:
    shown = entries
    left = len(entries) - ENTRIES
    if left > 0:
        shown = [*entries[: ENTRIES // 2], *entries[-ENTRIES // 2 :]]
    lines = [f"{_clock(e['at'], zone)[11:]}  {e['what']} ({e['why']})" for e in shown]
    if left > 0:
        lines.insert(ENTRIES // 2, f"... {left} more: --json")
    return "\n".join(lines)


def _zone(one: Mapping[str, Any]) -> tzinfo:
    """The site's zone; UTC on a machine that does not know it."""
    try:
        return ZoneInfo(one["timezone"])
    except (OSError, ValueError, KeyError):
        return ZoneInfo("UTC")


def _clock(instant: str | None, zone: tzinfo) -> str:
    if instant is None:
        return "-"
    local = datetime.fromisoformat(instant).astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03}"


def _after(one: Mapping[str, Any], key: str) -> str:
    if one[key] is None:
        return ""
    return duration(_between_ms(one["began_at"], one[key]))


def _lasted(one: Mapping[str, Any]) -> str:
    if one["ended_at"] is None:
        return "not over"
    return duration(_between_ms(one["began_at"], one["ended_at"]))


def _between_ms(first: str, last: str) -> float:
    spent = datetime.fromisoformat(last) - datetime.fromisoformat(first)
    return spent.total_seconds() * 1000


def _outage(entry: Mapping[str, Any]) -> str:
    if entry["dark_since"] is not None:
        return "dark now"
    return duration(entry["outage_ms"]) if entry["impact"] != "untouched" else "-"


def _services(services: Mapping[str, Mapping[str, Any]]) -> str:
    """`voice moved 274 ms`, of those that were touched."""
    touched = [(n, e) for n, e in services.items() if e["impact"] != "untouched"]
    return ", ".join(f"{n} {e['impact']} {_outage(e)}" for n, e in touched) or "none touched"


def duration(ms: float) -> str:
    """`274 ms`, `12.5 s`, `4 min 10 s`, `2 h 05 min`, `3 d 4 h`."""
    seconds = ms / 1000
    if seconds < 1:
        return f"{ms:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"
