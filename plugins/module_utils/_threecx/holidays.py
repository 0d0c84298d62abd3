# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holidays of a department."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Mapping

from . import collect
from .client import Client
from .directory import Directory
from .errors import ThreeCxError
from .flow import Subject
from .schedules import time_of_day

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?")


class Holiday(Subject):
    """A holiday by its name, which the PBX wants to be the only one of that name."""

    noun = "holiday"

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        self.client = client
        self.params = params
        self.department = Directory(client).department(params["department"], "department")

    @property
    def label(self) -> str:
        return f"holiday {self.params['name']} of department {self.department['Name']}"

    def find(self) -> dict[str, Any] | None:
        found = [
            one
            for one in collect.entities(self.client, "Holidays")
            if one["Name"] == self.params["name"]
        ]
        ours = [one for one in found if one.get("Group") == self.department["Number"]]
        if found and not ours:
            raise ThreeCxError(
                f"name: another department has a holiday {self.params['name']}, and the PBX takes "
                f"a name once. Name it, say, {self.params['name']} ({self.department['Name']}).",
                "name_taken",
            )
        return ours[0] if ours else None

    def view(self, raw: dict[str, Any]) -> dict[str, Any]:
        recurring = bool(raw.get("IsRecurrent"))
        return {
            "recurring": recurring,
            "start": _date_of(raw, "", recurring),
            "end": _date_of(raw, "End", recurring),
            "start_time": _clock(raw.get("TimeOfStartDate")),
            "end_time": _clock(raw.get("TimeOfEndDate")),
        }

    def wanted(self, raw: dict[str, Any] | None) -> dict[str, Any]:
        params = self.params
        wanted: dict[str, Any] = {}
        if params.get("start") is not None:
            recurring = params["start"].count("-") == 1
            wanted["recurring"] = recurring
            wanted["start"] = _checked(params["start"], recurring, "start")
            wanted["end"] = _checked(params.get("end") or params["start"], recurring, "end")
            if not recurring and wanted["end"] < wanted["start"]:
                raise ThreeCxError(f"end: {wanted['end']} is before {wanted['start']}.", "time")
        elif raw is None:
            raise ThreeCxError(f"{self.label} is not there yet: give it start.", "incomplete")
        defaults = {"start_time": "00:00", "end_time": "23:59"} if raw is None else {}
        for name in ("start_time", "end_time"):
            value = params.get(name) or defaults.get(name)
            if value is not None:
                wanted[name] = time_of_day(value, name)
        return wanted

    def write(self, raw: dict[str, Any], wanted: dict[str, Any], differing: list[str]) -> None:
        self.client.patch(f"Holidays({raw['Id']})", _body(dict(self.view(raw), **wanted)))

    def create(self, wanted: dict[str, Any]) -> None:
        known = {"Name": self.params["name"], "Group": self.department["Number"]}
        self.client.post("Holidays", dict(known, **_body(wanted)))

    def delete(self, raw: dict[str, Any]) -> None:
        self.client.delete(f"Holidays({raw['Id']})")


def _checked(value: str, recurring: bool, where: str) -> str:
    # 2024 has every day, also the 29th of February
    text = f"2024-{value}" if recurring else value
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise ThreeCxError(
            f"{where}: {value!r} is no day such as 2026-05-01, or 05-01 for every year "
            "(start and end alike).",
            "time",
        ) from None
    return found.strftime("%m-%d") if recurring else found.isoformat()


def _date_of(raw: dict[str, Any], suffix: str, recurring: bool) -> str:
    year, month, day = (raw.get(f"{part}{suffix}") or 0 for part in ("Year", "Month", "Day"))
    return f"{month:02d}-{day:02d}" if recurring else f"{year:04d}-{month:02d}-{day:02d}"


def _clock(value: str | None) -> str:
    """Return an ISO duration since midnight as a time of day: ``PT13H30M`` is ``13:30``."""
    found = _DURATION.fullmatch(value or "PT0S")
    days, hours, minutes, seconds = (
        (int(part or 0) for part in found.groups()) if found else (0,) * 4
    )
    hours += days * 24
    return f"{hours:02d}:{minutes:02d}" + (f":{seconds:02d}" if seconds else "")


def _duration(value: str) -> str:
    hours, minutes, *rest = (int(part) for part in value.split(":"))
    parts = [(hours, "H"), (minutes, "M"), (rest[0] if rest else 0, "S")]
    return "PT" + ("".join(f"{number}{unit}" for number, unit in parts if number) or "0S")


def _body(wanted: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {"IsRecurrent": wanted["recurring"]}
    for suffix, option in (("", "start"), ("End", "end")):
        *year, month, day = (int(part) for part in wanted[option].split("-"))
        body.update(
            {f"Year{suffix}": year[0] if year else 0, f"Month{suffix}": month, f"Day{suffix}": day}
        )
    body["TimeOfStartDate"] = _duration(wanted["start_time"])
    body["TimeOfEndDate"] = _duration(wanted["end_time"])
    return body
