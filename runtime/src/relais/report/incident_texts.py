# SPDX-License-Identifier: GPL-3.0-or-later
"""What only an incident has to say: its sentence for the hurried, its instants, its evidence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from relais.report.incident_facts import KEPT_MS, TO_REPAIR, Clock, Incident, Line, Staff
from relais.report.texts import Patterns, Texts, catalogue

_DAY_S = 86_400
_MINUTE_S = 60
_LOCAL = r": the cut is between the gateway and the operator's box"
_EVIDENCE: Patterns = (
    (re.compile(r"the first hop answers, so the cut is upstream"), "why_upstream"),
    (re.compile(r"the first hop is silent too, so the cut is on the access line"), "why_access"),
    (re.compile(r"the first hop has never answered, .*"), "why_never"),
    (re.compile(rf"no carrier{_LOCAL}"), "why_carrier"),
    (re.compile(rf"no interface{_LOCAL}"), "why_interface"),
    (re.compile(rf"no address{_LOCAL}"), "why_address"),
    (re.compile(rf"(?:no gateway|it cannot carry a packet){_LOCAL}"), "why_box"),
)


class IncidentTexts(Texts):
    """The texts of the incident page in one language."""

    def listed(self, names: Sequence[str]) -> str:
        """`a`, `a and b`, `a, b and c`."""
        *others, last = names
        return f"{', '.join(others)}{self['and']}{last}" if others else last

    def quoted(self, names: Sequence[str]) -> str:
        """The same, each name in quotes."""
        return self.listed([self.say("quoted", name=name) for name in names])

    def volume(self, size_bytes: int) -> str:
        """`512 B`, `1.2 MB`, in powers of 1,000, as operators count."""
        units = self["byte_units"].split(",")
        value = float(size_bytes)
        while value >= 999.95 and len(units) > 1:
            value /= 1000
            units.pop(0)
        return f"{self.decimal(value)}\u00a0{units[0]}"

    def euros(self, amount: float) -> str:
        """An amount, with cents only where there are some."""
        whole = self.count(int(amount))
        cents = round(amount * 100) % 100
        return self.say("euros", value=f"{whole}{self['decimal']}{cents:02d}" if cents else whole)

    def full_date(self, at: datetime) -> str:
        """`28 November 2026`."""
        return self.say("full_date", day=self.day(at), month=self.month(at), year=at.year)

    def day(self, at: datetime) -> str:
        """The day of the month, `1er` on the first of one in French."""
        return self["first_day"] if at.day == 1 else str(at.day)

    def month(self, at: datetime) -> str:
        """The name of the month."""
        return self["months"].split(",")[at.month - 1]

    def clock(self, at: datetime) -> str:
        """`21:05:00.120`."""
        return f"{at:%H:%M:%S}{self['decimal']}{at.microsecond // 1000:03d}"

    def minute(self, at: datetime) -> str:
        """`21:05`, as people say it."""
        return self.say("minute", hour=f"{at:%H}", minute=f"{at:%M}")

    def tick(self, at: datetime, step_s: float) -> str:
        """A label of the clock's axis whose labels are `step_s` apart."""
        if step_s >= _DAY_S:
            return self.say("short_date", day=self.day(at), month=self.month(at))
        return self.minute(at) if step_s >= _MINUTE_S else f"{at:%H:%M:%S}"

    def zone(self, at: datetime) -> str:
        """`Europe/Paris, UTC+1`."""
        offset = f"{at:%z}"
        hours, minutes = int(offset[1:3]), int(offset[3:5])
        sign = self["minus"] if offset[0] == "-" else "+"
        far = (
            f"UTC{sign}{hours}{f':{minutes:02d}' if minutes else ''}" if hours or minutes else "UTC"
        )
        name = str(at.tzinfo)
        return name if name == far else f"{name}, {far}"

    def stamp(self, at: datetime) -> str:
        """Date, clock to the minute, and the zone that both belong to."""
        return self.say("stamp", date=self.full_date(at), clock=self.minute(at), zone=self.zone(at))

    def summary(self, incident: Incident) -> str:
        """The one sentence that a hurried reader takes away."""
        worst, dark = incident.worst, incident.dark
        tense = "open" if incident.going_on else "ended"
        what = self.what(incident)
        if dark:
            away = self.duration(max(one.outage_ms for one in dark))
            everybody = len(dark) == len(incident.services)
            key = "sentence_dark_all" if everybody else "sentence_dark"
            still = any(one.dark_from_ms is not None for one in dark)
            names = self.listed([one.name for one in dark])
            return self.say(
                f"{key}_{'open' if still else 'ended'}", what=what, outage=away, names=names
            )
        if worst is None:
            return self.say(f"sentence_none_{tense}", what=what)
        key = "sentence_kept" if worst.outage_ms <= KEPT_MS else "sentence_away"
        away = self.duration(worst.outage_ms)
        return self.say(f"{key}_{tense}", what=what, outage=away, name=worst.name)

    def what(self, incident: Incident) -> str:
        """What failed, and for how long."""
        tense = "open" if incident.still_away else "ended"
        several = len(incident.wans) > 1 and incident.kind != "total"
        stem = "what_several" if several else f"what_{incident.told_as}"
        return self.say(
            f"{stem}_{tense}",
            links=self.quoted(incident.wans),
            kind=self[f"class_{incident.told_as}"],
            duration=self.duration(incident.fault_ms),
        )

    def evidence(self, why: str) -> tuple[str, bool]:
        """Why the fault is looked for there, in this language, and whether it is."""
        return self.match(why, _EVIDENCE)

    def staff(self, cost: Staff) -> str:
        """The most that it can have cost, with its formula."""
        return self.say(
            "cost_staff",
            amount=self.say("euros", value=self.count(cost.most_eur)),
            people=self.count(cost.people),
            duration=self.duration(cost.dark_minutes * 60_000),
            hourly=self.euros(cost.hourly_cost_eur),
        )

    def gtr(self, clock: Clock, incident: Incident) -> str:
        """How much of the time to repair is used."""
        tense = "open" if incident.still_away else "ended"
        kept = "exceeded" if clock.exceeded_ms else "kept"
        return self.say(
            f"gtr_{kept}_{tense}",
            used=self.duration(clock.used_ms),
            allowed=self.duration(clock.allowed_ms),
            left=self.duration(max(0.0, clock.allowed_ms - clock.used_ms)),
            exceeded=self.duration(clock.exceeded_ms),
        )

    def contact(self, line: Line) -> str:
        """Operator, phone and contract, as far as they are known."""
        contract = self.say("contract_number", number=line.contract) if line.contract else None
        known = [line.operator, line.support_phone, contract]
        return ", ".join(str(one) for one in known if one) or self.quoted([line.name])

    def steps(self, incident: Incident) -> list[str]:
        """What to do next."""
        operators = " / ".join(self.contact(line) for line in incident.lines)
        people = incident.site.contacts or {}
        return [
            self.say(
                key,
                operators=operators,
                channel=_values(people.get("emergency_channel")),
                provider=_values(people.get("provider")) or self["your_provider"],
            )
            for key in _steps(incident)
        ]


def _steps(incident: Incident) -> list[str]:
    away = incident.still_away
    keys: list[str] = []
    if incident.kind in TO_REPAIR:
        keys.append("step_call" if away else "step_cause")
        clocks = [incident.clock(line) for line in incident.lines]
        if any(clock and clock.exceeded_ms for clock in clocks):
            keys.append("step_claim")
        if away and incident.kind != "total":
            keys.append("step_keep_open")
    if incident.kind == "total":
        known = (incident.site.contacts or {}).get("emergency_channel")
        keys.append(("step_channel" if known else "step_emergency") if away else "step_apart")
    if incident.kind == "local":
        keys.append("step_check_local" if away else "step_secure_local")
    if incident.kind in ("micro_outage", "quality", "planned", "drill"):
        keys.append(f"step_{incident.kind}")
    if incident.still_away and incident.document["spent_bytes"] and incident.kind != "drill":
        keys.append("step_metered")
    worst = incident.worst
    if worst and worst.impact != "dark" and worst.outage_ms > KEPT_MS:
        keys.append("step_review")
    return keys


def _values(contact: Mapping[str, object] | None) -> str:
    return ", ".join(str(value) for value in (contact or {}).values() if value)


def incident_texts(language: str) -> IncidentTexts:
    """The texts of the incident page in a language. Raises FileNotFoundError."""
    return IncidentTexts(language, catalogue(language, "texts", "incident"))
