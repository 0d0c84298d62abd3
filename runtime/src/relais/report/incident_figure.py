# SPDX-License-Identifier: GPL-3.0-or-later
"""The drawings of an incident: all of it by the clock of the site, and its first moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from relais.report.figure import (
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Bar,
    Figure,
    Row,
    Scale,
    Tick,
    markers,
    offset_ticks,
)
from relais.report.incident_facts import Incident, Service
from relais.report.incident_texts import IncidentTexts

_ROW, _HEIGHT = 32.0, 16.0
_LETTER, _ROOM = 7.0, 10.0
_SHORTEST_MS = 200.0
_MOST_TICKS, _HALF_TICK = 7, 26.0
_NO_FAULT = {"planned": "unused", "quality": "poor"}
_KINDS = ("fault", "unused", "poor", "watched", "dark", "backup", "usual")
_MIN, _H, _D = 60, 3600, 86_400
_STEPS_S = (
    *(1, 2, 5, 10, 20, 30),
    *(n * _MIN for n in (1, 2, 5, 10, 20, 30)),
    *(n * _H for n in (1, 2, 3, 6, 12)),
    *(n * _D for n in (1, 2, 7, 14, 28, 91, 364)),
)


@dataclass(frozen=True, slots=True)
class _Span:
    kind: str
    from_ms: float
    to_ms: float
    text: str = ""


def whole(
    incident: Incident, told: Sequence[dict[str, Any]], began: datetime, words: IncidentTexts
) -> Figure:
    """The incident from end to end: each link, and what carried each service."""
    last = max(incident.until_ms, *(entry["at_ms"] for entry in told), 1000.0) * 1.02
    scale = Scale(-0.04 * last, last)
    rows = [(wan, _link(incident, words)) for wan in incident.wans]
    rows += [(one.name, _carried(incident, one)) for one in incident.services]
    return _figure("whole", rows, scale, _clock_ticks(scale, began, words), told, words)


def beginning(
    incident: Incident, told: Sequence[dict[str, Any]], words: IncidentTexts
) -> Figure | None:
    """The first moments drawn large; None when the whole shows them well enough."""
    away = [one for one in incident.services if one.impact != "dark" and one.past_ms]
    moments = [incident.detected_ms or 0.0, incident.switched_ms or 0.0]
    last = max(*moments, *(one.past_ms for one in away), _SHORTEST_MS) * 1.25
    if not away or last > incident.until_ms / 5:
        return None
    scale = Scale(-0.04 * last, last)
    rows = [
        (one.name, [_Span("dark", 0, one.past_ms, words.duration(one.past_ms))]) for one in away
    ]
    return _figure("beginning", rows, scale, offset_ticks(scale, words), told, words)


def kinds(incident: Incident, words: IncidentTexts) -> list[str]:
    """The kinds of bars in the drawing of the whole, for its legend."""
    rows = [_link(incident, words), *(_carried(incident, one) for one in incident.services)]
    drawn = {span.kind for spans in rows for span in spans}
    return [kind for kind in _KINDS if kind in drawn]


def _link(incident: Incident, words: IncidentTexts) -> list[_Span]:
    kind = _NO_FAULT.get(incident.kind, "fault")
    spans = [_Span(kind, 0, incident.fault_ms, words.duration(incident.fault_ms))]
    if incident.recovered_ms is not None and incident.until_ms > incident.recovered_ms:
        spans.append(_Span("watched", incident.recovered_ms, incident.until_ms))
    return spans


def _carried(incident: Incident, one: Service) -> list[_Span]:
    """Without service, then over the backup, then over the usual link again."""
    end = max(1.0, incident.until_ms)
    dark = end if one.dark_from_ms is None else min(max(0.0, one.dark_from_ms), end)
    away = min(one.past_ms, dark)
    back = (
        dark if incident.failed_back_ms is None else min(max(away, incident.failed_back_ms), dark)
    )
    moved = one.impact == "moved" and one.backup is not None and one.backup != one.usual
    turn = back if moved else away
    spans = [
        _Span("dark", 0, away),
        _Span("backup", away, turn, str(one.backup)),
        _Span("usual", turn, dark),
        _Span("dark", dark, end),
    ]
    return [span for span in spans if span.to_ms > span.from_ms]


def _figure(
    stem: str,
    rows: Sequence[tuple[str, Sequence[_Span]]],
    scale: Scale,
    ticks: tuple[Tick, ...],
    told: Sequence[dict[str, Any]],
    words: IncidentTexts,
) -> Figure:
    bottom = TOP + _ROW * len(rows)
    return Figure(
        title=words[f"{stem}_title"],
        description=words[f"{stem}_description"],
        width=WIDTH,
        height=bottom + 24,
        left=LEFT,
        right=RIGHT,
        top=TOP,
        bottom=bottom,
        rows=tuple(
            Row(label, y, _bars(scale, y, spans))
            for index, (label, spans) in enumerate(rows)
            for y in (TOP + _ROW * index,)
        ),
        ticks=ticks,
        markers=markers(scale, told),
        budget_x=None,
        budget_text="",
    )


def _bars(scale: Scale, y: float, spans: Sequence[_Span]) -> tuple[Bar, ...]:
    *others, last = (_bar(scale, y, span) for span in spans)
    behind = last.x + last.width + 6
    if not last.text and behind + _needed(spans[-1]) <= RIGHT:
        last = replace(last, text=spans[-1].text, text_x=behind, text_anchor="start")
    return (*others, last)


def _needed(span: _Span) -> float:
    return len(span.text) * _LETTER + _ROOM


def _bar(scale: Scale, y: float, span: _Span) -> Bar:
    """A bar with its text inside, if it has room."""
    start, end = scale.x(span.from_ms), scale.x(span.to_ms)
    width = max(2.0, end - start)
    return Bar(
        kind=span.kind,
        x=start,
        y=y + (_ROW - _HEIGHT) / 2,
        width=width,
        height=_HEIGHT,
        text=span.text if width >= _needed(span) else "",
        text_x=start + width / 2,
        text_anchor="middle",
    )


def _clock_ticks(scale: Scale, began: datetime, words: IncidentTexts) -> tuple[Tick, ...]:
    """Round moments of the site's clock; of the day, where the incident lasts for days."""
    length_s = scale.last_ms / 1000
    step = next((step for step in _STEPS_S if length_s / step <= _MOST_TICKS), _STEPS_S[-1])
    midnight = began.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    since_s = (began - midnight).total_seconds()
    first = -(-since_s // step) * step
    ticks = []
    for n in range(int((since_s + length_s - first) // step) + 1):
        at = (midnight + timedelta(seconds=first + n * step)).astimezone(began.tzinfo)
        ticks.append(Tick(scale.x((first + n * step - since_s) * 1000), words.tick(at, step)))
    return tuple(one for one in ticks if one.x + _HALF_TICK <= WIDTH)
