# SPDX-License-Identifier: GPL-3.0-or-later
"""Which messages are due: incidents, settings, what was told before and the time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from relais.alerts.incident import Incident
from relais.alerts.settings import Channel, Class, Importance, Quiet, Settings, Target

SETTLE = timedelta(seconds=2)
"""What is told at once would not know yet where the services went."""
SAME_FAULT = timedelta(minutes=10)
LASTING = timedelta(seconds=60)
"""A fault that was told of less than `SAME_FAULT` ago is told again only when it lasts so long."""

AFTERMATH = timedelta(minutes=3)
"""How long after the whole site was dark each link may take to be trusted again."""


class Kind(StrEnum):
    """What a message is about."""

    BEGAN = "began"
    REMINDER = "reminder"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell one target. `at` is when it happened, however late it leaves; it leaves
    not before `not_before`."""

    incident: str
    kind: Kind
    number: int
    target: str
    fault: str
    at: datetime
    not_before: datetime | None = None

    @property
    def id(self) -> str:
        """The same for the same thing and target, whoever works it out, however often."""
        step = f"{self.kind}-{self.number}" if self.kind is Kind.REMINDER else str(self.kind)
        return f"{self.incident}/{step}/{self.target}"


@dataclass(frozen=True, slots=True)
class Past:
    """What the outbox holds: the ids of all messages, incident and target of reminders that have
    not left, incidents of which something is held back for quiet hours, and when each fault was
    told of, by fault and target."""

    known: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    reminding: frozenset[tuple[str, str]] = frozenset()
    faults: Mapping[tuple[str, str], tuple[datetime, ...]] = field(default_factory=dict)


def due(
    incidents: Iterable[Incident], settings: Settings, past: Past, now: datetime, *, dark: bool
) -> list[Message]:
    """The messages that are due and not known yet, in the order of what happened."""
    everything = tuple(incidents)
    found: list[Message] = []
    for target in settings.targets:
        sites = [one for one in everything if one.is_site and _wants(target, one)]
        for incident in everything:
            told = _began(incident, target).id in past.known
            if not told and not _is_news(incident, target, sites, past, now):
                continue
            found += _of(incident, target, settings, past, now, dark)
    fresh = (message for message in found if message.id not in past.known)
    return sorted(fresh, key=lambda message: message.at)


def breaks_through(incident: Incident) -> bool:
    """Whether quiet hours do not hold it back."""
    return incident.kind is Class.TOTAL or incident.importance is Importance.VITAL


def quiet_until(quiet: Quiet | None, settings: Settings, now: datetime) -> datetime | None:
    """When the quiet hours end that it is in now; None outside of them."""
    if quiet is None:
        return None
    local = now.astimezone(settings.timezone)
    clock, passes_midnight = local.time().replace(tzinfo=None), quiet.begins > quiet.ends
    if passes_midnight:
        within = clock >= quiet.begins or clock < quiet.ends
    else:
        within = quiet.begins <= clock < quiet.ends
    if not within:
        return None
    days = 1 if passes_midnight and clock >= quiet.begins else 0
    day = local.date() + timedelta(days=days)
    return datetime.combine(day, quiet.ends, tzinfo=settings.timezone).astimezone(now.tzinfo)


def _wants(target: Target, incident: Incident) -> bool:
    return target.wants(incident.kind, incident.importance)


def _began(incident: Incident, target: Target) -> Message:
    return Message(incident.id, Kind.BEGAN, 0, target.name, incident.fault, incident.began_at)


def _of(
    incident: Incident, target: Target, settings: Settings, past: Past, now: datetime, dark: bool
) -> Iterator[Message]:
    """All that there is to say of an incident by now, known or not."""
    held = None if breaks_through(incident) else quiet_until(settings.quiet, settings, now)
    began = replace(_began(incident, target), not_before=held)
    yield began
    if incident.ended_at is not None:
        yield replace(began, kind=Kind.RECOVERY, at=incident.ended_at)
        return
    every = timedelta(seconds=settings.remind_every_s)
    number = (now - incident.began_at) // every
    stays = dark and target.channel is Channel.APPRISE
    waits = (incident.id, target.name) in past.reminding
    if number >= 1 and began.id in past.known and not (held or stays or waits):
        at = incident.began_at + number * every
        yield replace(began, kind=Kind.REMINDER, number=number, at=at)


def _is_news(
    incident: Incident, target: Target, sites: Iterable[Incident], past: Past, now: datetime
) -> bool:
    """Whether an incident that the target knows nothing of is worth telling yet."""
    if not _wants(target, incident):
        return False
    until = incident.ended_at or now
    settled = incident.switched or incident.ended_at or incident.kind is Class.TOTAL
    if not settled and now - incident.detected_at < SETTLE:
        return False
    if any(_is_part(incident, site, now) for site in sites):
        return False
    told = past.faults.get((incident.fault, target.name), ())
    again = any(at < incident.began_at <= at + SAME_FAULT for at in told)
    drill = incident.kind is Class.DRILL
    return drill or not again or until - incident.began_at >= LASTING


def _is_part(incident: Incident, site: Incident, now: datetime) -> bool:
    """Whether the site's incident says it all: a link's that goes on long after it is news."""
    if incident.is_site:
        return False
    began_within = incident.began_at <= (site.ended_at or now)
    ended_before = incident.ended_at is not None and incident.ended_at < site.began_at
    if not began_within or ended_before:
        return False
    return site.ended_at is None or (incident.ended_at or now) < site.ended_at + AFTERMATH
