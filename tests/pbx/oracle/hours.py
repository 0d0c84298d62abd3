# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a department, or a rule, is open at a moment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

Entity = Mapping[str, Any]
Status = Literal["open", "closed", "break", "holiday", "operator"]

_FORCED: dict[str, Status] = {
    "ForceOpened": "open",
    "ForceClosed": "closed",
    "ForceBreak": "break",
    "ForceHoliday": "holiday",
    "ForceCustomOperator": "operator",
}
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?")


def of_department(group: Entity, default: Entity, zone: str, at: datetime) -> Status:
    """Return how a department stands; `default` is the one whose hours the others may share."""
    forced = _FORCED.get(group.get("CurrentGroupHours") or "")
    ends = group.get("OverrideExpiresAt")
    if forced is not None and (not ends or datetime.fromisoformat(ends) > at):
        return forced
    local = at.astimezone(ZoneInfo(zone))
    schedule = group.get("Hours") or {}
    if schedule.get("Type") == "OfficeHours" and group is not default:
        schedule = default.get("Hours") or {}
    closures = group.get("OfficeHolidays") or []
    if not group.get("OverrideHolidays"):
        closures = [*closures, *(default.get("OfficeHolidays") or [])]
    if not schedule.get("IgnoreHolidays") and any(_closes(each, local) for each in closures):
        return "holiday"
    pause = group.get("BreakTime") or {}
    if pause.get("Periods") and pause.get("Type") != "Never" and _within(pause, local):
        return "break"
    return of_schedule(schedule, local)


def of_schedule(schedule: Entity, local: datetime) -> Status:
    """Return what a schedule of its own says; one without hours is always open."""
    match schedule.get("Type"):
        case "Never":
            return "closed"
        case "SpecificHours" | "SpecificHoursExcludingHolidays":
            return "open" if _within(schedule, local) else "closed"
        case "OutOfSpecificHours" | "OutOfSpecificHoursIncludingHolidays":
            return "closed" if _within(schedule, local) else "open"
        case "OutOfOfficeHours":
            return "closed"
    return "open"


def _within(schedule: Entity, local: datetime) -> bool:
    time = local.strftime("%H:%M:%S")
    return any(
        period.get("DayOfWeek") == local.strftime("%A")
        and (period.get("Start") or "") <= time < (period.get("Stop") or "")
        for period in schedule.get("Periods") or []
    )


def _closes(holiday: Entity, local: datetime) -> bool:
    """Tell whether a holiday covers a moment; one that spans New Year's began the year before."""
    year = local.year if holiday.get("IsRecurrent") else int(holiday.get("Year") or 0)
    return any(
        first <= local < last
        for begins in ([year, year - 1] if holiday.get("IsRecurrent") else [year])
        for first, last in _span(holiday, begins, local)
    )


def _span(holiday: Entity, year: int, local: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield when a holiday begins and ends in a year, or nothing where that year lacks the day."""
    begins = (holiday["Month"], holiday["Day"])
    ends = (holiday["MonthEnd"], holiday["DayEnd"])
    until = holiday.get("YearEnd") or year
    if holiday.get("IsRecurrent"):
        until = year + (ends < begins)
    try:
        first = datetime(year, *begins, tzinfo=local.tzinfo)
        last = datetime(until, *ends, tzinfo=local.tzinfo)
    except ValueError:
        return
    end_time = _duration(holiday.get("TimeOfEndDate"))
    # Without a time it covers its last day.
    yield first + _duration(holiday.get("TimeOfStartDate")), last + (end_time or timedelta(days=1))


def _duration(text: str | None) -> timedelta:
    found = _DURATION.fullmatch(text or "")
    if found is None:
        return timedelta()
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
