# SPDX-License-Identifier: GPL-3.0-or-later
"""What a link was, and what carried a service, from moment to moment of an incident.

Events tell it where there are any; else the document's own instants do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from relais.report.incident_facts import Incident, Service, timeline_ms

_NO_FAULT = {"planned": "unused", "quality": "poor"}
_CHOICE = re.compile(r"(?P<name>[^:]+): \S+ to (?P<wan>\S+)")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time; `kind` is `fault`, `unused`, `poor`, `watched`, `trusted`, `dark`,
    `backup` or `usual`."""

    kind: str
    from_ms: float
    to_ms: float
    text: str = ""


def of_link(incident: Incident, wan: str) -> list[Span]:
    """When a link was away, and when it was watched."""
    end = max(1.0, incident.until_ms)
    away = _NO_FAULT.get(incident.kind, "fault")
    turns = [(0.0, away)]
    if away == "fault":
        states = {f"{wan} lost": away, f"{wan} down": away, f"{wan} recovering": "watched"}
        states[f"{wan} up"] = "trusted"
        for entry in timeline_ms(incident):
            if entry["what"] in states:
                turns.append((entry["at_ms"], states[entry["what"]]))
    if len({kind for _at, kind in turns}) == 1 and incident.recovered_ms is not None:
        turns = [(0.0, away), (incident.recovered_ms, "watched")]
    return _merged([(at, kind, "") for at, kind in turns], end)


def of_service(incident: Incident, one: Service) -> list[Span]:
    """Without service, over another link, over the usual one."""
    end = max(1.0, incident.until_ms)
    dark = end if one.dark_from_ms is None else min(max(0.0, one.dark_from_ms), end)
    away = min(one.past_ms, dark)
    turns = _turns(incident, one, away)
    spans = [Span("dark", 0.0, away), *_merged(turns, dark), Span("dark", dark, end)]
    return [span for span in spans if span.to_ms > span.from_ms]


def _turns(incident: Incident, one: Service, away: float) -> list[tuple[float, str, str]]:
    """From when on what carries a service, once it was without."""
    if one.impact != "moved":
        return [(away, "usual", "")]
    chosen = []
    for entry in timeline_ms(incident):
        found = _CHOICE.fullmatch(entry["what"])
        if entry.get("kind") == "choice" and found and found["name"] == one.name:
            usual = found["wan"] == one.usual
            way = ("usual", "") if usual else ("backup", found["wan"])
            chosen.append((max(away, entry["at_ms"]), *way))
    if chosen:
        before = [] if one.past_ms else [(0.0, "usual", "")]
        return (
            [*before, *chosen]
            if before or chosen[0][0] <= away
            else [(away, *chosen[0][1:]), *chosen]
        )
    back = incident.failed_back_ms
    turns = [(away, "backup", str(one.backup))]
    return turns if back is None else [*turns, (max(away, back), "usual", "")]


def _merged(turns: list[tuple[float, str, str]], end: float) -> list[Span]:
    """Stretches out of turns, each up to the next one that is another."""
    spans: list[Span] = []
    for at, kind, text in turns:
        at = min(max(0.0, at), end)
        if spans and (spans[-1].kind, spans[-1].text) == (kind, text):
            continue
        if spans:
            spans[-1] = Span(spans[-1].kind, spans[-1].from_ms, at, spans[-1].text)
        spans.append(Span(kind, at, end, text))
    return [span for span in spans if span.to_ms > span.from_ms]
