# SPDX-License-Identifier: GPL-3.0-or-later
"""Saying numbers, moments and events in a language of the catalogue; each page adds its own."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from importlib import resources
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Patterns = tuple[tuple[re.Pattern[str], str], ...]
"""Sentences of the runtime, and the text that says the same; named groups fill its blanks."""
EVENTS: Patterns = (
    (re.compile(r"flows of (?P<names>.+) evicted from (?P<wan>\S+)"), "event_evicted"),
    (re.compile(r"(?P<names>[^:]+): (?P<old>\S+) to (?P<new>\S+)"), "event_moved"),
    *(
        (re.compile(rf"(?P<wan>\S+) {state}"), f"event_{state}")
        for state in ("suspect", "lost", "down", "recovering", "up")
    ),
    *(
        (re.compile(rf"(?P<wan>\S+) is {quality}"), f"event_{quality}")
        for quality in ("good", "saturated", "degraded", "partial")
    ),
    *(
        (re.compile(rf"(?P<wan>\S+) set to {mode}"), f"event_{mode}")
        for mode in ("auto", "drain", "force")
    ),
    (re.compile(r"(?P<wan>\S+) is still (?:lost|down)"), "event_still"),
    (re.compile(r"(?P<wan>\S+) breaks the limits of (?P<name>\S+)"), "event_breaks"),
    (re.compile(r"(?P<wan>\S+) keeps the limits of (?P<name>\S+)"), "event_keeps"),
    (re.compile(r"(?P<wan>\S+) no longer suppressed"), "event_released"),
    (re.compile(r"(?P<wan>\S+) has no interface"), "event_no_interface"),
    (re.compile(r"(?P<wan>\S+) has the address (?P<address>\S+), by \S+"), "event_address"),
    (re.compile(r"(?P<wan>\S+) has the next hop (?P<address>\S+)"), "event_next_hop"),
    (re.compile(r"(?P<wan>\S+) has used (?P<percent>\d+) % of its quota"), "event_quota"),
    (re.compile(r"flows of the telephones follow \S+ from (?P<wan>\S+)"), "event_phones"),
    (re.compile(r"flows of (?P<name>\S+) follow it from (?P<wan>\S+)"), "event_follow"),
    (re.compile(r"relaisd starts"), "event_starts"),
    (re.compile(r"relaisd (?:stops|ends)"), "event_stops"),
    (re.compile(r"switch failed"), "event_refused"),
)
_NO_BREAK = "\u00a0"
_DURATIONS = frozenset({"outage", "budget"})
_MINUTE_MS, _HOUR_MS, _DAY_MS = 60_000, 3_600_000, 86_400_000


class Texts:
    """The texts of one language; `t["key"]` is one of them."""

    events: ClassVar[Patterns] = EVENTS

    def __init__(self, language: str, catalogue: Mapping[str, str]) -> None:
        self._language = language
        self._catalogue = catalogue

    def __getitem__(self, key: str) -> str:
        return self._catalogue[key]

    def __contains__(self, key: str) -> bool:
        return key in self._catalogue

    def get(self, key: str, otherwise: str) -> str:
        """A text, or what stands for one that is not there."""
        return self._catalogue.get(key, otherwise)

    def say(self, key: str, **values: object) -> str:
        """A text with its blanks filled in."""
        return self._catalogue[key].format(**values)

    def count(self, number: int) -> str:
        """A whole number with its thousands set apart."""
        return f"{number:,}".replace(",", self["thousands"])

    def duration(self, ms: float) -> str:
        """`0 ms`, `180 ms`, `1.2 s`, `18 s`, `2 min`, `2 h 30 min`, `3 d 4 h`."""
        if round(ms) < 1000:
            return self.say("ms", value=round(ms))
        if ms < 9950:
            return self.say("s", value=self.decimal(ms / 1000))
        if ms < 2 * _MINUTE_MS:
            return self.say("s", value=round(ms / 1000))
        if ms < 10 * _MINUTE_MS:
            return self.say("min", value=self.decimal(ms / _MINUTE_MS))
        if ms < 2 * _DAY_MS:
            return self._two_units(round(ms / _MINUTE_MS), 60, "h", "min")
        return self._two_units(round(ms / _HOUR_MS), 24, "d", "h")

    def _two_units(self, small: int, in_large: int, large_key: str, small_key: str) -> str:
        large, rest = divmod(small, in_large)
        parts = [(large_key, large), (small_key, rest)]
        return _NO_BREAK.join(self.say(key, value=value) for key, value in parts if value)

    def decimal(self, value: float) -> str:
        """A number with at most one decimal."""
        return f"{value:.1f}".removesuffix(".0").replace(".", self["decimal"])

    def offset(self, ms: float) -> str:
        """A moment counted from the fault: `+180 ms`."""
        return (self["minus"] if ms < 0 else "+") + self.duration(abs(ms))

    def axis(self, ms: float, last_ms: float) -> str:
        """A label of the time axis; all labels of an axis have one unit."""
        if last_ms < 2000:
            return self.say("ms", value=round(ms))
        return self.say("s", value=self.decimal(ms / 1000))

    def moment(self, text: str, timezone: str | None) -> str:
        """A wall-clock moment, given as ISO 8601, at the site, else in UTC. Raises ValueError."""
        at = local(text, timezone)
        return self.say(
            "moment",
            day=at.day,
            month=self["months"].split(",")[at.month - 1],
            year=at.year,
            hour=f"{at:%H}",
            minute=f"{at:%M}",
            zone=at.tzinfo,
        )

    def event(self, what: str) -> tuple[str, bool]:
        """An event in this language, and whether it is (else it stays in English)."""
        return self.match(what, self.events)

    def match(self, text: str, patterns: Patterns) -> tuple[str, bool]:
        """A sentence of the runtime in this language, and whether it is."""
        for pattern, key in patterns:
            found = pattern.fullmatch(text)
            if found:
                values = {
                    name: self.duration(int(value)) if name in _DURATIONS else value
                    for name, value in found.groupdict().items()
                }
                return self.say(key, **values), True
        return text, self._language == "en"


def catalogue(language: str, *pages: str) -> dict[str, str]:
    """The texts of some files in a language, set as a printer would. Raises FileNotFoundError."""
    said: dict[str, str] = {}
    for page in pages:
        file = resources.files("relais.report").joinpath(f"{page}.{language}.json")
        said |= json.loads(file.read_text(encoding="utf-8"))
    return {key: _bound(text) for key, text in said.items()}


def local(text: str, timezone: str | None) -> datetime:
    """An instant, given as ISO 8601, by the clocks of the site, else in UTC. Raises ValueError."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(_zone(timezone))


def _zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):  # no time zone data on this machine
        return UTC


def _bound(text: str) -> str:
    """Set a text as a printer would: curly quotes, and no-break spaces where a line must not end
    (inside guillemets, before units and French punctuation)."""
    text = re.sub(r'"([^"]*)"', "\u201c\\1\u201d", text).replace("'", "\u2019")
    text = re.sub(r" ([:;?!\u00bb])", f"{_NO_BREAK}\\1", text)
    text = re.sub(r"\u00ab ", f"\u00ab{_NO_BREAK}", text)
    text = re.sub(r"([}\d]) (?=\{|(?:ms|s|min|h|d|j|UTC)\b|\u20ac)", f"\\1{_NO_BREAK}", text)
    return _NO_BREAK if text == " " else text
