# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening hours and moments, in the one form in which they are compared."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

from .errors import ThreeCxError
from .fields import Field

DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(:[0-5]\d)?(\.\d+)?")
PERIOD_OPTION = {
    "type": "list",
    "elements": "dict",
    "options": {
        "day": {"type": "str", "choices": DAYS, "required": True},
        "start": {"type": "str", "required": True},
        "stop": {"type": "str", "required": True},
    },
}


def time_of_day(value: str, where: str) -> str:
    """Return a time as ``08:30``; the PBX adds seconds."""
    found = _TIME.fullmatch(value)
    if found is None:
        raise ThreeCxError(f"{where}: {value!r} is no time of day such as 08:30.", "time")
    seconds = found.group(3) or ":00"
    return f"{found.group(1)}:{found.group(2)}" + ("" if seconds == ":00" else seconds)


def periods(option: str, prop: str) -> Field:
    """Return the field of a schedule's periods, whose other properties are kept."""

    def check(value: list[dict[str, str]]) -> list[dict[str, str]]:
        found = []
        for number, one in enumerate(value):
            where = f"{option}[{number}]"
            start, stop = time_of_day(one["start"], where), time_of_day(one["stop"], where)
            if start >= stop:
                raise ThreeCxError(f"{where}: it stops at {stop}, before it starts.", "time")
            found.append({"day": one["day"], "start": start, "stop": stop})
        return _ordered(found)

    def read(value: dict[str, Any] | None) -> list[dict[str, str]]:
        return _ordered(
            {
                "day": one["DayOfWeek"].lower(),
                "start": time_of_day(one["Start"], option),
                "stop": time_of_day(one["Stop"], option),
            }
            for one in (value or {}).get("Periods") or []
        )

    def write(value: list[dict[str, str]], current: dict[str, Any] | None) -> dict[str, Any]:
        current = current or {}
        return {
            "Type": current.get("Type") or "OfficeHours",
            "IgnoreHolidays": bool(current.get("IgnoreHolidays")),
            "Periods": [
                {
                    "DayOfWeek": one["day"].capitalize(),
                    "Start": _with_seconds(one["start"]),
                    "Stop": _with_seconds(one["stop"]),
                }
                for one in value
            ],
        }

    return Field(option, prop, read, write, check)


def _with_seconds(value: str) -> str:
    return value if value.count(":") == 2 else f"{value}:00"


def _ordered(value: Any) -> list[dict[str, str]]:
    return sorted(value, key=lambda one: (DAYS.index(one["day"]), one["start"], one["stop"]))


def moment(value: str, where: str) -> datetime:
    """Return a moment with its zone, to the second."""
    # datetime.fromisoformat knows no Z before Python 3.11, and no more than six decimals
    text = re.sub(r"\.\d+", "", value.strip()).replace("Z", "+00:00")
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ThreeCxError(
            f"{where}: {value!r} is no date and time with its zone, "
            "such as 2026-01-01T18:00:00+01:00.",
            "time",
        )
    return found.astimezone(timezone.utc)


def utc(value: datetime) -> str:
    """Return a moment as the API writes it."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")
