# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that tells people: looks once a second at what the daemon has left for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from relais.alerts import channels, outbox, sources
from relais.alerts.courier import Courier, Send
from relais.alerts.heartbeat import Heartbeat, fetch
from relais.alerts.incident import Incident
from relais.alerts.rules import Message, breaks_through, due
from relais.alerts.settings import Settings
from relais.alerts.texts import Text, compose
from relais.shell.recordings import JOURNAL
from relais.shell.state_file import STATE

OUTBOX = Path("/var/lib/relais-alerts/outbox.db")
LOOK_BACK = timedelta(days=7)
"""Older incidents are told to nobody any more."""
LOOKED_EVERY = timedelta(minutes=1)
TIDY_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the process finds what it reads and keeps."""

    journal: Path = JOURNAL
    state: Path = STATE
    outbox: Path = OUTBOX


class Service:
    """One look after another, `tick`, at any clock. Raises sqlite3.Error when it cannot begin."""

    def __init__(
        self,
        settings: Settings,
        places: Places,
        say: Callable[[str], None],
        now: datetime,
        *,
        send: Send = channels.send,
        ask: Callable[[str], bool] = fetch,
    ) -> None:
        self._settings = settings
        self._places = places
        self._say = say
        self._outbox = outbox.Outbox(places.outbox)
        self._outbox.open(now)
        self._since = self._outbox.since()
        self._looked: datetime | None = None
        self._courier = Courier(settings, self._outbox, send)
        self.heartbeat = Heartbeat(settings.heartbeat_url, ask)
        self._channels = {target.name: target.channel for target in settings.targets}
        self._was_dark = False
        self._tidied: datetime | None = None
        self._trouble: str | None = None

    def tick(self, now: datetime) -> None:
        """Look, note what is due, send what may leave. Never raises for what it finds."""
        health = sources.read_health(self._places.state, now)
        if self._was_dark and not health.dark:
            self._courier.forgive()
        self._was_dark = health.dark
        try:
            since = max(self._since, now - LOOK_BACK)
            incidents = sources.read_incidents(self._places.journal, since)
            self._note(incidents, now, dark=health.dark)
            trouble = None
        except sqlite3.Error as error:
            trouble = f"cannot look: {error}"
        try:
            self._tell(self._courier.carry(now, dark=health.dark))
        except sqlite3.Error as error:
            trouble = f"cannot keep messages: {error}"
        if trouble not in (None, self._trouble):
            self._say(str(trouble))
        self._trouble = trouble
        self.heartbeat.beat(now, well=health.well and trouble is None)

    def settle(self, now: datetime) -> None:
        """Wait until nothing is under way."""
        self._tell(self._courier.settle(now))

    def stop(self, now: datetime) -> None:
        """End in good order: what is being sent is waited for."""
        self._tell(self._courier.stop(now))

    def _note(self, incidents: list[Incident], now: datetime, *, dark: bool) -> None:
        by_id = {incident.id: incident for incident in incidents}
        if incidents:
            past = self._outbox.past()
            self._outbox.release(
                [one.id for one in incidents if one.id in past.held and breaks_through(one)]
            )
            found = due(incidents, self._settings, past, now, dark=dark)
            word = sources.read_fingerprint(self._places.journal) if found else None
            self._outbox.add((one, self._words(one, by_id[one.incident], word)) for one in found)
        if self._looked is None or abs(now - self._looked) >= LOOKED_EVERY:
            self._outbox.looked(now)
            self._since, self._looked = self._outbox.since(), now
        if self._tidied is None or abs(now - self._tidied) >= TIDY_EVERY:
            self._outbox.tidy(self._channels, by_id, now)
            self._tidied = now

    def _words(self, message: Message, incident: Incident, fingerprint: str | None) -> Text:
        channel = self._channels[message.target]
        return compose(message, incident, self._settings, channel, fingerprint)

    def _tell(self, lines: list[str]) -> None:
        for line in lines:
            self._say(line)
