# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted world whose records become events, as the daemon writes them into its journal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from relais.core import facts
from relais.core.actions import Record
from relais.core.events import Adopted, LinkObserved
from relais.core.handover import Handover
from relais.core.incidents.document import document as document_of
from relais.core.incidents.fold import advance
from relais.core.incidents.model import Book
from relais.core.state import initial
from world import World

BEGAN = datetime(2026, 11, 28, 20, 5, tzinfo=UTC)
Event = dict[str, Any]


class Story:
    """A world on the wall clock, and the incidents that its events add up to."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or World()
        self._told = 0
        self._events: list[Event] = []
        self._began = BEGAN
        self.boot()

    def boot(self, left: Handover | None = None) -> None:
        """A daemon starts, and adopts what it finds."""
        world = self.world
        self.events()
        world.state = initial(world.config, world.now_ms)
        world.feed(Adopted(world.now_ms, dict(world.kernel), world.dead, left))
        inputs = facts.of_start(world.state)
        world.records.append((world.now_ms, Record("daemon", "relaisd starts", "", inputs=inputs)))
        for wan in world.config.wans:
            address, gateway = "203.0.113.2/30", "203.0.113.1"
            world.feed(LinkObserved(world.now_ms, wan.name, True, address, gateway))
        world.run(3.0)

    def away(self, seconds: float) -> None:
        """The daemon is not there for so long."""
        self.events()
        self.world.in_flight.clear()
        self._began += timedelta(seconds=seconds)

    def cut(self, wan: str, seconds: float, *, upstream: bool = False) -> Story:
        """A silent fault for so long."""
        world = self.world
        silent = {(wan, target.name) for target in world.config.targets}
        if upstream:
            world.silent_targets |= silent
        else:
            world.dark.add(wan)
        world.run(seconds)
        world.silent_targets -= silent
        world.dark.discard(wan)
        return self

    def run(self, seconds: float) -> Story:
        """Time passes."""
        self.world.run(seconds)
        return self

    def events(self) -> list[Event]:
        """What the journal has of it so far; through JSON, as there."""
        for now_ms, record in self.world.records[self._told :]:
            self._told += 1
            self._events.append(self._event(now_ms, record))
        return self._events

    def _event(self, now_ms: float, record: Record) -> Event:
        at = self._began + timedelta(milliseconds=now_ms if record.at_ms is None else record.at_ms)
        event: Event = json.loads(
            json.dumps(
                {
                    "id": f"{at:%Y%m%dT%H%M%SZ}-{self._told:04d}",
                    "at": at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
                    "kind": record.kind,
                    "wan": record.wan,
                    "service": record.service,
                    "what": record.what,
                    "why": record.why,
                    "inputs": dict(record.inputs),
                }
            )
        )
        return event

    def incidents(self) -> list[dict[str, Any]]:
        """The documents of all incidents so far, in the order in which they began."""
        return list(folded(self.events()).values())

    def one(self) -> dict[str, Any]:
        """The only incident."""
        found = self.incidents()
        assert [incident["id"] for incident in found[1:]] == []
        return found[0]


def folded(events: list[Event], book: Book | None = None) -> dict[str, dict[str, Any]]:
    """The newest document of each incident."""
    found: dict[str, dict[str, Any]] = {}
    book = book or Book()
    for event in events:
        book = advance(book, event)
        for incident in book.changed:
            found[incident.id] = document_of(book, incident)
    return found
