# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the whole PBX: its network, its notifications, and what calls may do."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from . import odata
from .errors import ThreeCxError
from .fields import Field, FieldSubject, flag, text

EVENTS = {
    "trunk_status": "TrunkStatusChanged",
    "trunk_failover": "TrunkFailover",
    "trunk_error": "TrunkError",
    "extension_registration": "ExtensionRegChanged",
    "network_error": "NetworkError",
    "stun_error": "STUNError",
    "emergency_call": "EmergencyNumberDialed",
    "licence_limit": "LicenseLimit",
    "storage_limit": "StorageLimit",
    "ip_blocked": "IPBlocked",
    "call_denied": "CallDenied",
    "anti_hacking": "RequestAntiHacked",
    "number_blocked": "NumberBlocked",
    "number_unblocked": "NumberUnblocked",
}
_EVENT_OF = {theirs: ours for ours, theirs in EVENTS.items()}


class Settings(FieldSubject):
    """One object that is always there."""

    @property
    def label(self) -> str:
        return self.noun

    def path(self, raw: Mapping[str, Any]) -> str:
        return self.entity

    def find(self) -> dict[str, Any]:
        tops = dict.fromkeys(field.path for field in self.fields)
        found = self.client.get(self.entity + odata.query([*self.select, *tops]))
        return {name: value for name, value in found.items() if not name.startswith("@")}

    def id_of(self, raw: dict[str, Any]) -> Any:
        return self.entity


class Network(Settings):
    """How the PBX learns its public address."""

    noun = "network settings"
    entity = "NetworkSettings"
    select = ("Id",)

    @property
    def fields(self) -> Sequence[Field]:
        return [
            Field(
                "public_address",
                "StunDisabled",
                lambda value: "static" if value else "stun",
                lambda value, _current: value == "static",
            ),
            text("public_ip", "PublicStaticIP"),
            Field("stun_interval_s", "StunQuery"),
            text("stun_server", "StunPrimaryHost"),
            text("second_stun_server", "StunSecondaryHost"),
            flag("keep_alive", "FirewallKeepAlive"),
            Field("keep_alive_interval_s", "FirewallKeepAliveInterval"),
        ]

    def wanted(self, raw: dict[str, Any] | None) -> dict[str, Any]:
        wanted = super().wanted(raw)
        seen = dict(self.view(raw), **wanted)
        if seen["public_address"] == "static" and not seen["public_ip"]:
            raise ThreeCxError("public_ip: public_address static needs an address.", "incomplete")
        return wanted


class Notifications(Settings):
    """Who is told of what, by mail."""

    noun = "notification settings"
    entity = "NotificationSettings"

    @property
    def fields(self) -> Sequence[Field]:
        return [
            Field("events", "NotifyCodes", _read_events, _write_events),
            Field("email_addresses", "EmailAddresses", _addresses, _write_addresses, _ordered),
            flag("system_owners", "NotifySystemOwners"),
        ]

    def wanted(self, raw: dict[str, Any] | None) -> dict[str, Any]:
        wanted = super().wanted(raw)
        if "events" in wanted:
            others = [] if self.params["only_these_events"] else _read_events(raw["NotifyCodes"])
            wanted["events"] = sorted({*others, *wanted["events"]})
        return wanted


class Calls(Settings):
    """What calls may do on the whole PBX."""

    noun = "general settings"
    entity = "GeneralSettingsForPbx"

    @property
    def fields(self) -> Sequence[Field]:
        return [
            flag("forward_to_external", "AllowFwdToExternal"),
            flag("no_outbound_calls_when_closed", "DisableOutboundCallsOutOfficeHours"),
        ]


def _read_events(value: list[str] | None) -> list[str]:
    return sorted(_EVENT_OF.get(one, one) for one in value or [])


def _write_events(value: list[str], _current: Any) -> list[str]:
    return [EVENTS.get(one, one) for one in value]


def _separator(value: str) -> str:
    return ";" if ";" in value else ","


def _addresses(value: str | None) -> list[str]:
    parts = (value or "").replace(";", ",").split(",")
    return _ordered([part.strip() for part in parts if part.strip()])


def _write_addresses(value: list[str], current: str | None) -> str:
    return _separator(current or "").join(value)


def _ordered(value: list[str]) -> list[str]:
    return sorted({one.strip() for one in value}, key=str.lower)
