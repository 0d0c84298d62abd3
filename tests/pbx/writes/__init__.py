# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing: all of a body or nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.pbx import readings
from tests.pbx.errors import REQUIRED, refused, unbindable
from tests.pbx.model import SINGLETONS, TYPES, EntitySet, blank
from tests.pbx.state import Entity, State

from . import binding, checks, lines, people, removal

_Check = Callable[[State, Entity, Entity, bool], None]
_CHECKS: dict[str, _Check] = {
    "Users": people.user,
    "RingGroups": people.ring_group,
    "Queues": people.queue,
    "Receptionists": people.receptionist,
    "Groups": people.group,
    "Holidays": people.holiday,
    "Trunks": lines.trunk,
    "InboundRules": lines.inbound,
    "OutboundRules": lines.outbound,
}
# A user joins the default department too, but may not say so when it is made.
_IN_DEPARTMENTS = frozenset(["RingGroups", "Queues", "Receptionists", "Trunks"])


def create(state: State, entity_set: EntitySet, body: Any) -> Entity:
    """Make an entity from a body and return it."""
    bound = binding.bind(entity_set.of, body, state.version)
    made = blank(entity_set.type, state.version)
    if entity_set.key == "Id":
        made["Id"] = bound["Id"] = state.next_id()
    elif not bound.get(entity_set.key):
        raise refused(entity_set.key, REQUIRED)
    _check(state, entity_set, made, bound, True)
    made |= bound
    state.setdefault(entity_set.name, []).append(made)
    return made


def update(state: State, entity_set: EntitySet, entity: Entity, body: Any) -> None:
    """Change what a body names of an entity."""
    if not body:
        raise unbindable()
    bound = binding.bind(entity_set.of, body, state.version)
    key = entity_set.key
    if bound.get(key, entity[key]) != entity[key]:
        raise unbindable()
    _check(state, entity_set, entity, bound, False)
    entity |= bound


def _check(state: State, entity_set: EntitySet, entity: Entity, bound: Entity, made: bool) -> None:
    if "Number" in entity_set.of.properties:
        checks.check_number(state, entity if not made else {}, bound)
    checks.check_destinations(state, entity_set.of, bound)
    if made and entity_set.name in _IN_DEPARTMENTS:
        checks.join_default(state, bound)
    checks.check_groups(state, bound)
    if entity_set.name in _CHECKS:
        _CHECKS[entity_set.name](state, entity, bound, made)


def update_singleton(state: State, name: str, body: Any) -> None:
    """Change what a body names of the one object of its kind."""
    if not body:
        raise unbindable()
    bound = binding.bind(TYPES[SINGLETONS[name][0]], body, state.version)
    default = state.find("Groups", IsDefault=True)
    if name == "OfficeHours" and default is not None:
        # The hours of the system are those of the default department.
        own = {key: bound.pop(key) for key in readings.OF_DEFAULT_GROUP if key in bound}
        people.group(state, default, own, False)
        default |= own
    state[name] |= bound


def remove(state: State, entity_set: EntitySet, entity: Entity) -> None:
    """Remove an entity, and what the PBX removes with it."""
    removal.remove(state, entity_set.name, entity)


__all__ = ["create", "remove", "update", "update_singleton"]
