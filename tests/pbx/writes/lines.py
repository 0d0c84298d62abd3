# SPDX-License-Identifier: GPL-3.0-or-later
"""What the PBX makes of writes to trunks and to the rules that lead in and out."""

from __future__ import annotations

from tests.pbx.errors import DUPLICATE, INVALID, NOT_FOUND, REQUIRED, refused
from tests.pbx.readings import MOST_ROUTES
from tests.pbx.state import Entity, State

_NO_TRUNK = (None, -1, 0)


def trunk(state: State, entity: Entity, bound: Entity, made: bool) -> None:
    """Check and complete a trunk; whether it is online is not for clients to say."""
    gateway = bound.get("Gateway") or {}
    if made:
        for name in ("Name", "Host"):
            if not gateway.get(name):
                raise refused(f"Gateway.{name}", REQUIRED)
        if not bound.get("Number"):
            taken = [int(each["Number"]) for each in state.get("Trunks", [])]
            bound["Number"] = str(max(taken, default=9999) + 1)
    if "Gateway" in bound and not gateway.get("Host"):
        raise refused("Gateway.Host", REQUIRED)
    if gateway:
        gateway["Id"] = (entity.get("Gateway") or {}).get("Id") or state.next_id()
    if not (bound.get("AuthPassword") or {}).get("Value"):
        # What a reading shows instead of the password is not a new one.
        bound.pop("AuthPassword", None)
    for read_only in ("IsOnline", "ConfigurationIssue", "RoutingRules"):
        bound.pop(read_only, None)


def inbound(state: State, entity: Entity, bound: Entity, made: bool) -> None:
    """Check an inbound rule. A number that is not on the trunk is taken, and never rings."""
    if made or "TrunkDN" in bound:
        sent = bound.get("TrunkDN") or {}
        key = {"Number": sent["Number"]} if sent.get("Number") else {"Id": sent.get("Id")}
        found = state.find("Trunks", **key)
        if found is None:
            raise refused("TrunkDN", NOT_FOUND)
        bound["TrunkDN"] = {"Id": found["Id"], "Number": found["Number"]}
    whole = {**entity, **bound}
    if whole.get("Condition") in ("BasedOnDID", "BasedOnCallerID") and not whole.get("Data"):
        raise refused("Data", REQUIRED)
    for other in state.get("InboundRules", []):
        same = all(other.get(key) == whole.get(key) for key in ("Condition", "Data"))
        if other is not entity and same and _trunk_of(other) == _trunk_of(whole):
            raise refused("Data", DUPLICATE)


def _trunk_of(rule: Entity) -> str | None:
    return (rule.get("TrunkDN") or {}).get("Number")


def outbound(state: State, entity: Entity, bound: Entity, made: bool) -> None:
    """Check an outbound rule and bring its lists into the form in which they are read back."""
    if made and not bound.get("Name"):
        raise refused("Name", REQUIRED)
    emergency = {**entity, **bound}.get("EmergencyRule")
    siblings = [
        other
        for other in state.get("OutboundRules", [])
        if other is not entity and bool(other.get("EmergencyRule")) == bool(emergency)
    ]
    taken = {other.get("Priority") for other in siblings}
    if made and bound.get("Priority") is None:
        bound["Priority"] = max((each or 0 for each in taken), default=0) + 1
    elif bound.get("Priority") in taken and "Priority" in bound:
        raise refused("Priority", DUPLICATE)
    if "Routes" in bound:
        _check_routes(state, bound["Routes"])
    if any(state.find("Groups", Id=each) is None for each in bound.get("GroupIds", [])):
        raise refused("GroupIds", NOT_FOUND)
    bound.pop("GroupNames", None)
    for name in ("Prefix", "NumberLengthRanges"):
        if name in bound:
            bound[name] = merged_ranges(bound[name] or "")


def _check_routes(state: State, routes: list[Entity]) -> None:
    if len(routes) > MOST_ROUTES:
        raise refused("Routes", INVALID)
    for route in routes:
        if route.get("TrunkId") in _NO_TRUNK:
            route["TrunkId"] = -1
        elif state.find("Trunks", Id=route["TrunkId"]) is None:
            raise refused("Routes.TrunkId", NOT_FOUND)


def merged_ranges(text: str) -> str:
    """Return a list of numbers with neighbours of one length joined: `118,119` is `118-119`."""
    runs: list[list[str]] = []
    for item in (part.strip() for part in text.split(",")):
        if not item:
            continue
        previous = runs[-1][-1] if runs else ""
        if (
            item.isdecimal()
            and previous.isdecimal()
            and len(item) == len(previous)
            and int(item) == int(previous) + 1
        ):
            runs[-1] = [runs[-1][0], item]
        else:
            runs.append([item])
    return ",".join("-".join(run) for run in runs)
