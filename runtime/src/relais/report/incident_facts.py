# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers of an incident, out of its document and what the inventory says of the site."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SCHEMA = "relais.incident/1"
CLASSES = (
    "micro_outage",
    "quality",
    "access",
    "upstream",
    "local",
    "total",
    "planned",
    "drill",
)
TO_REPAIR = frozenset({"access", "upstream", "total"})
"""Classes in which the operator's guaranteed time to repair runs."""
NO_FAULT = frozenset({"planned", "quality"})
"""Classes in which the link is not good, or not used, but need not be dark."""
IMPACTS = ("untouched", "moved", "interrupted", "dark")
KEPT_MS = 10_000
"""Up to here staff call it a hiccup: the office kept working."""
_RANKS = {"vital": 0, "normal": 1, "degradable": 2}
_MINUTE_MS, _HOUR_MS = 60_000, 3_600_000


@dataclass(frozen=True, slots=True)
class Service:
    """What one service felt: its time without service that is over, and since when, in ms after
    the beginning of the incident, it is without now."""

    name: str
    importance: str
    impact: str
    past_ms: float
    dark_from_ms: float | None
    outage_ms: float
    usual: str | None
    backup: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """What is known of a WAN: who sells it, and what the contract promises."""

    name: str
    operator: str | None = None
    technology: str | None = None
    contract: str | None = None
    support_phone: str | None = None
    repair_time_hours: float | None = None
    monthly_quota_gb: float | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """What the inventory adds: the lines by name, the people, what their hour costs."""

    lines: Mapping[str, Line]
    staff: int | None = None
    hourly_cost_eur: float | None = None
    contacts: Mapping[str, Mapping[str, object]] | None = None


NOWHERE = Site({})


@dataclass(frozen=True, slots=True)
class Staff:
    """The most that lost staff time can have cost, and what it was multiplied from."""

    people: int
    dark_minutes: int
    hourly_cost_eur: float

    @property
    def most_eur(self) -> int:
        """People x hours x cost of an hour, rounded up to a whole euro."""
        return math.ceil(round(self.people * self.dark_minutes * self.hourly_cost_eur / 60, 6))


@dataclass(frozen=True, slots=True)
class Clock:
    """The operator's time to repair: how much the contract allows, and how much is used."""

    allowed_ms: float
    used_ms: float

    @property
    def exceeded_ms(self) -> float:
        """How much more than allowed; 0 when it is kept."""
        return max(0.0, self.used_ms - self.allowed_ms)


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident, its instants in ms since it began; `until_ms` is its end, or now."""

    document: Mapping[str, Any]
    kind: str
    wans: tuple[str, ...]
    services: tuple[Service, ...]
    lines: tuple[Line, ...]
    site: Site
    going_on: bool
    until_ms: float
    detected_ms: float | None
    switched_ms: float | None
    recovered_ms: float | None
    failed_back_ms: float | None

    @property
    def told_as(self) -> str:
        """The class, or that nobody knows the place: the first hop has never answered."""
        where = (self.document["segment"] or {}).get("where")
        return "unplaced" if self.kind == "access" and where != "access" else self.kind

    @property
    def fault_ms(self) -> float:
        """How long the link was away, so far when it still is; a relapse adds up. Without darkness,
        or when it was taken out of use, until it was well again."""
        since = self.document.get("dark_since")
        past = float(self.document.get("dark_ms") or 0)
        if self.kind in NO_FAULT or (since is None and not past):
            return self.until_ms if self.recovered_ms is None else self.recovered_ms
        if since is None:
            return past
        return past + max(0.0, self.until_ms - self.ms(since))

    def ms(self, text: str) -> float:
        """An instant of the document, in ms since the beginning. Raises ValueError."""
        return _since(instant(self.document["began_at"]), instant(text))

    @property
    def still_away(self) -> bool:
        """Whether the link does not answer yet."""
        return self.going_on and self.recovered_ms is None

    @property
    def worst(self) -> Service | None:
        """The service that was away for longest, None when none was."""
        away = [one for one in self.services if one.outage_ms]
        return max(away, key=lambda one: one.outage_ms) if away else None

    @property
    def dark(self) -> tuple[Service, ...]:
        """The services that had no way at all."""
        return tuple(one for one in self.services if one.impact == "dark")

    @property
    def staff_cost(self) -> Staff | None:
        """None when no service was dark, when it was an exercise, or without a cost to count by."""
        people, cost = self.site.staff, self.site.hourly_cost_eur
        if not self.dark or people is None or cost is None or self.kind == "drill":
            return None
        longest_ms = max(one.outage_ms for one in self.dark)
        return Staff(people, math.ceil(longest_ms / _MINUTE_MS), cost)

    def clock(self, line: Line) -> Clock | None:
        """None where no guaranteed time to repair runs."""
        if self.kind not in TO_REPAIR or line.repair_time_hours is None:
            return None
        return Clock(line.repair_time_hours * _HOUR_MS, self.fault_ms)


def incident_of(document: Mapping[str, Any], site: Site, now: datetime) -> Incident:
    """Raises KeyError, TypeError or ValueError when the document is damaged."""
    if document["class"] not in CLASSES:
        raise ValueError(f"the class {document['class']!r} is not known")
    began = instant(document["began_at"])
    ended = document["ended_at"]
    until_ms = max(0.0, _since(began, instant(ended) if ended else now))
    wans = tuple(str(wan) for wan in document["wans"])
    return Incident(
        document=document,
        kind=document["class"],
        wans=wans,
        services=_services(document["services"], began, until_ms),
        lines=tuple(_line(wan, document, site, len(wans)) for wan in wans),
        site=site,
        going_on=ended is None,
        until_ms=until_ms,
        detected_ms=_maybe(began, document["detected_at"]),
        switched_ms=_maybe(began, document["switched_at"]),
        recovered_ms=_maybe(began, document["recovered_at"]),
        failed_back_ms=_maybe(began, document["failed_back_at"]),
    )


def site_of(plan: Mapping[str, Any]) -> Site:
    """The site as the plan has it. Raises KeyError, TypeError or ValueError on other shapes."""
    about = plan["site"]
    lines = [Line(**{key: one.get(key) for key in Line.__slots__}) for one in plan["wans"]]
    return Site(
        lines={line.name: line for line in lines},
        staff=about.get("staff"),
        hourly_cost_eur=about.get("hourly_cost_eur"),
        contacts=plan.get("contacts"),
    )


def instant(text: str) -> datetime:
    """An RFC 3339 instant. Raises ValueError."""
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _services(
    services: Mapping[str, Mapping[str, Any]], began: datetime, until_ms: float
) -> tuple[Service, ...]:
    """The most important ones first, else in the order of the document."""
    told = []
    for name, one in services.items():
        if one["impact"] not in IMPACTS:
            raise ValueError(f"the impact {one['impact']!r} of {name} is not known")
        past, since = float(one["outage_ms"]), _maybe(began, one.get("dark_since"))
        told.append(
            Service(
                name=name,
                importance=one["importance"],
                impact=one["impact"],
                past_ms=past,
                dark_from_ms=since,
                outage_ms=past if since is None else past + max(0.0, until_ms - since),
                usual=one.get("from"),
                backup=one.get("to"),
            )
        )
    return tuple(sorted(told, key=lambda one: _RANKS.get(one.importance, len(_RANKS))))


def _line(wan: str, document: Mapping[str, Any], site: Site, wans: int) -> Line:
    """From the inventory, else what the document says of the operator of its only link."""
    if wan in site.lines:
        return site.lines[wan]
    operator = document.get("operator")
    if operator is None or wans != 1:
        return Line(wan)
    known = {key: operator.get(key) for key in Line.__slots__ if key not in ("name", "operator")}
    return Line(wan, operator=operator.get("name"), **known)


def _maybe(began: datetime, text: str | None) -> float | None:
    return None if text is None else _since(began, instant(text))


def _since(began: datetime, at: datetime) -> float:
    return (at - began).total_seconds() * 1000


def timeline_ms(incident: Incident) -> Sequence[dict[str, Any]]:
    """The document's events with `at_ms`, counted from the beginning, as stories want them."""
    return [{**entry, "at_ms": incident.ms(entry["at"])} for entry in incident.document["timeline"]]
