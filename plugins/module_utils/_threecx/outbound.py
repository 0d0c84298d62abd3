# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outbound rules: which calls leave over which trunks, the first that works first."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from . import collect, ranges
from .audit import audit
from .client import Client
from .directory import Directory, trunk_name
from .errors import ThreeCxError
from .fields import Field, FieldSubject, body
from .priorities import make_room

MOST_ROUTES = 5
_NO_TRUNK = (None, -1, 0)


class OutboundRule(FieldSubject):
    """An outbound rule by its name; rules for emergency numbers are a list of their own."""

    noun = "outbound rule"
    entity = "OutboundRules"

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        super().__init__(client, params)
        self.directory = Directory(client)
        self.emergency = bool(params["emergency"])

    @property
    def label(self) -> str:
        return f"{'emergency' if self.emergency else 'outbound'} rule {self.params['name']}"

    @property
    def fields(self) -> Sequence[Field]:
        return [
            _listed("prefixes", "Prefix", ranges.prefixes),
            _listed("number_lengths", "NumberLengthRanges", ranges.lengths),
            Field("extensions", "DNRanges", _read_ranges, _write_ranges, _check_ranges),
            Field("departments", "GroupIds", self._names, self._ids, self._check_departments),
            Field("priority", "Priority"),
            Field("routes", "Routes", self._read_routes, self._write_routes, self._check_routes),
        ]

    def siblings(self) -> list[dict[str, Any]]:
        """Return the rules of the list that this one belongs to."""
        return collect.entities(
            self.client, "EmergencyOutboundRules" if self.emergency else "OutboundRules"
        )

    def find(self) -> dict[str, Any] | None:
        found = [one for one in self.siblings() if one["Name"] == self.params["name"]]
        if len(found) > 1:
            raise ThreeCxError(
                f"The PBX has {len(found)} of {self.label}. "
                "Delete or rename the others in its Admin console.",
                "ambiguous",
            )
        return found[0] if found else None

    def wanted(self, raw: dict[str, Any] | None) -> dict[str, Any]:
        wanted = super().wanted(raw)
        if raw is not None:
            return wanted
        if not (wanted.get("prefixes") or wanted.get("number_lengths") or wanted.get("extensions")):
            raise ThreeCxError(
                f"{self.label} is not there yet: give it prefixes, number_lengths or extensions, "
                "so that it does not take every call.",
                "incomplete",
            )
        if "routes" not in wanted:
            raise ThreeCxError(
                f"{self.label} is not there yet: give it routes. An empty list blocks the calls.",
                "incomplete",
            )
        return wanted

    def write(self, raw: dict[str, Any], wanted: dict[str, Any], differing: list[str]) -> None:
        if "priority" in differing:
            make_room(self.client, self.siblings(), raw, wanted["priority"])
        super().write(raw, wanted, differing)

    def create(self, wanted: dict[str, Any]) -> None:
        if "priority" in wanted:
            make_room(self.client, self.siblings(), None, wanted["priority"])
        # the answer is empty for emergency rules: the flow finds the new rule by reading again
        known = {"Name": self.params["name"], "EmergencyRule": self.emergency}
        self.client.post(self.entity, dict(known, **body(self.fields, {}, wanted, list(wanted))))

    def still_needed_by(self, raw: dict[str, Any]) -> list[str]:
        """Return which calls would be lost without the rule, in the words of the audit."""
        entities = collect.collected(self.client)
        without = {
            name: [one for one in entities[name] if one["Id"] != raw["Id"]]
            for name in ("OutboundRules", "EmergencyOutboundRules")
        }
        known = _lost_calls(entities)
        return [one for one in _lost_calls({**entities, **without}) if one not in known]

    # Departments

    def _names(self, value: list[int] | None) -> list[str]:
        names = {one["Id"]: one["Name"] for one in self.directory.departments()}
        return sorted(names.get(one, str(one)) for one in value or [])

    def _ids(self, value: list[str], _current: Any) -> list[int]:
        return [self.directory.department(one, "departments")["Id"] for one in value]

    def _check_departments(self, value: list[str]) -> list[str]:
        return sorted({self.directory.department(one, "departments")["Name"] for one in value})

    # Routes

    def _read_routes(self, value: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
        names = {one["Id"]: trunk_name(one) for one in self.directory.trunks()}
        return [
            {
                "trunk": names.get(one["TrunkId"], one.get("TrunkName") or str(one["TrunkId"])),
                "strip_digits": one.get("StripDigits") or 0,
                "prepend": one.get("Prepend") or "",
                "append": one.get("Append") or "",
                "caller_id": one.get("CallerID") or "",
            }
            for one in value or []
            if one.get("TrunkId") not in _NO_TRUNK
        ]

    def _check_routes(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(value) > MOST_ROUTES:
            raise ThreeCxError(
                f"routes: {len(value)} are given, a rule of 3CX holds {MOST_ROUTES} at most.",
                "routes",
            )
        checked = []
        for number, one in enumerate(value):
            trunk = self.directory.trunk(one["trunk"], f"routes[{number}].trunk")
            if not 0 <= one["strip_digits"] <= 255:
                raise ThreeCxError(f"routes[{number}].strip_digits: give 0 to 255.", "routes")
            checked.append(dict(one, trunk=trunk_name(trunk)))
        return checked

    def _write_routes(self, value: list[dict[str, Any]], _current: Any) -> list[dict[str, Any]]:
        return [
            {
                "TrunkId": self.directory.trunk(one["trunk"], "routes")["Id"],
                "StripDigits": one["strip_digits"],
                "Prepend": one["prepend"],
                "Append": one["append"],
                "CallerID": one["caller_id"],
            }
            for one in value
        ]


def _lost_calls(entities: Mapping[str, Any]) -> list[str]:
    found = audit(entities, {})
    return [f"{one['object']}: {one['message']}" for one in found if one["severity"] == "error"]


def _listed(option: str, prop: str, normal: Any) -> Field:
    return Field(
        option,
        prop,
        lambda value: normal([value or ""], option),
        lambda value, _current: ",".join(value),
        lambda value: normal(value, option),
    )


def _read_ranges(value: list[dict[str, Any]] | None) -> list[str]:
    # a range of one extension comes back without its end
    found = [f"{one['From']}-{one.get('To') or one['From']}" for one in value or []]
    return ranges.extensions(found, "extensions")


def _write_ranges(value: list[str], _current: Any) -> list[dict[str, str]]:
    return [{"From": one.partition("-")[0], "To": one.partition("-")[2] or one} for one in value]


def _check_ranges(value: list[str]) -> list[str]:
    return ranges.extensions(value, "extensions")
