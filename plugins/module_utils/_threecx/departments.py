# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Departments, and the one write that tells a department its site is dark."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Mapping, Sequence

from . import odata, schedules
from .client import Client
from .destinations import Destinations
from .directory import Directory
from .errors import ThreeCxError
from .fields import Field, FieldSubject, word

MODES = {
    "default": "Default",
    "open": "ForceOpened",
    "closed": "ForceClosed",
    "break": "ForceBreak",
    "custom_operator": "ForceCustomOperator",
    "holiday": "ForceHoliday",
}
_SWITCH = ("hours_mode", "override_until")


class Department(FieldSubject):
    """A department by its name. Departments are not made or deleted here."""

    noun = "department"
    entity = "Groups"

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        super().__init__(client, params)
        self.directory = Directory(client)
        self.destinations = Destinations(self.directory)

    @property
    def label(self) -> str:
        return f"department {self.params['name']}"

    @property
    def fields(self) -> Sequence[Field]:
        return [
            word("hours_mode", "CurrentGroupHours", MODES),
            Field("override_until", "OverrideExpiresAt", _read_moment, _write_moment, _future),
            self.destinations.field("custom_operator", "CustomOperator"),
            self.destinations.route("office", "OfficeRoute"),
            self.destinations.route("out_of_office", "OutOfOfficeRoute"),
            self.destinations.route("break_route", "BreakRoute"),
            self.destinations.route("holidays", "HolidaysRoute"),
            schedules.periods("hours", "Hours"),
            schedules.periods("break_time", "BreakTime"),
        ]

    def find(self) -> dict[str, Any]:
        name = self.params["name"]
        self.directory.department(name, "name")
        select = ["Id", "Name", *(field.path for field in self.fields)]
        found = self.client.every("Groups", select, where=f"Name eq {odata.text(name)}")
        if not found:
            raise ThreeCxError(f"{self.label} was deleted meanwhile.", "lost_update")
        return found[0]

    def view(self, raw: dict[str, Any]) -> dict[str, Any]:
        seen = super().view(raw)
        if seen["hours_mode"] == "default":
            # what is left of an override that ended says nothing any more
            seen["override_until"] = ""
        return seen

    def wanted(self, raw: dict[str, Any] | None) -> dict[str, Any]:
        wanted = super().wanted(raw)
        if "hours_mode" in wanted:
            wanted.setdefault("override_until", "")
        if wanted.get("hours_mode") == "default" and wanted["override_until"]:
            raise ThreeCxError("override_until: the hours_mode default does not end.", "time")
        return wanted

    def write(self, raw: dict[str, Any], wanted: dict[str, Any], differing: list[str]) -> None:
        if any(name in differing for name in _SWITCH):
            # mode and end belong together: one write, so that neither is ever there alone
            differing = [*(name for name in differing if name not in _SWITCH), *_SWITCH]
        super().write(raw, wanted, differing)


def _read_moment(value: str | None) -> str:
    return schedules.utc(schedules.moment(value, "OverrideExpiresAt")) if value else ""


def _write_moment(value: str, _current: Any) -> str | None:
    return value or None


def _future(value: str) -> str:
    found = schedules.moment(value, "override_until")
    if found <= datetime.now(timezone.utc):
        raise ThreeCxError(f"override_until: {value} has passed.", "time")
    return schedules.utc(found)
