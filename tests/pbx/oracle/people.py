# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose phones can ring, and to which department something belongs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from . import hours
from .lines import Caller

Entity = Mapping[str, Any]
EVERYBODY = "*"
_SETS = {"Extension": "Users", "VoiceMail": "Users", "RingGroup": "RingGroups", "Queue": "Queues",
         "IVR": "Receptionists"}  # fmt: skip


@dataclass(frozen=True)
class Circumstances:
    """What is the case while the call is made, beside what the PBX holds."""

    at: datetime
    dark: frozenset[str] = frozenset()
    apps: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    busy: frozenset[str] = frozenset()
    caller: str = ""
    pbx_is_dark: bool = False
    carrier_forward: Mapping[str, str] = field(default_factory=dict)

    def is_silent(self, number: str) -> bool:
        """Tell whether nobody answers an extension."""
        return EVERYBODY in self.silent or number in self.silent

    def is_busy(self, number: str) -> bool:
        """Tell whether an extension is on the phone."""
        return EVERYBODY in self.busy or number in self.busy


class People:
    """Looks users, departments and groups up in entity lists."""

    def __init__(self, entities: Mapping[str, Any]) -> None:
        self._entities = entities
        self._groups: dict[int, Entity] = {each["Id"]: each for each in entities.get("Groups", [])}
        self._zones = {each["Id"]: each["IanaName"] for each in entities.get("TimeZones", [])}
        self.default: Entity = next(
            (each for each in self._groups.values() if each.get("IsDefault")),
            {"Id": 0, "Number": "", "Name": "DEFAULT"},
        )

    def numbered(self, set_name: str, number: str) -> Entity | None:
        """Return the entity of a set with a number."""
        rows: Collection[Entity] = self._entities.get(set_name, [])
        return next((each for each in rows if each.get("Number") == number), None)

    def user(self, number: str) -> Entity | None:
        """Return a user by the extension."""
        return self.numbered("Users", number)

    def name(self, user: Entity) -> str:
        """Return a user's name."""
        return f"{user.get('FirstName') or ''} {user.get('LastName') or ''}".strip()

    def profile(self, user: Entity) -> Entity:
        """Return the forwarding profile that is in use."""
        wanted = user.get("CurrentProfileName") or "Available"
        profiles: Collection[Entity] = user.get("ForwardingProfiles") or []
        return next((each for each in profiles if each.get("Name") == wanted), {})

    def department(self, entity: Entity) -> Entity:
        """Return the department of something: the primary one, else the first, else the default."""
        ids = [each.get("GroupId") for each in entity.get("Groups") or []]
        for group_id in (entity.get("PrimaryGroupId"), *ids):
            if group_id in self._groups:
                return self._groups[group_id]
        return self.default

    def department_of(self, destination: Entity) -> Entity:
        """Return the department of what a destination leads to."""
        set_name = _SETS.get(destination.get("To") or "")
        entity = self.numbered(set_name, destination.get("Number") or "") if set_name else None
        return self.department(entity) if entity is not None else self.default

    def caller(self, entity: Entity) -> Caller:
        """Return by whose outbound rules something forwards."""
        ids = {each["GroupId"] for each in entity.get("Groups") or [] if each.get("GroupId")}
        groups = frozenset(ids) or frozenset([self.default["Id"]])
        return Caller(groups, str(entity.get("Number") or ""))

    def local(self, group: Entity, at: datetime) -> datetime:
        """Return a moment in the time zone of a department."""
        return at.astimezone(ZoneInfo(self._zone(group)))

    def status(self, group: Entity, at: datetime) -> hours.Status:
        """Return whether a department is open at a moment."""
        return hours.of_department(group, self.default, self._zone(group), at)

    def _zone(self, group: Entity) -> str:
        return str(self._zones.get(group.get("TimeZoneId") or "", "Etc/UTC"))

    def is_dark(self, user: Entity, around: Circumstances) -> bool:
        """Tell whether a user's department is on a dark site."""
        return self.department(user).get("Name") in around.dark

    def obstacle(self, user: Entity, around: Circumstances) -> str:
        """Return why no phone of a user can ring, or nothing."""
        if user.get("Enabled") is False:
            return "the extension is disabled"
        dark = self.is_dark(user, around)
        if dark and user["Number"] in around.apps and user.get("AllowLanOnly") is not True:
            return ""
        if dark:
            return f"not registered: {self.department(user).get('Name')} is dark"
        return "" if user.get("IsRegistered") else "not registered"

    def members(self, items: Collection[Entity], around: Circumstances) -> list[Entity]:
        """Return those whose phones can ring and who are not on the phone."""
        users = [self.user(item.get("Number") or "") for item in items]
        return [
            user
            for user in users
            if user is not None
            and not self.obstacle(user, around)
            and not around.is_busy(user["Number"])
        ]

    def declines_groups(self, user: Entity) -> bool:
        """Tell whether a user's profile keeps calls of ring groups away."""
        return bool(self.profile(user).get("DisableRingGroupCalls"))
