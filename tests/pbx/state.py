# SPDX-License-Identifier: GPL-3.0-or-later
"""What the PBX holds: its entities by the names of their sets, whole, as the API would expand them.

Tests may read and change the lists; what can be derived (names of destinations, members of
departments, counts of the status) is derived when it is served.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from .clock import Clock, written
from .model import SETS, Version, blank

Entity = dict[str, Any]
# Sets whose objects have an internal number, by the type of peer that a destination names.
DIALLED = {
    "Users": "Extension",
    "RingGroups": "RingGroup",
    "Queues": "Queue",
    "Receptionists": "IVR",
    "Trunks": "ExternalLine",
    "Groups": "Group",
}


class State(dict[str, Any]):
    """Entities by the name of their set, singletons by theirs."""

    def __init__(self, version: Version, clock: Clock) -> None:
        super().__init__()
        self.version = version
        self.clock = clock
        self.lock = threading.RLock()
        self._last_id = 25

    def next_id(self) -> int:
        """Return an Id that no object has."""
        self._last_id += 1
        return self._last_id

    def renumber(self) -> None:
        """Count Ids on from the greatest that is in use."""
        self._last_id = max(_ids(dict(self)), default=self._last_id)

    def add(self, set_name: str, **given: Any) -> Entity:
        """Put a new entity with its defaults into a set, and return it."""
        entity_set = SETS[set_name]
        if entity_set.key == "Id" and "Id" not in given:
            given["Id"] = self.next_id()
        entity = blank(entity_set.type, self.version, **given)
        self.setdefault(set_name, []).append(entity)
        return entity

    def find(self, set_name: str, **wanted: Any) -> Entity | None:
        """Return the first entity with these values, else None."""
        return next(
            (
                entity
                for entity in self.get(set_name, [])
                if all(entity.get(name) == value for name, value in wanted.items())
            ),
            None,
        )

    def numbered(self, number: str) -> tuple[str, Entity] | None:
        """Return the set and the entity behind an internal number, else None."""
        return next(
            ((name, entity) for name, entity in self.dialled() if entity["Number"] == number), None
        )

    def dialled(self) -> Iterator[tuple[str, Entity]]:
        """Yield everything that has an internal number, with its set."""
        for set_name in DIALLED:
            for entity in self.get(set_name, []):
                yield set_name, entity

    def log(self, level: str, event_id: int, source: str, message: str, *params: str) -> None:
        """Write a line of the event log."""
        self.add(
            "EventLogs",
            Type=level,
            EventId=event_id,
            Source=source,
            Message=message,
            Params=list(params),
            TimeGenerated=written(self.clock.now()),
        )


def _ids(value: object) -> Iterator[int]:
    if isinstance(value, dict):
        if isinstance(value.get("Id"), int):
            yield value["Id"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _ids(item)


def named(set_name: str, entity: Entity) -> str:
    """Return the name that people know an entity with a number by."""
    match set_name:
        case "Users":
            return f"{entity.get('FirstName') or ''} {entity.get('LastName') or ''}".strip()
        case "Trunks":
            return str((entity.get("Gateway") or {}).get("Name") or "")
        case _:
            return str(entity.get("Name") or "")
