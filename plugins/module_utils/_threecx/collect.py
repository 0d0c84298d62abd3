# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entities of a PBX as the API serves them, without what is secret, for audits and for looking.

What is selected here is the boundary: a property that is not named never leaves the PBX.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from . import odata
from .client import Client
from .directory import INTERNAL_DEPARTMENT

EMERGENCY = "OutboundRules/Pbx.GetEmergencyOutboundRules()"
_ROUTES = ("OutOfOfficeRoute", "BreakRoute", "HolidaysRoute")
_OUTBOUND = (
    "Id",
    "Name",
    "Prefix",
    "NumberLengthRanges",
    "DNRanges",
    "GroupIds",
    "GroupNames",
    "Priority",
    "EmergencyRule",
    "Routes",
)
_ROLES = "Groups($select=Id,GroupId,Name,Number;$expand=Rights($select=RoleName))"


@dataclass(frozen=True)
class Source:
    """Where entities come from and which of their properties are read.

    ``since`` names those that a version brought: asking an older one for them is refused.
    """

    path: str
    select: Sequence[str]
    expand: Sequence[str] = ()
    order: str = "Id"
    since: Mapping[str, tuple[int, ...]] | None = None


SETS: dict[str, Source] = {
    "Users": Source(
        "Users",
        (
            "Id",
            "Number",
            "FirstName",
            "LastName",
            "Mobile",
            "Enabled",
            "Internal",
            "IsRegistered",
            "CurrentProfileName",
            "OutboundCallerID",
            "PrimaryGroupId",
            "AllowLanOnly",
            "MyPhonePush",
            "PbxDeliversAudio",
            "QueueStatus",
            "BlockTunnel",
        ),
        (_ROLES, "ForwardingProfiles", "ForwardingExceptions"),
        since={"BlockTunnel": (20, 0, 9)},
    ),
    "Groups": Source(
        "Groups",
        (
            "Id",
            "Name",
            "Number",
            "IsDefault",
            "TimeZoneId",
            "CurrentGroupHours",
            "OverrideExpiresAt",
            "CustomOperator",
            "OfficeRoute",
            *_ROUTES,
            "Hours",
            "BreakTime",
        ),
        ("Members($select=Id,GroupId,Number,Name,Type)", "OfficeHolidays"),
    ),
    "RingGroups": Source(
        "RingGroups",
        ("Id", "Number", "Name", "RingStrategy", "RingTime", "ForwardNoAnswer", *_ROUTES),
        ("Members", _ROLES),
    ),
    "Queues": Source(
        "Queues",
        (
            "Id",
            "Number",
            "Name",
            "PollingStrategy",
            "RingTimeout",
            "MasterTimeout",
            "ForwardNoAnswer",
            *_ROUTES,
        ),
        ("Agents", "Managers", _ROLES),
    ),
    "Receptionists": Source(
        "Receptionists",
        (
            "Id",
            "Number",
            "Name",
            "Timeout",
            "TimeoutForwardType",
            "TimeoutForwardDN",
            *_ROUTES,
        ),
        ("Forwards", _ROLES),
    ),
    "InboundRules": Source(
        "InboundRules",
        (
            "Id",
            "RuleName",
            "Condition",
            "Data",
            "CallType",
            "Hours",
            "OfficeHoursDestination",
            "AlterDestinationDuringOutOfOfficeHours",
            "OutOfOfficeHoursDestination",
            "AlterDestinationDuringHolidays",
            "HolidaysDestination",
        ),
        ("TrunkDN($select=Id,Number,Name)",),
    ),
    "OutboundRules": Source("OutboundRules", _OUTBOUND),
    "EmergencyOutboundRules": Source(EMERGENCY, _OUTBOUND),
    "Trunks": Source(
        "Trunks",
        (
            "Id",
            "Number",
            "Gateway",
            "IsOnline",
            "Direction",
            "EnableInboundCalls",
            "EnableOutboundCalls",
            "SimultaneousCalls",
            "DidNumbers",
            "ExternalNumber",
            "PublicIPinSIP",
            "SecondaryRegistrar",
            "TransportRestriction",
            "DiversionHeader",
            "ConfigurationIssue",
        ),
    ),
    "Holidays": Source(
        "Holidays",
        (
            "Id",
            "Name",
            "Group",
            "Day",
            "Month",
            "Year",
            "DayEnd",
            "MonthEnd",
            "YearEnd",
            "TimeOfStartDate",
            "TimeOfEndDate",
            "IsRecurrent",
        ),
    ),
    "Sbcs": Source(
        "Sbcs",
        (
            "Name",
            "DisplayName",
            "HasConnection",
            "PublicIP",
            "Version",
            "PassiveServerIsEnabled",
            "Connection",
        ),
        order="Name",
        since={"Connection": (20, 0, 8)},
    ),
}

SINGLETONS: dict[str, Source] = {
    "SystemStatus": Source(
        "SystemStatus",
        (
            "Id",
            "Version",
            "FQDN",
            "Ip",
            "IpV4",
            "LicenseActive",
            "ProductCode",
            "ExpirationDate",
            "MaintenanceExpiresAt",
            "MaxSimCalls",
            "CallsActive",
            "TrunksRegistered",
            "TrunksTotal",
            "ExtensionsRegistered",
            "ExtensionsTotal",
            "HasNotRunningServices",
            "HasUnregisteredSystemExtensions",
        ),
    ),
    "NetworkSettings": Source(
        "NetworkSettings",
        (
            "Id",
            "PublicStaticIP",
            "PublicInterface",
            "PbxPublicFQDN",
            "StunDisabled",
            "StunQuery",
            "StunPrimaryHost",
            "StunPrimaryPort",
            "StunSecondaryHost",
            "StunSecondaryPort",
            "StunThirdHost",
            "StunThirdPort",
            "FirewallKeepAlive",
            "FirewallKeepAliveInterval",
            "SipPort",
            "TunnelPort",
        ),
    ),
    "GeneralSettingsForPbx": Source(
        "GeneralSettingsForPbx",
        ("AllowFwdToExternal", "DisableOutboundCallsOutOfficeHours", "OperatorExtension"),
    ),
    "NotificationSettings": Source(
        "NotificationSettings", ("EmailAddresses", "NotifyCodes", "NotifySystemOwners")
    ),
}

AUDITED = (
    "Users",
    "Groups",
    "RingGroups",
    "Queues",
    "Receptionists",
    "InboundRules",
    "OutboundRules",
    "EmergencyOutboundRules",
    "Trunks",
    "GeneralSettingsForPbx",
    "SystemStatus",
)
"""What an audit looks at."""


def _selected(client: Client, source: Source) -> list[str]:
    since = source.since or {}
    return [name for name in source.select if client.at_least(*since.get(name, ()))]


def entities(client: Client, name: str) -> list[dict[str, Any]]:
    """Return every entity of a set, without the lists of favourites among the departments."""
    source = SETS[name]
    found = client.every(source.path, _selected(client, source), source.expand, order=source.order)
    if name == "Groups":
        return [one for one in found if not (one.get("Name") or "").startswith(INTERNAL_DEPARTMENT)]
    return found


def singleton(client: Client, name: str) -> dict[str, Any]:
    """Return the one object of a name."""
    source = SINGLETONS[name]
    found = client.get(source.path + odata.query(_selected(client, source)))
    return {key: value for key, value in found.items() if not key.startswith("@")}


def health(client: Client) -> dict[str, Any]:
    """Return what the PBX thinks of its firewall, phones and trunks."""
    found = client.get("SystemStatus/Pbx.SystemHealthStatus()")
    return {key: value for key, value in found.items() if not key.startswith("@")}


def collected(client: Client, names: Sequence[str] = AUDITED) -> dict[str, Any]:
    """Return entity lists and singletons by their name."""
    return {
        name: singleton(client, name) if name in SINGLETONS else entities(client, name)
        for name in names
    }
