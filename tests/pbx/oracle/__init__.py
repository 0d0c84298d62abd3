# SPDX-License-Identifier: GPL-3.0-or-later
"""Who rings when a number is called while a site is dark?

The oracle works on entity lists as the API serves them, those of a real PBX as well. Where nobody
has shown how a PBX decides, it takes the reading that reaches fewer people: members of ring groups
and queues are not forwarded, exceptions of users are not followed, and the first outbound rule
that fits is the only one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .outcome import Hop, Outcome
from .people import EVERYBODY, Circumstances, People
from .walk import Walk


@dataclass(frozen=True)
class Location:
    """Where the PBX is: in no department's building (the cloud), or on the site of some.

    `carrier_forward` is what the operator does with a number (or `*`) that it cannot deliver.
    """

    departments: frozenset[str] = frozenset()
    carrier_forward: Mapping[str, str] = field(default_factory=dict)


class Oracle:
    """Answers from entity lists, at a moment."""

    def __init__(
        self, entities: Mapping[str, Any], now: datetime, location: Location | None = None
    ) -> None:
        self._entities = entities
        self._now = now
        self._location = location or Location()
        self._people = People(entities)

    def call(
        self,
        number: str,
        *,
        dark: Collection[str] = (),
        at: datetime | None = None,
        apps: Collection[str] = (),
        silent: Collection[str] = (),
        busy: Collection[str] = (),
        caller: str = "",
    ) -> Outcome:
        """Follow a call to a number of a trunk or to an internal one, or out from an extension.

        `dark` names departments whose site has no Internet: their phones are not registered
        (EVERYBODY: all departments).
        `apps` are extensions with a softphone that has a network of its own. Everybody else who
        can ring answers, but for `silent` and `busy` ones (EVERYBODY for all). `caller` is who
        calls: an extension, or a number for rules that look at it.
        """
        dark = self._dark(dark)
        around = Circumstances(
            at=at or self._now,
            dark=dark,
            apps=frozenset(apps),
            silent=frozenset(silent),
            busy=frozenset(busy),
            caller=caller,
            pbx_is_dark=bool(self._location.departments.intersection(dark)),
            carrier_forward=self._location.carrier_forward,
        )
        walk = Walk(self._entities, self._people, around, number)
        target, own = self._internal(number), self._people.user(caller)
        if own is not None:
            walk.from_extension(own, target)
        elif target is None:
            walk.from_outside(number)
        elif around.pbx_is_dark:
            walk.hop("lost", number, "the PBX is on the dark site")
        else:
            walk.to(target, "dialled", self._people.caller({}))
        return walk.outcome()

    def numbers(self) -> list[str]:
        """Return every number that can be called from outside."""
        return [
            number
            for trunk in self._entities.get("Trunks", [])
            for number in trunk.get("DidNumbers") or []
        ]

    def _internal(self, number: str) -> dict[str, str] | None:
        kinds = {"Users": "Extension", "RingGroups": "RingGroup", "Queues": "Queue",
                 "Receptionists": "IVR"}  # fmt: skip
        for set_name, kind in kinds.items():
            if self._people.numbered(set_name, number) is not None:
                return {"To": kind, "Number": number}
        return None

    def _dark(self, dark: Collection[str]) -> frozenset[str]:
        names = frozenset(group["Name"] for group in self._entities.get("Groups", []))
        if EVERYBODY in dark:
            return names
        if unknown := sorted(set(dark) - names):
            raise ValueError(f"no such department: {', '.join(unknown)}")
        return frozenset(dark)


__all__ = ["EVERYBODY", "Hop", "Location", "Oracle", "Outcome"]
