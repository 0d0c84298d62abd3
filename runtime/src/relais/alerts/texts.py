# SPDX-License-Identifier: GPL-3.0-or-later
"""What a message says, in the language of the site. Pure but for its own catalogue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import resources

from relais.alerts.incident import Incident, Touched
from relais.alerts.rules import Kind, Message
from relais.alerts.settings import Channel, Class, Language, Settings

LATE = timedelta(seconds=60)
"""A message that leaves so long after what it tells of says so."""
WORTH_NAMING_BYTES = 100_000
_DOWN = frozenset([Class.ACCESS, Class.UPSTREAM, Class.LOCAL])


@dataclass(frozen=True, slots=True)
class Text:
    """A subject and a body; of an SMS only the body is sent."""

    title: str
    body: str


@cache
def catalogue(language: Language) -> dict[str, str]:
    """All phrases of a language."""
    file = resources.files("relais.alerts").joinpath(f"texts.{language}.json")
    phrases: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return phrases


def compose(
    message: Message,
    incident: Incident,
    settings: Settings,
    channel: Channel,
    fingerprint: str | None = None,
) -> Text:
    """The words of a message, with every instant in the site's time. `fingerprint` is the
    journal's; an SMS has no room for it."""
    say = _Speaker(settings)
    headline = say.headline(message, incident)
    if channel is Channel.SMS:
        at = say.instant(message.at)
        words = {"site": settings.site, "headline": headline, "at": at, "id": incident.id}
        return Text(headline, say(f"sms_{message.kind}", **words))
    title = say("title", site=settings.site, headline=_capital(headline))
    lines = say.lines(message, incident)
    if fingerprint is not None:
        lines.append(say("fingerprint", fingerprint=fingerprint))
    return Text(title, "\n".join(lines))


def when_sent(text: Text, at: datetime, now: datetime, settings: Settings, channel: Channel) -> str:
    """The body as it leaves at `now`: one that is late says so."""
    if now - at <= LATE:
        return text.body
    say = _Speaker(settings)
    if channel is Channel.SMS:
        return text.body + say("sms_late", now=say.instant(now))
    return f"{say('late', now=say.instant(now))}\n\n{text.body}"


def trial(settings: Settings, now: datetime) -> Text:
    """A message that tests a target."""
    say = _Speaker(settings)
    body = say("test_body", now=say.instant(now), gateway=settings.gateway)
    return Text(say("test_title", site=settings.site), body)


class _Speaker:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._phrases = catalogue(settings.language)

    def __call__(self, phrase: str, **words: object) -> str:
        return self._phrases[phrase].format(**words)

    def instant(self, at: datetime) -> str:
        zone = self._settings.timezone
        local = at.astimezone(zone)
        return f"{local.strftime(self._phrases['instant'])} ({local.tzname() or zone.key})"

    def duration(self, span: timedelta) -> str:
        seconds = max(0, int(span.total_seconds()))
        if seconds < 60:
            return self("seconds", s=seconds)
        minutes, s = divmod(seconds, 60)
        if minutes < 60:
            return self("minutes", m=minutes, s=s)
        return self("hours", h=minutes // 60, m=minutes % 60)

    def number(self, value: float) -> str:
        return f"{value:.1f}".replace(".", self._phrases["decimal"])

    def headline(self, message: Message, incident: Incident) -> str:
        what = self._what(incident)
        backups = ", ".join(incident.backups)
        began = self.instant(incident.began_at)
        match message.kind:
            case Kind.BEGAN:
                return self("on_backup", what=what, backups=backups) if backups else what
            case Kind.REMINDER if backups:
                return self("still_on_backup", backups=backups, began=began)
            case Kind.REMINDER:
                return self("still", what=what, began=began)
            case Kind.RECOVERY:
                duration = self.duration(message.at - incident.began_at)
                return self("recovery", duration=duration, what=what)

    def _what(self, incident: Incident) -> str:
        kind = incident.kind
        if kind is Class.DRILL and len(incident.wans) > 1:
            return self("drill_total")
        return self("down" if kind in _DOWN else str(kind), wans=", ".join(incident.wans))

    def lines(self, message: Message, incident: Incident) -> list[str]:
        lines = [self("began_at", at=self.instant(incident.began_at))]
        lasted = self.duration(message.at - incident.began_at)
        if message.kind is Kind.RECOVERY:
            lines.append(self("ended_at", at=self.instant(message.at), duration=lasted))
        elif message.kind is Kind.REMINDER:
            lines.append(self("still_at", at=self.instant(message.at), duration=lasted))
        lines.append(self(f"why_{incident.kind}"))
        if incident.operator:
            lines.append(self("operator", operator=incident.operator))
        touched = [one for one in incident.services if one.impact != "untouched"]
        if touched:
            over = message.kind is Kind.RECOVERY
            lines += ["", self("services"), *(self._service(one, over=over) for one in touched)]
        for wan, spent in incident.spent_bytes.items():
            if spent >= WORTH_NAMING_BYTES:
                lines.append(self("spent", wan=wan, megabytes=self.number(spent / 1_000_000)))
        return [*lines, "", self("reference", id=incident.id, gateway=self._settings.gateway)]

    def _service(self, one: Touched, *, over: bool) -> str:
        known = one.outage_ms is not None
        outage = f"{self.number((one.outage_ms or 0) / 1000)} s" if known else None
        words = {"service": one.name, "to": one.to or "?"}
        phrase = "dark_now" if one.dark else one.impact
        phrase = "was_moved" if over and phrase == "moved" else phrase
        return self(phrase, **words, outage=outage or self("unknown_outage"))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
