# SPDX-License-Identifier: GPL-3.0-or-later
"""Which messages are due: incidents, settings, what was told before and the time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from relais.alerts.incident import Incident
from relais.alerts.settings import Channel, Class, Importance, Quiet, Settings, Target

SETTLE = timedelta(seconds=2)
"""What is told at once would not know yet where the services went."""
SAME_FAULT = timedelta(minutes=10)
LASTING = timedelta(seconds=60)
"""A fault that was told of less than `SAME_FAULT` ago is told again only when it lasts so long."""


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
    found = [
        message
        for incident in incidents
        for target in settings.targets
        if target.wants(incident.kind, incident.importance)
        for message in _of(incident, target, settings, past, now, dark)
        if message.id not in past.known
    ]
    return sorted(found, key=lambda message: message.at)


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


def _of(
    incident: Incident,
    target: Target,
    settings: Settings,
    past: Past,
    now: datetime,
    dark: bool,
) -> Iterator[Message]:
    began = Message(incident.id, Kind.BEGAN, 0, target.name, incident.fault, incident.began_at)
    if began.id not in past.known and not _worth_telling(incident, target, past, now):
        return
    held = None if breaks_through(incident) else quiet_until(settings.quiet, settings, now)

    def message(kind: Kind, number: int, at: datetime) -> Message:
        return Message(incident.id, kind, number, target.name, incident.fault, at, held)

    yield message(Kind.BEGAN, 0, incident.began_at)
    if incident.ended_at is not None:
        yield message(Kind.RECOVERY, 0, incident.ended_at)
        return
    every = timedelta(seconds=settings.remind_every_s)
    number = (now - incident.began_at) // every
    stays = dark and target.channel is Channel.APPRISE
    waits = (incident.id, target.name) in past.reminding
    if number >= 1 and began.id in past.known and not (held or stays or waits):
        yield message(Kind.REMINDER, number, incident.began_at + number * every)


def _worth_telling(incident: Incident, target: Target, past: Past, now: datetime) -> bool:
    until = incident.ended_at or now
    settled = incident.switched or until != now or incident.kind is Class.TOTAL
    if not settled and now - incident.detected_at < SETTLE:
        return False
    told = past.faults.get((incident.fault, target.name), ())
    again = any(at < incident.began_at <= at + SAME_FAULT for at in told)
    drill = incident.kind is Class.DRILL
    return drill or not again or until - incident.began_at >= LASTING
