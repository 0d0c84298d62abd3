# SPDX-License-Identifier: GPL-3.0-or-later
"""Saying numbers, moments and events in a language of the catalogue."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_FIXED = {
    "fault injected": "event_injected",
    "fault ended": "event_ended",
    "every service is back": "event_back",
}
_PATTERNS = (
    (re.compile(r"new flows of (?P<names>.+) work again"), "event_recovered"),
    (re.compile(r"flows of (?P<names>.+) evicted from (?P<wan>\S+)"), "event_evicted"),
    (re.compile(r"(?P<names>[^:]+): (?P<old>\S+) to (?P<new>\S+)"), "event_moved"),
    (re.compile(r"(?P<count>\d+) open TCP sessions told"), "event_told"),
    *(
        (re.compile(rf"(?P<wan>\S+) {state}"), f"event_{state}")
        for state in ("suspect", "lost", "down", "recovering", "up")
    ),
)
_REASONS = (
    (
        re.compile(r"aborted: (?P<name>\S+) got no answer for more than (?P<budget>\d+) ms"),
        "reason_aborted_budget",
    ),
    (
        re.compile(
            r"(?P<name>\S+): (?P<outage>\d+) ms without service, more than (?P<budget>\d+) ms"
        ),
        "reason_outage",
    ),
    (re.compile(r"(?P<count>\d+) of (?P<open>\d+) TCP sessions were stuck"), "reason_stuck"),
    (re.compile(r"(?P<name>\S+): its flows were on .+ during the fault"), "reason_way"),
    (re.compile(r"(?P<name>\S+): the flow opened before the fault hung .*"), "reason_hung"),
    (
        re.compile(
            r"failback interrupted new flows for (?P<outage>\d+) ms, more than (?P<budget>\d+) ms"
        ),
        "reason_failback",
    ),
    (re.compile(r"failback reset (?P<count>\d+) TCP sessions"), "reason_resets"),
    (re.compile(r"SIP: the registrar did not answer again .*"), "reason_sip_usable"),
    (re.compile(r"SIP: no registration succeeded again .*"), "reason_sip_register"),
    (re.compile(r"SIP: the call opened before the fault did not .*"), "reason_sip_call"),
    (
        re.compile(
            r"(?P<name>\S+): worked again (?P<outage>\d+) ms after the fault, "
            r"more than (?P<budget>\d+) ms"
        ),
        "reason_recovery",
    ),
    (re.compile(r"(?P<name>\S+): did not work again after the fault"), "reason_no_recovery"),
    (re.compile(r"(?P<name>\S+): worked during the fault, .*"), "reason_not_cut"),
    (
        re.compile(r"(?P<name>\S+): a host of the site was away for (?P<outage>\d+) ms"),
        "reason_local",
    ),
    (
        re.compile(r"aborted: (?P<name>\S+), a host of the site, does not answer"),
        "reason_local_abort",
    ),
    (re.compile(r"the services were not all back on their links .*"), "reason_not_all_back"),
    (
        re.compile(r"not every service was back .* (?P<seconds>\d+) s after the fault"),
        "reason_not_back",
    ),
)
_NO_BREAK = "\u00a0"
_DURATIONS = frozenset({"outage", "budget"})


class Texts:
    """The texts of one language; `t["key"]` is one of them."""

    def __init__(self, language: str, catalogue: Mapping[str, str]) -> None:
        self._language = language
        self._catalogue = catalogue

    def __getitem__(self, key: str) -> str:
        return self._catalogue[key]

    def say(self, key: str, **values: object) -> str:
        """A text with its blanks filled in."""
        return self._catalogue[key].format(**values)

    def verdict(self, count: int, failed: int) -> str:
        """The one sentence that a hurried reader takes away."""
        if count == 1:
            return self["verdict_fail_one" if failed else "verdict_pass_one"]
        if not failed:
            return self.say("verdict_pass_many", count=count)
        key = "verdict_fail_single" if failed == 1 else "verdict_fail_many"
        return self.say(key, failed=failed, count=count)

    def count(self, number: int) -> str:
        """A whole number with its thousands set apart."""
        return f"{number:,}".replace(",", self["thousands"])

    def duration(self, ms: float) -> str:
        """`0 ms`, `180 ms`, `1.2 s`, `18 s`, `2 min`."""
        if round(ms) < 1000:
            return self.say("ms", value=round(ms))
        if ms < 9950:
            return self.say("s", value=self._decimal(ms / 1000))
        if ms < 120_000:
            return self.say("s", value=round(ms / 1000))
        return self.say("min", value=self._decimal(ms / 60_000))

    def _decimal(self, value: float) -> str:
        return f"{value:.1f}".removesuffix(".0").replace(".", self["decimal"])

    def optional_duration(self, ms: float | None) -> str:
        """A duration, or that there is none."""
        return self["no_existing"] if ms is None else self.duration(ms)

    def offset(self, ms: float) -> str:
        """A moment of the drill, counted from the fault: `+180 ms`."""
        return (self["minus"] if ms < 0 else "+") + self.duration(abs(ms))

    def axis(self, ms: float, last_ms: float) -> str:
        """A label of the time axis; all labels of an axis have one unit."""
        if last_ms < 2000:
            return self.say("ms", value=round(ms))
        return self.say("s", value=self._decimal(ms / 1000))

    def moment(self, text: str, timezone: str | None) -> str:
        """A wall-clock moment, given as ISO 8601, at the site, else in UTC. Raises ValueError."""
        at = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(_zone(timezone))
        return self.say(
            "moment",
            day=at.day,
            month=self["months"].split(",")[at.month - 1],
            year=at.year,
            hour=f"{at:%H}",
            minute=f"{at:%M}",
            zone=at.tzinfo,
        )

    def fault_title(self, kind: str, wan: str) -> str:
        """A heading for a drill."""
        return self._by_kind("fault_title", kind, wan=wan)

    def fault_story(self, kind: str, wan: str, seconds: int) -> str:
        """What was done, in one sentence."""
        return self._by_kind("fault_story", kind, wan=wan, seconds=seconds)

    def _by_kind(self, stem: str, kind: str, **values: object) -> str:
        key = f"{stem}_{kind}"
        return self.say(key if key in self._catalogue else f"{stem}_other", kind=kind, **values)

    def sessions(self, facts: Mapping[str, Any]) -> str:
        """What became of the open sessions."""
        told = facts.get("tcp_told", facts["tcp_open"] - facts["tcp_stuck"])
        said = self.say("sessions", open=facts["tcp_open"], told=told, stuck=facts["tcp_stuck"])
        last = facts.get("tcp_told_p99_ms")
        if last is not None:
            said += " " + self.say("sessions_when", duration=self.duration(last))
        return said

    def failback(self, facts: Mapping[str, Any]) -> str:
        """How the return went."""
        back, outage, resets = facts.get("back_ms"), facts["outage_ms"], facts["needless_resets"]
        if back is None:
            said = self["failback_not_seen"]
        else:
            said = self.say("failback_back", duration=self.duration(back))
        if outage or resets:
            harm = self.say("failback_outage", duration=self.duration(outage), resets=resets)
            return f"{said} {harm}"
        return f"{said} {self['failback_clean']}" if back is not None else said

    def event(self, what: str) -> tuple[str, bool]:
        """An event in this language, and whether it is (else it stays in English)."""
        if what in _FIXED:
            return self[_FIXED[what]], True
        return self._match(what, _PATTERNS)

    def reason(self, text: str) -> str:
        """A reason or remark in this language, or as it was written."""
        return self._match(text, _REASONS)[0]

    def _match(
        self, text: str, patterns: tuple[tuple[re.Pattern[str], str], ...]
    ) -> tuple[str, bool]:
        for pattern, key in patterns:
            found = pattern.fullmatch(text)
            if found:
                values = {
                    name: self.duration(int(value)) if name in _DURATIONS else value
                    for name, value in found.groupdict().items()
                }
                return self.say(key, **values), True
        return text, self._language == "en"


def texts(language: str) -> Texts:
    """The texts of a language, from its file. Raises FileNotFoundError."""
    file = resources.files("relais.report").joinpath(f"texts.{language}.json")
    catalogue = json.loads(file.read_text(encoding="utf-8"))
    return Texts(language, {key: _bound(text) for key, text in catalogue.items()})


def _zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):  # no time zone data on this machine
        return UTC


def _bound(text: str) -> str:
    """Set a text as a printer would: curly quotes, and no-break spaces where a line must not end
    (before units and French punctuation)."""
    text = re.sub(r'"([^"]*)"', "\u201c\\1\u201d", text).replace("'", "\u2019")
    text = re.sub(r" ([:;?!\u00bb])", f"{_NO_BREAK}\\1", text)
    text = re.sub(r"(\u00ab|\}) (?=\{|ms\b|s\b|min\b|h\b|UTC\b)", f"\\1{_NO_BREAK}", text)
    return _NO_BREAK if text == " " else text
