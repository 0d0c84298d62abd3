# SPDX-License-Identifier: GPL-3.0-or-later
"""What only a drill has to say: its verdict, its reasons, its sessions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from relais.report.texts import EVENTS, Patterns, Texts, catalogue

_EVENTS: Patterns = (
    (re.compile(r"fault injected"), "event_injected"),
    (re.compile(r"fault ended"), "event_ended"),
    (re.compile(r"every service is back"), "event_back"),
    (re.compile(r"new flows of (?P<names>.+) work again"), "event_recovered"),
    (re.compile(r"(?P<count>\d+) open TCP sessions told"), "event_told"),
    *EVENTS,
)
_REASONS: Patterns = (
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


class DrillTexts(Texts):
    """The texts of the drill page in one language."""

    events = _EVENTS

    def verdict(self, count: int, failed: int) -> str:
        """The one sentence that a hurried reader takes away."""
        if count == 1:
            return self["verdict_fail_one" if failed else "verdict_pass_one"]
        if not failed:
            return self.say("verdict_pass_many", count=count)
        key = "verdict_fail_single" if failed == 1 else "verdict_fail_many"
        return self.say(key, failed=failed, count=count)

    def optional_duration(self, ms: float | None) -> str:
        """A duration, or that there is none."""
        return self["no_existing"] if ms is None else self.duration(ms)

    def fault_title(self, kind: str, wan: str) -> str:
        """A heading for a drill."""
        return self._by_kind("fault_title", kind, wan=wan)

    def fault_story(self, kind: str, wan: str, seconds: int) -> str:
        """What was done, in one sentence."""
        return self._by_kind("fault_story", kind, wan=wan, seconds=seconds)

    def _by_kind(self, stem: str, kind: str, **values: object) -> str:
        key = f"{stem}_{kind}"
        return self.say(key if key in self else f"{stem}_other", kind=kind, **values)

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

    def reason(self, text: str) -> str:
        """A reason or remark in this language, or as it was written."""
        return self.match(text, _REASONS)[0]


def drill_texts(language: str) -> DrillTexts:
    """The texts of the drill page in a language. Raises FileNotFoundError."""
    return DrillTexts(language, catalogue(language, "texts", "drill"))
