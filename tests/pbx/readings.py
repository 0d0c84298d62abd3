# SPDX-License-Identifier: GPL-3.0-or-later
"""How stored entities look when they are read: derived values filled in, projections applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .clock import written
from .model import SETS, SINGLETONS, TYPES, Complex, Kind, Many, Scalar, Type, Version
from .model.kinds import parse_moment
from .odata.query import Projection
from .state import DIALLED, Entity, State, named

MOST_ROUTES = 5
# What the singleton OfficeHours shows of the default department.
OF_DEFAULT_GROUP = ("Hours", "BreakTime", "TimeZoneId", "OfficeHolidays")
TIME_ZONES = (
    {"Id": "1", "Name": "Coordinated Universal Time", "IanaName": "Etc/UTC",
     "WindowsName": "UTC"},
    {"Id": "28", "Name": "Brussels, Paris", "IanaName": "Europe/Paris",
     "WindowsName": "Romance Standard Time"},
)  # fmt: skip
_EMPTY_ROUTE = {
    "TrunkId": -1, "TrunkName": "", "StripDigits": 0, "Prepend": "", "Append": "", "CallerID": "",
}  # fmt: skip


def collection(state: State, set_name: str) -> list[Entity]:
    """Return the rows of a set with everything that is derived, navigation included."""
    match set_name:
        case "DidNumbers":
            return _dids(state)
        case "Peers":
            return [peer(state, name, entity) for name, entity in state.dialled()]
    entities = state.get(set_name, [])
    if set_name == "OutboundRules":
        entities = [entity for entity in entities if not entity.get("EmergencyRule")]
    return [derived(state, set_name, entity) for entity in entities]


def derived(state: State, set_name: str, entity: Entity) -> Entity:
    """Return a copy of an entity with what the PBX works out itself."""
    derive = _DERIVED.get(set_name)
    return dict(entity) if derive is None else derive(state, dict(entity))


def singleton(state: State, name: str) -> Entity:
    """Return the one object of a name, with what the PBX works out itself."""
    stored = dict(state.get(name, {}))
    match name:
        case "SystemStatus":
            users, trunks = state.get("Users", []), state.get("Trunks", [])
            stored |= {
                "ExtensionsTotal": len(users),
                "UserExtensions": len(users),
                "ExtensionsRegistered": sum(bool(user.get("IsRegistered")) for user in users),
                "TrunksTotal": len(trunks),
                "TrunksRegistered": sum(bool(trunk.get("IsOnline")) for trunk in trunks),
                "OutboundRules": len(collection(state, "OutboundRules")),
            }
        case "OfficeHours":
            default = state.find("Groups", IsDefault=True) or {}
            shared = {**default, "OfficeHolidays": _holidays(state, default)}
            stored |= {key: shared.get(key) for key in OF_DEFAULT_GROUP}
    return stored


def peer(state: State, set_name: str, entity: Entity) -> Entity:
    """Return what stands for something with a number where others refer to it."""
    members = [
        {
            "GroupID": group["GroupId"],
            "IsPrimary": group["GroupId"] == entity.get("PrimaryGroupId"),
            **{key: group.get(key) for key in ("Name", "Number")},
            "RoleName": (group.get("Rights") or {}).get("RoleName"),
        }
        for group in _memberships(state, entity)
    ]
    return {
        "Id": entity["Id"],
        "Number": entity["Number"],
        "Name": named(set_name, entity),
        "Type": DIALLED[set_name],
        "Hidden": False,
        "Tags": [],
        "MemberOf": members,
    }


def project(state: State, of: Type, row: Mapping[str, Any], wanted: Projection) -> Entity:
    """Return what a reading shows of a row."""
    shown: Entity = {}
    for name, prop in of.known(state.version).items():
        if prop.navigation == "expanded":
            if name in wanted.expand:
                inner = wanted.expand[name]
                shown[name] = _value(state, prop.kind, row.get(name), inner)
            continue
        value = row.get(name, prop.default)
        if value is not _ABSENT and (wanted.select is None or name in wanted.select):
            shown[name] = _value(state, prop.kind, value, Projection())
    return shown


# A value that the PBX leaves out where others are null.
_ABSENT = object()


def _value(state: State, kind: Kind, value: Any, wanted: Projection) -> Any:
    match kind:
        case Many(of=Complex(type=name)):
            return [
                project(state, TYPES[name], _row(state, name, item), wanted) for item in value or []
            ]
        case Many():
            return list(value or [])
        case Complex(type=name) if value is not None:
            return project(state, TYPES[name], _row(state, name, value), wanted)
        case Scalar("time") if isinstance(value, str):
            return value if value.count(":") == 2 else f"{value}:00"
    return value


def _row(state: State, type_name: str, value: Mapping[str, Any]) -> Entity:
    """Fill in what the PBX adds to an inner object."""
    row = dict(value)
    match type_name:
        case "Destination":
            found = state.numbered(row.get("Number") or "") if row.get("Number") else None
            row["Number"], row["External"] = row.get("Number") or "", row.get("External") or ""
            row["Name"] = named(*found) if found else ""
            row["Type"] = DIALLED[found[0]] if found else "None"
            row["Tags"] = []
        case "ConcealedPassword":
            row |= {"Concealed": True, "Value": None}
        case "DNRange" if not row.get("To") or row["To"] == row.get("From"):
            row["To"] = _ABSENT
        case "RingGroupMember" | "QueueAgent" | "QueueManager":
            found = state.numbered(row.get("Number") or "")
            if found:
                row |= {"Id": found[1]["Id"], "Name": named(*found)}
    return row


def _memberships(state: State, entity: Entity) -> list[Entity]:
    """Return the departments of something that can be in one."""
    rows = []
    for membership in entity.get("Groups") or []:
        group = state.find("Groups", Id=membership.get("GroupId")) or {}
        rows.append(
            {
                "CanDelete": True,
                "Tags": [],
                **membership,
                "Id": entity["Id"],
                "Name": group.get("Name"),
                "Number": group.get("Number"),
                "Type": "Group",
            }
        )
    return rows


def _with_memberships(state: State, entity: Entity) -> Entity:
    return entity | {"Groups": _memberships(state, entity)}


def _user(state: State, user: Entity) -> Entity:
    user = _with_memberships(state, user)
    last, first = user.get("LastName") or "", user.get("FirstName") or ""
    return user | {"DisplayName": ", ".join(part for part in (last, first) if part)}


def members(state: State, group: Entity) -> list[Entity]:
    """Return who and what is in a department."""
    return [
        {
            "CanDelete": True,
            "Tags": [],
            **membership,
            "Id": entity["Id"],
            "Number": entity["Number"],
            "Name": named(set_name, entity),
            "MemberName": named(set_name, entity),
            "Type": DIALLED[set_name],
        }
        for set_name, entity in state.dialled()
        for membership in entity.get("Groups") or []
        if membership.get("GroupId") == group.get("Id")
    ]


def _holidays(state: State, group: Entity) -> list[Entity]:
    return [
        dict(holiday)
        for holiday in state.get("Holidays", [])
        if holiday.get("Group") == group.get("Number")
    ]


def _group(state: State, group: Entity) -> Entity:
    inside = members(state, group)
    ends = parse_moment(group.get("OverrideExpiresAt") or "")
    if ends is not None and ends <= state.clock.now():
        group |= {"CurrentGroupHours": "Default", "OverrideExpiresAt": None}
    elif ends is not None:
        group["OverrideExpiresAt"] = written(ends)
    return group | {
        "Members": inside,
        "HasMembers": bool(inside),
        "OfficeHolidays": _holidays(state, group),
    }


def _outbound(state: State, rule: Entity) -> Entity:
    routes = []
    for route in rule.get("Routes") or []:
        trunk = state.find("Trunks", Id=route.get("TrunkId"))
        if trunk is None:
            routes.append(dict(_EMPTY_ROUTE))
        else:
            routes.append(_EMPTY_ROUTE | route | {"TrunkName": named("Trunks", trunk)})
    padding = [dict(_EMPTY_ROUTE) for _place in range(MOST_ROUTES - len(routes))]
    names = [
        group["Name"]
        for group in state.get("Groups", [])
        if group["Id"] in (rule.get("GroupIds") or [])
    ]
    return rule | {"Routes": routes + padding, "GroupNames": names}


def _inbound(state: State, rule: Entity) -> Entity:
    trunk = rule.get("TrunkDN") or {}
    found = state.find("Trunks", Number=trunk.get("Number"))
    return rule | {"TrunkDN": peer(state, "Trunks", found) if found else None}


def _trunk(state: State, trunk: Entity) -> Entity:
    rules = [
        _inbound(state, dict(rule))
        for rule in state.get("InboundRules", [])
        if (rule.get("TrunkDN") or {}).get("Number") == trunk["Number"]
    ]
    return _with_memberships(state, trunk) | {"RoutingRules": rules}


def _dids(state: State) -> list[Entity]:
    rows = []
    for trunk in state.get("Trunks", []):
        rules = _trunk(state, dict(trunk))["RoutingRules"]
        for number in trunk.get("DidNumbers") or []:
            rule = next((each for each in rules if each.get("Data") == number), None)
            rows.append(
                {
                    "Number": number,
                    "TrunkId": trunk["Id"],
                    "TemplateFileName": (trunk.get("Gateway") or {}).get("TemplateFilename"),
                    "RoutingRule": rule,
                }
            )
    return rows


_DERIVED: dict[str, Callable[[State, Entity], Entity]] = {
    "Users": _user,
    "Groups": _group,
    "RingGroups": _with_memberships,
    "Queues": _with_memberships,
    "Receptionists": _with_memberships,
    "Trunks": _trunk,
    "InboundRules": _inbound,
    "OutboundRules": _outbound,
}


def snapshot(state: State) -> dict[str, Any]:
    """Return everything as the API would serve it, expanded as far as it goes."""
    everything: dict[str, Any] = {}
    version = state.version
    for name, entity_set in SETS.items():
        wide = expanded(entity_set.of, version)
        everything[name] = [
            project(state, entity_set.of, row, wide) for row in collection(state, name)
        ]
    wide = expanded(TYPES["OutboundRule"], version)
    everything["EmergencyOutboundRules"] = [
        project(state, TYPES["OutboundRule"], _outbound(state, dict(rule)), wide)
        for rule in state.get("OutboundRules", [])
        if rule.get("EmergencyRule")
    ]
    everything["TimeZones"] = [dict(zone) for zone in TIME_ZONES]
    for name, (type_name, _writes) in SINGLETONS.items():
        of = TYPES[type_name]
        everything[name] = project(state, of, singleton(state, name), expanded(of, version))
    return everything


def expanded(of: Type, version: Version, depth: int = 3) -> Projection:
    """Return the projection that shows everything, some levels deep."""
    if depth == 0:
        return Projection()
    inner: dict[str, Projection] = {}
    for name, prop in of.known(version).items():
        kind = prop.kind.of if isinstance(prop.kind, Many) else prop.kind
        if prop.navigation == "expanded" and isinstance(kind, Complex):
            inner[name] = expanded(TYPES[kind.type], version, depth - 1)
    return Projection(expand=inner)
