# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions and actions of the API: `Pbx.<name>` behind a set, an object or a singleton."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import readings
from .clock import written
from .errors import ApiError, plain, unbindable
from .model import SETS, TYPES, Version
from .odata import query
from .simulation import Simulation
from .state import Entity, State, named

_BY_NUMBER_ENDS: Version = (20, 0, 8)


@dataclass(frozen=True)
class Call:
    """One call of a function or an action."""

    state: State
    simulation: Simulation
    options: Mapping[str, str]
    body: Any = None
    entity: Entity | None = None

    def field(self, name: str, kind: type) -> Any:
        """Return a parameter of an action; one that is missing cannot be bound."""
        value = self.body.get(name) if isinstance(self.body, dict) else None
        counted = isinstance(value, bool) and kind is not bool
        if counted or not isinstance(value, kind):  # To Python a truth value is a number.
            raise unbindable()
        return value


Answer = tuple[int, Any]


def page(state: State, type_name: str, rows: list[Entity], options: Mapping[str, str]) -> Any:
    """Return a collection as it is served."""
    of = TYPES[type_name]
    asked = query.parse(options, of, state.version)
    found, total = query.rows(asked, rows)
    body: dict[str, Any] = {"@odata.context": f"$metadata#Collection(Pbx.{type_name})"}
    if asked.counted:
        body["@odata.count"] = total
    body["value"] = [readings.project(state, of, row, asked.projection) for row in found]
    return body


def _emergency_rules(call: Call) -> Answer:
    rules = [
        readings.derived(call.state, "OutboundRules", rule)
        for rule in call.state.get("OutboundRules", [])
        if rule.get("EmergencyRule")
    ]
    return 200, page(call.state, "OutboundRule", rules, call.options)


def _move(call: Call) -> Answer:
    rule = call.state.find("OutboundRules", Id=call.field("id", int))
    if rule is None:
        raise plain(404, "NOT_FOUND")
    up = bool(call.body.get("up"))
    beside = sorted(
        (
            other
            for other in call.state["OutboundRules"]
            if other.get("EmergencyRule") == rule.get("EmergencyRule")
            and (other["Priority"] < rule["Priority"]) == up
            and other is not rule
        ),
        key=lambda other: other["Priority"],
        reverse=up,
    )
    if beside:
        rule["Priority"], beside[0]["Priority"] = beside[0]["Priority"], rule["Priority"]
    return 204, None


def _refresh(call: Call) -> Answer:
    trunk = call.state.find("Trunks", Id=call.field("id", int))
    if trunk is None:
        raise plain(404, "NOT_FOUND")
    call.simulation.refresh(trunk)
    return 204, None


def _report(code: str, level: str, *params: str) -> Entity:
    template = f"{code} %1$s" if params else code
    return {"Code": code, "Level": level, "Template": template, "Params": list(params)}


def _registration(trunk: Entity) -> Entity:
    gateway = trunk.get("Gateway") or {}
    host = gateway.get("Host") or ""
    if gateway.get("RequireRegistrationFor") == "Nothing":
        return _report("RegistrationIsNotRequired", "Info", host)
    if trunk.get("IsOnline"):
        return _report("RegisteredOK", "Info", host)
    return _report("ErrNoReply", "Error", host)


def _analyse(call: Call) -> Answer:
    assert call.entity is not None
    transport = call.entity.get("TransportRestriction") or "Any"
    reports = [_registration(call.entity), _report("TransportType", "Info", transport)]
    if call.entity.get("ConfigurationIssue"):
        reports.append(_report("RegistrationFailed", "Error", call.entity["ConfigurationIssue"]))
    return 200, page(call.state, "TrunkReport", reports, call.options)


def _test_outbound(call: Call) -> Answer:
    assert call.entity is not None
    contact, destination = call.field("contact", str), call.field("destination", str)
    name = named("Trunks", call.entity)
    works = call.entity.get("IsOnline") and call.entity.get("EnableOutboundCalls")
    reports = [_registration(call.entity), _report("OutboundDialed", "Info", destination)]
    reports.append(
        _report("OutboundCallSuccessful", "Info", name)
        if works
        else _report("OutboundCallFailed", "Error", name)
    )
    now = written(call.state.clock.now())
    log = [{"TimeStamp": now, "Text": f"{contact} calls {destination} over {name}"}]
    return 200, {"Log": log, "Reports": reports}


def _test_inbound(call: Call) -> Answer:
    assert call.entity is not None
    rings = bool(call.entity.get("IsOnline"))
    report = _report(
        "InboundCallSource" if rings else "InboundCallFailed", "Info" if rings else "Error"
    )
    return 200, {"Log": [], "Reports": [report]}


def _make_call(call: Call) -> Answer:
    destination = call.field("destination", str)
    caller = call.body.get("dn")
    if caller and call.state.numbered(caller) is None:
        raise plain(404, "NOT_FOUND")
    return 200, {"FinalStatus": "Success", "Reason": "None", "ReasonText": destination}


def _health(call: Call) -> Answer:
    users, trunks = call.state.get("Users", []), call.state.get("Trunks", [])
    return 200, {
        "Id": 1,
        "Firewall": bool(call.state["Firewall"].get("LastResult", True)),
        "Phones": all(user.get("IsRegistered") for user in users),
        "Trunks": all(trunk.get("IsOnline") for trunk in trunks),
        "CustomTemplatesCount": 0,
        "UnsupportedFirmwaresCount": 0,
    }


def _firewall_check(call: Call) -> Answer:
    call.state["Firewall"]["Html"] = "<p>done</p>"
    return 204, None


def _firewall_result(call: Call) -> Answer:
    return 200, {"value": bool(call.state["Firewall"].get("LastResult", True))}


def _bulk(call: Call) -> Answer:
    # Seen with a user that is not whole; nobody has shown a body that works.
    raise ApiError(500)


Handler = Callable[[Call], Answer]
OF_SET: dict[tuple[str, str, str], Handler] = {
    ("GET", "OutboundRules", "GetEmergencyOutboundRules"): _emergency_rules,
    ("POST", "OutboundRules", "MoveUpDown"): _move,
    ("POST", "Trunks", "RefreshRegistration"): _refresh,
    ("GET", "SystemStatus", "SystemHealthStatus"): _health,
    ("POST", "Firewall", "StartCheck"): _firewall_check,
    ("GET", "Firewall", "GetLastResult"): _firewall_result,
    ("POST", "Users", "MakeCall"): _make_call,
    ("POST", "Users", "MultiUserUpdate"): _bulk,
}
OF_ENTITY: dict[tuple[str, str, str], Handler] = {
    ("POST", "Trunks", "RunAnalysis"): _analyse,
    ("POST", "Trunks", "TestOutboundCall"): _test_outbound,
    ("POST", "Trunks", "TestInboundCall"): _test_inbound,
}


def by_number_function(set_name: str, version: Version) -> bool:
    """Tell whether a set still has `Pbx.GetByNumber`: the key by number took its place."""
    return bool(SETS[set_name].by_number) and version < _BY_NUMBER_ENDS


def key_by_number(set_name: str, version: Version) -> bool:
    """Tell whether an object of a set can be addressed by its number."""
    return bool(SETS[set_name].by_number) and version >= _BY_NUMBER_ENDS
