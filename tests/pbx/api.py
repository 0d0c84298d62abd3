# SPDX-License-Identifier: GPL-3.0-or-later
"""`/xapi/v1`: finds what an address means, and answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from . import actions, readings, writes
from .errors import ApiError, plain, unbindable
from .model import SETS, SINGLETONS, TYPES, Complex, EntitySet, Many
from .odata import query
from .simulation import Simulation
from .state import Entity, State

ROOT = "/xapi/v1/"
# Addresses are not sensitive to case; these are the names as the PBX writes them.
_NAMES = {name.lower(): name for name in (*SETS, *SINGLETONS, "Defs")}
_ADDRESS = re.compile(
    r"(?P<set>\w+)(?:\((?P<key>[^()]*)\))?(?:/(?P<then>[\w.]+)(?:\((?P<argument>[^()]*)\))?)?"
)


@dataclass(frozen=True)
class Request:
    """What a client asks for, without its envelope."""

    method: str
    path: str
    query: str
    body: Any = None
    prefer: str = ""

    @property
    def options(self) -> dict[str, str]:
        """Return the options of the query."""
        return dict(parse_qsl(self.query, keep_blank_values=True))


Answer = tuple[int, Any]


class Api:
    """Answers requests from the state."""

    def __init__(self, state: State, simulation: Simulation) -> None:
        self._state = state
        self._simulation = simulation

    def answer(self, request: Request) -> Answer:
        """Return status and body; refusals are raised as ApiError."""
        address = unquote(request.path.removeprefix(ROOT)).rstrip("/")
        found = _ADDRESS.fullmatch(address)
        name = _NAMES.get(found["set"].lower()) if found else None
        if found is None or name is None:
            raise ApiError(404)
        if name == "Defs":
            return self._definitions(request, found["then"])
        if name in SINGLETONS:
            return self._singleton(request, name, found["key"], found["then"])
        return self._of_set(request, SETS[name], found.groupdict())

    def _definitions(self, request: Request, then: str | None) -> Answer:
        if request.method != "GET" or then != "TimeZones":
            raise ApiError(404)
        zones: list[Entity] = [dict(zone) for zone in readings.TIME_ZONES]
        return 200, actions.page(self._state, "TimeZone", zones, request.options)

    def _singleton(self, request: Request, name: str, key: str | None, then: str | None) -> Answer:
        if key is not None:
            raise ApiError(404)
        if then is not None:
            return self._action(request, name, then)
        type_name, allowed = SINGLETONS[name]
        if request.method == "PATCH" and "PATCH" in allowed:
            writes.update_singleton(self._state, name, request.body)
            return 204, None
        if request.method != "GET":
            raise ApiError(405)
        of = TYPES[type_name]
        wanted = query.projection(request.options, of, self._state.version)
        row = readings.singleton(self._state, name)
        shown = readings.project(self._state, of, row, wanted)
        return 200, {"@odata.context": f"$metadata#{name}"} | shown

    def _of_set(
        self, request: Request, entity_set: EntitySet, found: Mapping[str, str | None]
    ) -> Answer:
        key, then = found["key"], found["then"]
        if entity_set.name == "Trunks" and request.method == "GET":
            self._simulation.polled()
        if key is None:
            if then is None:
                return self._collection(request, entity_set)
            if then == "Pbx.GetByNumber":
                return self._by_number(request, entity_set, found["argument"])
            return self._action(request, entity_set.name, then)
        row = self._addressed(entity_set, key)
        if then is None:
            return self._entity(request, entity_set, row)
        if then.startswith("Pbx."):
            return self._action(request, entity_set.name, then, row)
        return self._linked(request, entity_set, row, then)

    def _action(
        self, request: Request, name: str, then: str, entity: Entity | None = None
    ) -> Answer:
        table = actions.OF_SET if entity is None else actions.OF_ENTITY
        handler = table.get((request.method, name, then.removeprefix("Pbx.")))
        if handler is None or not then.startswith("Pbx."):
            raise ApiError(404)
        if request.method == "POST" and "return=representation" in request.prefer:
            # What creates an object may be asked for it; an action that is breaks down.
            raise ApiError(500)
        call = actions.Call(self._state, self._simulation, request.options, request.body, entity)
        return handler(call)

    def _collection(self, request: Request, entity_set: EntitySet) -> Answer:
        if request.method == "GET":
            rows = readings.collection(self._state, entity_set.name)
            body = actions.page(self._state, entity_set.type, rows, request.options)
            return 200, body | {"@odata.context": f"$metadata#{entity_set.name}"}
        if request.method != "POST" or "POST" not in entity_set.writes:
            raise ApiError(405)
        made = writes.create(self._state, entity_set, request.body)
        if made.get("EmergencyRule"):
            return 201, None
        return 201, self._shown(
            entity_set, readings.derived(self._state, entity_set.name, made), {}
        )

    def _shown(self, entity_set: EntitySet, row: Entity, options: Mapping[str, str]) -> Entity:
        wanted = query.projection(options, entity_set.of, self._state.version)
        context = {"@odata.context": f"$metadata#{entity_set.name}/$entity"}
        return context | readings.project(self._state, entity_set.of, row, wanted)

    def _addressed(self, entity_set: EntitySet, key: str) -> Entity:
        """Return the stored entity, or for derived sets its row, behind a key."""
        name, sign, value = key.rpartition("=")
        if not sign:
            name = entity_set.key
        elif name == "Number" and name != entity_set.key:
            if not actions.key_by_number(entity_set.name, self._state.version):
                raise ApiError(404)
        elif name != entity_set.key:
            raise ApiError(404)
        return self._one(entity_set, name, _key_value(name, value))

    def _one(self, entity_set: EntitySet, name: str, value: object) -> Entity:
        rows = self._state.get(entity_set.name)
        if rows is None:
            rows = readings.collection(self._state, entity_set.name)
        row = next((each for each in rows if each.get(name) == value), None)
        if row is None:
            raise plain(404, f"{entity_set.type} '{value}' was not found.")
        return row

    def _by_number(self, request: Request, entity_set: EntitySet, argument: str | None) -> Answer:
        name, _sign, value = (argument or "").partition("=")
        known = actions.by_number_function(entity_set.name, self._state.version)
        if request.method != "GET" or not known or name != "number":
            raise ApiError(404)
        row = self._one(entity_set, "Number", _key_value("Number", value))
        return self._entity(request, entity_set, row)

    def _entity(self, request: Request, entity_set: EntitySet, row: Entity) -> Answer:
        if request.method == "GET":
            whole = readings.derived(self._state, entity_set.name, row)
            return 200, self._shown(entity_set, whole, request.options)
        if request.method not in entity_set.writes or request.method == "POST":
            raise ApiError(405)
        if request.method == "PATCH":
            writes.update(self._state, entity_set, row, request.body)
        else:
            writes.remove(self._state, entity_set, row)
        return 204, None

    def _linked(self, request: Request, entity_set: EntitySet, row: Entity, then: str) -> Answer:
        prop = entity_set.of.known(self._state.version).get(then)
        if request.method != "GET" or prop is None or prop.navigation != "expanded":
            raise ApiError(404)
        if not isinstance(prop.kind, Many) or not isinstance(prop.kind.of, Complex):
            raise ApiError(404)
        whole = readings.derived(self._state, entity_set.name, row)
        rows = whole.get(then) or []
        return 200, actions.page(self._state, prop.kind.of.type, rows, request.options)


def _key_value(name: str, text: str) -> object:
    """Return the value of a key: numbers bare, texts in quotes."""
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if name == "Id" and text.isdecimal():
        return int(text)
    raise unbindable() if name == "Id" else plain(400, f"Invalid key '{text}'.")
