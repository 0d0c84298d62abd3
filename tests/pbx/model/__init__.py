# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API's objects are made of: the double's own tables.

The contract test compares them with the vendor's description, where that file is present.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import lines, people, system
from .kinds import Complex, Enum, Kind, Many, Property, Scalar, Type, Version, parse_version

TYPES: dict[str, Type] = {each.name: each for each in (*people.TYPES, *lines.TYPES, *system.TYPES)}


@dataclass(frozen=True)
class EntitySet:
    """A collection of the API: its type, its key, and what may be done with it."""

    name: str
    type: str
    key: str = "Id"
    writes: frozenset[str] = frozenset(["POST", "PATCH", "DELETE"])
    by_number: str | None = None

    @property
    def of(self) -> Type:
        """Return the type of the objects."""
        return TYPES[self.type]


_READ_ONLY: frozenset[str] = frozenset()
SETS: dict[str, EntitySet] = {
    each.name: each
    for each in (
        EntitySet("Users", "User", by_number="Number"),
        EntitySet("Groups", "Group"),
        EntitySet("RingGroups", "RingGroup", by_number="Number"),
        EntitySet("Queues", "Queue", by_number="Number"),
        EntitySet("Receptionists", "Receptionist", by_number="Number"),
        EntitySet("Holidays", "Holiday"),
        EntitySet("Trunks", "Trunk", by_number="Number"),
        EntitySet("InboundRules", "InboundRule"),
        EntitySet("OutboundRules", "OutboundRule"),
        EntitySet("DidNumbers", "DidNumber", key="Number", writes=_READ_ONLY),
        EntitySet("Peers", "Peer", writes=_READ_ONLY, by_number="Number"),
        EntitySet("Sbcs", "Sbc", key="Name"),
        EntitySet("EventLogs", "EventLog", writes=_READ_ONLY),
    )
}
# What the double leaves out: it is of no use to continuity, and refused as unknown.
LEFT_OUT: dict[str, set[str]] = {
    "EmergencyGeoTrunkLocation": {"Id", "Location", "ProviderUri", "TrunkDn"},
    "Group": {"Props"},
    "Phone": {"Settings"},
    "Queue": {"ResetQueueStatisticsSchedule"},
    "User": {"AgentSettings"},
}
SINGLETONS: dict[str, tuple[str, frozenset[str]]] = {
    "SystemStatus": ("SystemStatus", _READ_ONLY),
    "NetworkSettings": ("NetworkSettings", frozenset(["PATCH"])),
    "NotificationSettings": ("NotificationSettings", frozenset(["PATCH"])),
    "GeneralSettingsForPbx": ("GeneralSettingsForPbx", frozenset(["PATCH"])),
    "OfficeHours": ("OfficeHours", frozenset(["PATCH"])),
    "Firewall": ("FirewallState", _READ_ONLY),
}


def blank(type_name: str, version: Version, **given: Any) -> dict[str, Any]:
    """Return a new object with its defaults: navigation collections empty, single ones absent."""
    made: dict[str, Any] = {}
    for name, prop in TYPES[type_name].known(version).items():
        match prop.kind:
            case Many():
                made[name] = []
            case Complex() if prop.navigation == "expanded":
                made[name] = None
            case _:
                made[name] = prop.default
    return made | given


__all__ = [
    "LEFT_OUT",
    "SETS",
    "SINGLETONS",
    "TYPES",
    "Complex",
    "EntitySet",
    "Enum",
    "Kind",
    "Many",
    "Property",
    "Scalar",
    "Type",
    "Version",
    "blank",
    "parse_version",
]
