# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon's events: each gets its number and instants, is remembered, and goes into the journal
together with the incidents that it makes."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping

from relais.core import facts
from relais.core.actions import Record
from relais.core.instants import rfc3339
from relais.core.link import Link
from relais.shell import clock
from relais.shell.incidents import Incidents
from relais.shell.journal import Journal

KEPT = 1000
Event = Mapping[str, object]
Origin = tuple[str | None, str]
"""Identifier (None for one that nobody knows any more) and instant of an event."""
log = logging.getLogger("relaisd")


class EventLog:
    """`links` gives what is known of every link when an event is told of. `last` is the number of
    the last event, `begun_at` when this run began (RFC 3339)."""

    def __init__(self, journal: Journal, links: Callable[[], Mapping[str, Link]]) -> None:
        self._journal = journal
        self._incidents = Incidents(journal)
        self._links = links
        self._newest: deque[Event] = deque(maxlen=KEPT)
        self.begun_at = rfc3339(clock.wall_now())
        self.last = 0
        self.origins: dict[str, Origin] = {}

    def start(self, last: int) -> None:
        """Count on from an event's number, and go on with the incidents that are open."""
        self.last = last
        self._incidents.start()

    def note(self, record: Record, decided_ms: float | None = None) -> str:
        """Keep a record of a monotonic instant, or of now; its identifier."""
        self.last += 1
        mono_ms = record.at_ms if record.at_ms is not None else decided_ms
        if mono_ms is None:
            mono_ms = clock.monotonic_ms()
        at = clock.wall_at(mono_ms)
        identifier = f"{at:%Y%m%dT%H%M%SZ}-{self.last:04d}"
        event: dict[str, object] = {
            "seq": self.last,
            "id": identifier,
            "at": rfc3339(at),
            "mono_ms": round(mono_ms, 3),
            "kind": record.kind,
            "wan": record.wan,
            "service": record.service,
            "what": record.what,
            "why": record.why,
            "inputs": facts.with_meters(record.kind, record.inputs, self._links()),
        }
        self._newest.append(event)
        if record.kind == "choice" and record.service is not None:
            self.origins[record.service] = (identifier, str(event["at"]))
        self._journal.append(event, self._incidents.take(event))
        log.info("%s: %s (%s)", identifier, record.what, record.why)
        return identifier

    @property
    def newest(self) -> tuple[Event, ...]:
        """The events of this run that are remembered, oldest first."""
        return tuple(self._newest)

    @property
    def open_incidents(self) -> list[str]:
        """Identifiers of the incidents that have not ended."""
        return self._incidents.open_ids

    def origin(self, service: str) -> Origin:
        """The event that made a service's choice."""
        return self.origins.get(service, (None, self.begun_at))
