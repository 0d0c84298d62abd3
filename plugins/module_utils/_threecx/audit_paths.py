# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a call ends when nobody on the site can take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from .audit_pbx import NOUNS, SETS, Entity, Exchange, Owner

# While a site is dark its phones are gone; an office that is closed takes other ways.
DARK, CLOSED = "dark", "closed"
LEGS = ("NotRegistered", "Busy", "NoAnswer")
SIDES = ("External", "Internal")


@dataclass(frozen=True)
class End:
    """How a way ends: ``external``, ``voicemail``, ``nobody``, ``missing`` or ``loop``.

    ``number`` is what is dialled or what is missing, ``owner`` in whose name, ``way`` what it went
    through.
    """

    kind: str
    number: str
    owner: Owner
    way: tuple[str, ...]

    @property
    def told(self) -> str:
        """Return the end in words."""
        via = f" by way of {', '.join(self.way)}" if self.way else ""
        words = {
            "external": f"at {self.number}",
            "voicemail": f"in the voicemail of {self.number}",
            "nobody": "with nobody",
            "missing": f"at {self.number}, which does not exist",
            "loop": "nowhere: it goes round in a circle",
        }
        return f"{words[self.kind]}{via}"


@dataclass(frozen=True)
class _Step:
    destination: Entity
    owner: Owner


class Paths:
    """Follows destinations through a PBX."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def end(self, destination: Any, owner: Owner, mode: str = DARK) -> End:
        """Follow a destination while no phone and no app of anybody is registered."""
        step = _Step(destination or {}, owner)
        way: list[str] = []
        while True:
            to = step.destination.get("To") or "None"
            number = str(step.destination.get("Number") or "")
            if to == "External":
                outside = str(step.destination.get("External") or "")
                return End("external", outside, step.owner, tuple(way))
            if to in ("VoiceMail", "VoiceMailOfDestination"):
                return End("voicemail", number, step.owner, tuple(way))
            if to not in SETS:
                return End("nobody", number, step.owner, tuple(way))
            noun = f"{NOUNS[SETS[to]]} {number}"
            if noun in way:
                return End("loop", number, step.owner, tuple(way[way.index(noun) :]))
            entity = self.exchange.numbered(SETS[to], number)
            if entity is None:
                return End("missing", noun, step.owner, tuple(way))
            way.append(noun)
            step = self._next(SETS[to], entity, noun, mode)

    def _next(self, name: str, entity: Entity, noun: str, mode: str) -> _Step:
        owner = self.exchange.owner(entity, noun)
        if name == "Users":
            return _Step(_of_user(entity), owner)
        if mode == CLOSED:
            group = self.exchange.department_of(entity)
            for holder in (entity, group):
                route = ((holder.get("OutOfOfficeRoute") or {}).get("Route")) or {}
                if route.get("To") not in (None, "None"):
                    return _Step(route, owner)
        if name == "Receptionists":
            return _Step(_of_menu(entity), owner)
        return _Step(entity.get("ForwardNoAnswer") or {}, owner)


def _of_user(user: Entity) -> Entity:
    return next((one for _leg, one in legs(profile(user))), {})


def _of_menu(menu: Entity) -> Mapping[str, Any]:
    to = menu.get("TimeoutForwardType")
    if to in SETS:
        return {"To": to, "Number": menu.get("TimeoutForwardDN")}
    return {"To": "None"}


def profile(user: Entity) -> Entity:
    """Return the forwarding profile that is in use."""
    wanted = user.get("CurrentProfileName") or "Available"
    profiles = user.get("ForwardingProfiles") or []
    return next((one for one in profiles if one.get("Name") == wanted), {})


def legs(one: Entity) -> list[tuple[str, Entity]]:
    """Return where a profile sends calls, each with what it is for, in the order of importance."""
    away, available = one.get("AwayRoute"), one.get("AvailableRoute")
    if away is not None:
        return [(f"all calls from {side.lower()}", away.get(side) or {}) for side in SIDES]
    return [
        (f"{_WORDS[leg]}, {side.lower()} call", (available or {}).get(f"{leg}{side}") or {})
        for leg in LEGS
        for side in SIDES
    ]


_WORDS = {"NotRegistered": "not registered", "Busy": "busy", "NoAnswer": "no answer"}
