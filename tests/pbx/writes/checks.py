# SPDX-License-Identifier: GPL-3.0-or-later
"""What the PBX looks at in any body: numbers in use, destinations that exist, departments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.pbx.errors import ALREADY_IN_USE, INVALID, NOT_FOUND, REQUIRED, refused
from tests.pbx.model import TYPES, Complex, Many, Type
from tests.pbx.state import Entity, State

_BEHIND = {
    "Extension": "Users",
    "VoiceMail": "Users",
    "VoiceMailOfDestination": "Users",
    "Fax": "Users",
    "RingGroup": "RingGroups",
    "Queue": "Queues",
    "IVR": "Receptionists",
}
# Destinations that lead to no number of the PBX: `External` carries its digits.
_WITHOUT_NUMBER = frozenset(["None", "Boomerang", "Deflect", "Callback", "ProceedWithNoExceptions"])


def destinations(of: Type, value: Any) -> Iterator[Entity]:
    """Yield every destination within a bound object."""
    if not isinstance(value, dict):
        return
    if of.name == "Destination":
        yield value
        return
    for name, prop in of.properties.items():
        kind = prop.kind.of if isinstance(prop.kind, Many) else prop.kind
        inner = value.get(name)
        if isinstance(kind, Complex):
            for item in inner if isinstance(inner, list) else [inner]:
                yield from destinations(TYPES[kind.type], item)


def check_destinations(state: State, of: Type, bound: Entity) -> None:
    """Bring every destination into the form it is kept in; refuse one that leads nowhere."""
    for name, value in bound.items():
        for destination in destinations(of, {name: value}):
            _check(state, name, destination)


def _check(state: State, target: str, destination: Entity) -> None:
    kind = destination.get("To") or "None"
    destination["To"] = kind
    if kind == "External":
        destination["Number"] = ""
        if not destination.get("External"):
            raise refused(f"{target}.External", REQUIRED)
        return
    destination["External"] = ""
    if kind in _WITHOUT_NUMBER:
        destination["Number"] = ""
    elif kind in _BEHIND and state.find(_BEHIND[kind], Number=destination.get("Number")) is None:
        raise refused(f"{target}.Number", NOT_FOUND)


def check_number(state: State, entity: Entity, bound: Entity) -> None:
    """Refuse an internal number that something else has, and one that would change."""
    number = bound.get("Number")
    if "Number" not in bound or number == entity.get("Number"):
        return
    if entity.get("Number"):
        raise refused("Number", INVALID)
    if not number:
        raise refused("Number", REQUIRED)
    if state.numbered(number) is not None:
        raise refused("Number", ALREADY_IN_USE)


def join_default(state: State, bound: Entity) -> None:
    """Put something new that names no department into the default one."""
    default = state.find("Groups", IsDefault=True)
    if default is not None:
        bound.setdefault("Groups", [{"GroupId": default["Id"]}])


def check_groups(state: State, bound: Entity) -> None:
    """Bring memberships into the form they are kept in; `GroupRights` is taken and forgotten."""
    if "Groups" not in bound:
        return
    kept = []
    for membership in bound["Groups"]:
        if state.find("Groups", Id=membership.get("GroupId")) is None:
            raise refused("Groups", NOT_FOUND)
        rights = membership.get("Rights") or {}
        role = {"RoleName": rights.get("RoleName") or "users"}
        kept.append({"GroupId": membership["GroupId"], "Rights": role, "GroupRights": role})
    bound["Groups"] = kept


def resolve(state: State, target: str, items: list[Entity], *set_names: str) -> list[Entity]:
    """Return members, agents or managers by their number; an Id alone will do."""
    found = []
    for item in items:
        key = {"Number": item["Number"]} if item.get("Number") else {"Id": item.get("Id")}
        entity = next((each for name in set_names if (each := state.find(name, **key))), None)
        if entity is None:
            raise refused(target, NOT_FOUND)
        kept = {"Number": entity["Number"], "Id": entity["Id"]}
        found.append(kept | {key: item[key] for key in ("SkillGroup",) if item.get(key)})
    return found
