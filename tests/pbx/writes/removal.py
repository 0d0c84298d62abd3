# SPDX-License-Identifier: GPL-3.0-or-later
"""Deleting. Only departments are protected: whatever led to another object leads nowhere after."""

from __future__ import annotations

from typing import Any

from tests.pbx.errors import GROUP_HAS_MEMBERS, INVALID, refused
from tests.pbx.model import SETS
from tests.pbx.readings import members
from tests.pbx.state import DIALLED, Entity, State

from . import checks


def remove(state: State, set_name: str, entity: Entity) -> None:
    """Remove an entity from its set and every reference to it from the others."""
    if set_name == "Groups":
        if entity.get("IsDefault"):
            raise refused("Id", INVALID)
        if members(state, entity):
            raise refused("Id", GROUP_HAS_MEMBERS)
    state[set_name] = [each for each in state[set_name] if each is not entity]
    if set_name in DIALLED:
        _forget(state, entity["Number"])
    if set_name == "Trunks":
        _forget_trunk(state, entity)
    if set_name == "Groups":
        state["Holidays"] = [
            each for each in state.get("Holidays", []) if each["Group"] != entity["Number"]
        ]
        for rule in state.get("OutboundRules", []):
            rule["GroupIds"] = [each for each in rule["GroupIds"] if each != entity["Id"]]


def _forget(state: State, number: str) -> None:
    for set_name, entity_set in SETS.items():
        for other in state.get(set_name, []):
            for destination in checks.destinations(entity_set.of, other):
                if destination.get("Number") == number:
                    destination |= {"To": "None", "Number": ""}
            for name in ("Members", "Agents", "Managers"):
                if isinstance(other.get(name), list):
                    other[name] = _without(other[name], number)


def _without(items: list[Any], number: str) -> list[Any]:
    return [item for item in items if item.get("Number") != number]


def _forget_trunk(state: State, trunk: Entity) -> None:
    state["InboundRules"] = [
        rule
        for rule in state.get("InboundRules", [])
        if (rule.get("TrunkDN") or {}).get("Number") != trunk["Number"]
    ]
    for rule in state.get("OutboundRules", []):
        for route in rule["Routes"]:
            if route.get("TrunkId") == trunk["Id"]:
                route["TrunkId"] = -1
