# SPDX-License-Identifier: GPL-3.0-or-later
"""Drill evidence as one self-contained HTML page for management."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from relais.core.drill.evidence import SCHEMA
from relais.core.drill.model import TOTAL
from relais.report.drill_figure import beginning, whole
from relais.report.drill_texts import DrillTexts, drill_texts
from relais.report.page import ReportError, fill, read_json
from relais.report.story import story

_TEMPLATE = "drill.html.j2"
_STYLE = "drill.css"


def read_evidence(path: Path) -> dict[str, Any]:
    """Read one evidence file. Raises ReportError."""
    document = read_json(path)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ReportError(f"{path}: is not drill evidence; its 'schema' must be {SCHEMA!r}")
    missing = [key for key in _REQUIRED if key not in document]
    if missing:
        raise ReportError(f"{path}: evidence without {', '.join(missing)}")
    return document


_REQUIRED = (
    "id",
    "site",
    "gateway",
    "started_at",
    "fault",
    "services",
    "sessions",
    "failback",
    "timeline",
    "verdict",
)


def render(drills: Sequence[dict[str, Any]], language: str) -> str:
    """The page. Raises ReportError, also when jinja2 is missing."""
    words = drill_texts(language)
    try:
        views = [_view(drill, words) for drill in drills]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReportError(f"the evidence is damaged: {error!r}") from error
    return fill(
        _TEMPLATE,
        _STYLE,
        t=words,
        language=language,
        drills=views,
        passed=all(view["passed"] for view in views),
        verdict=_verdict(drills, views, words),
        sites=sorted({drill["site"] for drill in drills}),
        worst=_worst(drills, words),
        dark=_dark(drills),
    )


def _dark(drills: Sequence[dict[str, Any]]) -> bool:
    """Whether every drill cut every link."""
    return all(drill["fault"]["kind"] == TOTAL for drill in drills)


def _verdict(
    drills: Sequence[dict[str, Any]], views: Sequence[dict[str, Any]], words: DrillTexts
) -> str:
    failed = sum(not view["passed"] for view in views)
    if _dark(drills) and not failed:
        return words["verdict_pass_total"]
    return words.verdict(len(views), failed)


def _worst(drills: Sequence[dict[str, Any]], words: DrillTexts) -> str | None:
    """The longest outage of all that were measured, None when nobody lost anything."""
    longest = max(
        (
            one["outage_ms"]
            for drill in drills
            if drill["fault"]["kind"] != TOTAL
            for one in drill["services"].values()
        ),
        default=0,
    )
    return words.duration(longest) if longest else None


def _view(drill: dict[str, Any], words: DrillTexts) -> dict[str, Any]:
    """One drill in the words of the page; numbers formatted, events translated."""
    fault, sessions, failback = drill["fault"], drill["sessions"], drill["failback"]
    told = story(drill["timeline"])
    return {
        "id": drill["id"],
        "site": drill["site"],
        "gateway": drill["gateway"],
        "version": drill.get("version"),
        "when": words.moment(drill["started_at"], drill.get("timezone")),
        "passed": drill["verdict"] == "pass",
        "title": words.fault_title(fault["kind"], fault["wan"]),
        "story": words.fault_story(fault["kind"], fault["wan"], fault["seconds"]),
        "services": [_service(name, one, words) for name, one in drill["services"].items()],
        "sessions": _sessions(sessions, words),
        "failback": words.failback(failback),
        "sip": _sip(drill, words),
        "local": [_local(host, one, words) for host, one in (drill.get("local") or {}).items()],
        "reasons": [words.reason(reason) for reason in drill.get("reasons", ())],
        "notes": [words.reason(note) for note in drill.get("notes", ())],
        "events": [_event(entry, words) for entry in told],
        "beginning": beginning(drill, told, words),
        "whole": whole(drill, told, words),
    }


def _service(name: str, one: dict[str, Any], words: DrillTexts) -> dict[str, Any]:
    return {
        "name": name,
        "outage": words.duration(one["outage_ms"]),
        "existing": words.optional_duration(one["existing_ms"]),
        "budget": words.duration(one["budget_ms"]),
        "lost": words.count(one["lost"]),
        "sent": words.count(one["sent"]),
        "before": one["before"] or words["unknown"],
        "during": one["during"] or words["unknown"],
        "ok": one["ok"],
    }


def _sip(drill: dict[str, Any], words: DrillTexts) -> list[tuple[str, str]]:
    """What the drill's telephone felt, as label and value; nothing where there was none."""
    sip = drill.get("sip")
    if sip is None:
        return []
    told = [
        (words["sip_usable"], _again(sip["usable_ms"], words)),
        (words["sip_register"], _again(sip["reregister_ms"], words)),
    ]
    if sip["call_alive"] is not None:
        lost = "sip_call_dark" if drill["fault"]["kind"] == TOTAL else "sip_call_lost"
        told += [
            (words["sip_audio"], words.duration(sip["audio_gap_ms"])),
            (words["sip_audio_back"], words.duration(sip["failback_audio_gap_ms"])),
            (words["sip_call"], words["sip_call_alive" if sip["call_alive"] else lost]),
        ]
    return told


def _again(ms: int | None, words: DrillTexts) -> str:
    if ms is None:
        return words["sip_never"]
    return words.say("sip_after", duration=words.duration(ms)) if ms else words["sip_at_once"]


def _local(host: str, one: dict[str, Any], words: DrillTexts) -> dict[str, Any]:
    away = words.duration(one["outage_ms"]) if one["lost"] else words["local_none"]
    return {"host": host, "away": away, "ok": one["ok"]}


def _sessions(sessions: dict[str, Any], words: DrillTexts) -> str | None:
    return words.sessions(sessions) if sessions["tcp_open"] else None


def _event(entry: dict[str, Any], words: DrillTexts) -> dict[str, Any]:
    what, translated = words.event(entry["what"])
    return {
        "at": words.offset(entry["at_ms"]),
        "what": what,
        "language": None if translated else "en",
        "why": entry.get("why"),
        "by": words["by_daemon"] if entry.get("source") == "daemon" else words["by_drill"],
    }
