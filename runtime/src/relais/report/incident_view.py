# SPDX-License-Identifier: GPL-3.0-or-later
"""An incident in the words of its page: numbers formatted, events translated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from relais.report.incident_facts import Incident, Line, Service, timeline_ms
from relais.report.incident_figure import beginning, kinds, whole
from relais.report.incident_texts import IncidentTexts
from relais.report.story import story
from relais.report.texts import local

MOST_EVENTS = 60
_ON_PURPOSE = frozenset({"planned", "drill"})
_PLACED_BY_CLASS = _ON_PURPOSE | {"total", "quality"}
_INSTANTS = ("began", "detected", "switched", "recovered", "failed_back", "ended")


def view(incident: Incident, now: datetime, words: IncidentTexts) -> dict[str, Any]:
    """Everything that the template shows."""
    document = incident.document
    zone = document["timezone"]
    began = local(document["began_at"], zone)
    told = story(timeline_ms(incident))
    events = [_event(number, one, zone, began, words) for number, one in enumerate(told, start=1)]
    written = local(now.isoformat(), zone)
    return {
        "id": document["id"],
        "site": document["site"],
        "gateway": document["gateway"],
        "title": words.say(f"title_{incident.told_as}", links=words.quoted(incident.wans)),
        "date": words.full_date(began),
        "state": document["state"],
        "state_text": words[f"state_{document['state']}"],
        "going_on": incident.going_on,
        "summary": words.summary(incident),
        "written": words.say(
            "written_open" if incident.going_on else "written", moment=words.stamp(written)
        ),
        "instants": _instants(incident, began, words),
        "zone": words.zone(began),
        "beginning": beginning(incident, told, words),
        "whole": whole(incident, told, began, words),
        "kinds": kinds(incident),
        "staff": None if incident.site.staff is None else words.count(incident.site.staff),
        "affected": incident.worst is not None,
        "services": [_service(one, words) for one in incident.services],
        "kept": _kept(incident, words),
        "cost": _cost(incident, words),
        "where": _where(incident, words),
        "evidence": _evidence(incident, words),
        "operators": [_operator(line, incident, words) for line in incident.lines],
        "clocked": any(incident.clock(line) for line in incident.lines),
        "steps": words.steps(incident),
        "events": _shortened(events),
        "left_out": words.count(max(0, len(events) - MOST_EVENTS)),
        "shortened": len(events) > MOST_EVENTS,
    }


def _instants(
    incident: Incident, began: datetime, words: IncidentTexts
) -> list[tuple[str, str, str]]:
    """Label, clock and distance from the beginning; those that did not come say so."""
    told = []
    for name in _INSTANTS:
        text = incident.document[f"{name}_at"]
        if text is None:
            missing = "not_yet" if incident.going_on else "not_seen"
            told.append((words[f"instant_{name}"], words[missing], ""))
            continue
        at = local(text, incident.document["timezone"])
        after = (at - began).total_seconds() * 1000
        when = words.clock(at)
        if name == "began" or at.date() != began.date():
            when = words.say("date_and_clock", date=words.full_date(at), clock=when)
        told.append(
            (words[f"instant_{name}"], when, "" if name == "began" else words.offset(after))
        )
    return told


def _service(one: Service, words: IncidentTexts) -> dict[str, Any]:
    key = f"impact_{one.impact}"
    if one.impact == "moved" and one.backup is None:
        key = "impact_moved_away"
    return {
        "name": one.name,
        "importance": words.get(f"importance_{one.importance}", one.importance),
        "vital": one.importance == "vital",
        "effect": words.say(key, to=one.backup),
        "outage": words.duration(one.outage_ms) if one.outage_ms else words["no_outage"],
        "dark": one.impact == "dark",
    }


def _kept(incident: Incident, words: IncidentTexts) -> list[str]:
    untouched = [one.name for one in incident.services if one.impact == "untouched"]
    told = [words.say("kept_untouched", names=words.listed(untouched))] if untouched else []
    backups: dict[str | None, list[str]] = {}
    for one in incident.services:
        if one.impact == "moved":
            backups.setdefault(one.backup, []).append(one.name)
    for backup, names in backups.items():
        to = words["another_link"] if backup is None else backup
        told.append(words.say("kept_moved", to=to, names=words.listed(names)))
    cut = [one.name for one in incident.services if one.impact == "interrupted"]
    told += [words.say("kept_interrupted", names=words.listed(cut))] if cut else []
    return told or [words["kept_nothing"]]


def _cost(incident: Incident, words: IncidentTexts) -> list[str]:
    told = [
        _metered(wan, int(spent), incident, words)
        for wan, spent in incident.document["spent_bytes"].items()
    ]
    if not told:
        told = [words["cost_no_data"]]
    cost = incident.staff_cost
    if cost is not None:
        told.append(words.staff(cost))
    elif not incident.dark:
        told.append(words["cost_no_staff"])
    return told


def _metered(wan: str, spent: int, incident: Incident, words: IncidentTexts) -> str:
    volume = words.volume(spent)
    line = incident.site.lines.get(wan)
    if line is None or not line.monthly_quota_gb:
        return words.say("cost_metered", volume=volume, wan=wan)
    percent = spent / (line.monthly_quota_gb * 1e9) * 100
    quota = words.decimal(line.monthly_quota_gb)
    said = (
        words.decimal(percent)
        if percent >= 0.05
        else words.say("less_than", value=words.decimal(0.1))
    )
    return words.say("cost_quota", volume=volume, wan=wan, percent=said, quota=quota)


def _where(incident: Incident, words: IncidentTexts) -> str:
    """By what the gateway suspects, unless the class says more."""
    suspected = (incident.document["segment"] or {}).get("where")
    place = incident.kind if incident.kind in _PLACED_BY_CLASS else suspected
    return words[f"where_{place}" if f"where_{place}" in words else "where_else"]


def _evidence(incident: Incident, words: IncidentTexts) -> dict[str, Any] | None:
    segment = incident.document["segment"]
    if incident.kind in _ON_PURPOSE or not segment or not segment.get("why"):
        return None
    why, translated = words.evidence(segment["why"])
    return {"why": why, "language": None if translated else "en"}


def _operator(line: Line, incident: Incident, words: IncidentTexts) -> list[tuple[str, str]]:
    """What is known of a link and its contract, as label and value."""
    hours = line.repair_time_hours
    clock = incident.clock(line)
    facts = [
        ("line", line.name),
        ("operator", line.operator),
        ("technology", line.technology),
        ("contract", line.contract),
        ("phone", line.support_phone),
        (
            "repair",
            None if hours is None else words.say("repair_hours", hours=words.decimal(hours)),
        ),
        ("repair_used", words.gtr(clock, incident) if clock else None),
    ]
    return [(words[key], str(value)) for key, value in facts if value]


def _event(
    number: int, entry: Mapping[str, Any], zone: str, began: datetime, words: IncidentTexts
) -> dict[str, Any]:
    what, translated = words.event(entry["what"])
    at = local(entry["at"], zone)
    clock = words.clock(at)
    if at.date() != began.date():
        day = words.say("short_date", day=words.day(at), month=words.month(at))
        clock = words.say("date_and_clock", date=day, clock=clock)
    return {
        "number": number,
        "at": clock,
        "after": words.offset(entry["at_ms"]),
        "what": what,
        "language": None if translated else "en",
    }


def _shortened(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first and the last ones of a long story."""
    if len(events) <= MOST_EVENTS:
        return list(events)
    half = MOST_EVENTS // 2
    return [*events[:half], *events[-half:]]
