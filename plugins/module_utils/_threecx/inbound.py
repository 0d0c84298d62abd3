# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inbound rules: where a number of a trunk rings when the office is open, closed or on holiday."""

from __future__ import annotations

from typing import Any, Mapping

from . import collect
from .client import Client
from .destinations import Destinations, resend, view, written
from .directory import Directory, meant, trunk_name
from .errors import ThreeCxError
from .flow import Subject
from .numbers import plain

CONDITIONS = {"did": "BasedOnDID", "caller_id": "BasedOnCallerID", "any": "ForwardAll"}
LEGS = {
    "out_of_office": ("AlterDestinationDuringOutOfOfficeHours", "OutOfOfficeHoursDestination"),
    "holidays": ("AlterDestinationDuringHolidays", "HolidaysDestination"),
}
_AS_OFFICE = {"to": "office", "number": ""}
_DIDS = "@trunk_dids"


class InboundRule(Subject):
    """An inbound rule by its trunk, condition and number."""

    noun = "inbound rule"

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        self.client = client
        self.params = params
        self.directory = Directory(client)
        self.destinations = Destinations(self.directory)
        self.kind = next((name for name in ("did", "caller_id") if params.get(name)), "any")
        self.data = plain(params.get(self.kind) or "") if self.kind != "any" else ""
        self.trunk = self.directory.trunk(params["trunk"], "trunk")

    @property
    def label(self) -> str:
        what = f"{self.kind} {self.data}" if self.data else "all calls"
        return f"inbound rule of trunk {trunk_name(self.trunk)} for {what}"

    def find(self) -> dict[str, Any] | None:
        found = [one for one in collect.entities(self.client, "InboundRules") if self._is_ours(one)]
        if len(found) > 1:
            numbered = ", ".join(str(one["Id"]) for one in found)
            raise ThreeCxError(
                f"The PBX has {len(found)} of {self.label} (Id {numbered}). "
                "Delete the others in its Admin console.",
                "ambiguous",
            )
        return dict(found[0], **{_DIDS: self._dids()}) if found else None

    def _is_ours(self, rule: dict[str, Any]) -> bool:
        return (
            rule.get("Condition") == CONDITIONS[self.kind]
            and (self.kind == "any" or plain(rule.get("Data") or "") == self.data)
            and (rule.get("TrunkDN") or {}).get("Number") == self.trunk["Number"]
        )

    def _dids(self) -> list[str]:
        where = f"Id eq {self.trunk['Id']}"
        found = self.client.every("Trunks", ["Id", "DidNumbers"], where=where)
        return list(found[0].get("DidNumbers") or []) if found else []

    def view(self, raw: dict[str, Any]) -> dict[str, Any]:
        seen: dict[str, Any] = {
            "name": raw.get("RuleName") or "",
            "office": view(raw.get("OfficeHoursDestination")),
        }
        for option, (alters, prop) in LEGS.items():
            seen[option] = view(raw.get(prop)) if raw.get(alters) else dict(_AS_OFFICE)
        if self.kind == "did":
            seen["did_on_trunk"] = self.data in raw[_DIDS]
        return seen

    def wanted(self, raw: dict[str, Any] | None) -> dict[str, Any]:
        wanted: dict[str, Any] = {}
        if self.params.get("name") is not None:
            wanted["name"] = self.params["name"].strip()
        if self.params.get("office") is not None:
            wanted["office"] = self.destinations.check(self.params["office"], "office")
        elif raw is None:
            raise ThreeCxError(f"{self.label} is not there yet: give it office.", "incomplete")
        for option in LEGS:
            value = self.params.get(option)
            if value is not None:
                as_office = value["to"] == "office"
                wanted[option] = (
                    dict(_AS_OFFICE) if as_office else self.destinations.check(value, option)
                )
        if self.kind == "did":
            self._require_did()
            wanted["did_on_trunk"] = True
        return wanted

    def _require_did(self) -> None:
        dids = self._dids()
        if self.data in dids or self.params["add_did"]:
            return
        alike = [one for one in dids if one.lstrip("+0*")[-9:] == self.data.lstrip("+0*")[-9:]]
        hint = f"it has {alike[0]}: write it like that." if alike else meant(self.data, dids)
        raise ThreeCxError(
            f"did: {self.data} is not among the numbers of trunk {trunk_name(self.trunk)}, so the "
            f"rule would never be used; {hint} Or set add_did to add it to the trunk.",
            "did_not_on_trunk",
        )

    def _add_did(self) -> None:
        dids = self._dids()
        if self.kind == "did" and self.data not in dids:
            # the list is replaced whole
            self.client.patch(f"Trunks({self.trunk['Id']})", {"DidNumbers": [*dids, self.data]})

    def write(self, raw: dict[str, Any], wanted: dict[str, Any], differing: list[str]) -> None:
        self._add_did()
        changes = self._body({name: wanted[name] for name in differing})
        if changes:
            self.client.patch(f"InboundRules({raw['Id']})", changes)

    def create(self, wanted: dict[str, Any]) -> None:
        self._add_did()
        missing = {option: _AS_OFFICE for option in LEGS if option not in wanted}
        name = {"name": f"{self.data or 'all calls'} of {trunk_name(self.trunk)}"}
        known = {
            "Condition": CONDITIONS[self.kind],
            "Data": self.data,
            "CallType": "AllCalls",
            "TrunkDN": {"Id": self.trunk["Id"], "Number": self.trunk["Number"]},
            "Hours": {"Type": "OfficeHours", "IgnoreHolidays": False, "Periods": []},
        }
        self.client.post("InboundRules", dict(known, **self._body({**name, **missing, **wanted})))

    def _body(self, wanted: dict[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {}
        if "name" in wanted:
            body["RuleName"] = wanted["name"]
        if "office" in wanted:
            body["OfficeHoursDestination"] = written(wanted["office"])
        for option, (alters, prop) in LEGS.items():
            if option in wanted:
                body[alters] = wanted[option] != _AS_OFFICE
                if body[alters]:
                    body[prop] = written(wanted[option])
        return resend(body)

    def delete(self, raw: dict[str, Any]) -> None:
        self.client.delete(f"InboundRules({raw['Id']})")
