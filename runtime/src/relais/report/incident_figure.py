# SPDX-License-Identifier: GPL-3.0-or-later
"""The drawings of an incident: all of it by the clock of the site, and its first moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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
from relais.report.incident_facts import Incident
from relais.report.incident_spans import Span, of_link, of_service
from relais.report.incident_texts import IncidentTexts

_ROW, _HEIGHT = 32.0, 16.0
_LETTER, _ROOM = 7.0, 10.0
_SHORTEST_MS = 200.0
_MOST_TICKS, _HALF_TICK = 7, 26.0
_AWAY = ("fault", "unused", "poor")
_KINDS = (*_AWAY, "watched", "trusted", "dark", "backup", "usual")
_MIN, _H, _D = 60, 3600, 86_400
_STEPS_S = (
    *(1, 2, 5, 10, 20, 30),
    *(n * _MIN for n in (1, 2, 5, 10, 20, 30)),
    *(n * _H for n in (1, 2, 3, 6, 12)),
    *(n * _D for n in (1, 2, 7, 14, 28, 91, 364)),
)


def whole(
    incident: Incident, told: Sequence[dict[str, Any]], began: datetime, words: IncidentTexts
) -> Figure:
    """The incident from end to end: each link, and what carried each service."""
    last = max(incident.until_ms, *(entry["at_ms"] for entry in told), 1000.0) * 1.02
    scale = Scale(-0.04 * last, last)
    rows = [(label, [_told(span, words) for span in spans]) for label, spans in _rows(incident)]
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
    rows = [(one.name, [Span("dark", 0, one.past_ms, words.duration(one.past_ms))]) for one in away]
    return _figure("beginning", rows, scale, offset_ticks(scale, words), told, words)


def kinds(incident: Incident) -> list[str]:
    """The kinds of bars in the drawing of the whole, for its legend."""
    drawn = {span.kind for _label, spans in _rows(incident) for span in spans}
    return [kind for kind in _KINDS if kind in drawn]


def _rows(incident: Incident) -> list[tuple[str, list[Span]]]:
    links = [(wan, of_link(incident, wan)) for wan in incident.wans]
    return links + [(one.name, of_service(incident, one)) for one in incident.services]


def _told(span: Span, words: IncidentTexts) -> Span:
    """With how long a link was away."""
    if span.kind not in _AWAY:
        return span
    return replace(span, text=words.duration(span.to_ms - span.from_ms))


def _figure(
    stem: str,
    rows: Sequence[tuple[str, Sequence[Span]]],
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


def _bars(scale: Scale, y: float, spans: Sequence[Span]) -> tuple[Bar, ...]:
    *others, last = (_bar(scale, y, span) for span in spans)
    behind = last.x + last.width + 6
    if not last.text and behind + _needed(spans[-1]) <= RIGHT:
        last = replace(last, text=spans[-1].text, text_x=behind, text_anchor="start")
    return (*others, last)


def _needed(span: Span) -> float:
    return len(span.text) * _LETTER + _ROOM


def _bar(scale: Scale, y: float, span: Span) -> Bar:
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
