# SPDX-License-Identifier: GPL-3.0-or-later
"""The hours in which a drill may run, such as `Sun 06:00-08:00` or `Fri 22:00-05:00`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(
    rf"(?P<day>{'|'.join(DAYS)}) (?P<h1>[01]\d|2[0-3]):(?P<m1>[0-5]\d)"
    r"-(?:(?P<h2>[01]\d|2[0-3]):(?P<m2>[0-5]\d)|24:00)"
)
_DAY_MINUTES = 24 * 60


class WindowError(ValueError):
    """Not a window; the message says what one looks like."""


def allows(windows: Iterable[str], now: datetime) -> bool:
    """Whether local time `now` is inside one of the windows; no windows allow every time.

    A window that ends before it begins runs past midnight and belongs to the day it begins on.
    Raises WindowError.
    """
    parsed = [parse(window) for window in windows]
    return not parsed or any(_inside(window, now) for window in parsed)


def parse(window: str) -> tuple[int, int, int]:
    """Day (0 is Monday), first minute and end minute of the day. Raises WindowError."""
    found = _WINDOW.fullmatch(window.strip().lower())
    if not found:
        raise WindowError(
            f"{window!r} is not a drill window; give day and hours, such as 'Sun 06:00-08:00'"
        )
    start = int(found["h1"]) * 60 + int(found["m1"])
    end = int(found["h2"]) * 60 + int(found["m2"]) if found["h2"] else _DAY_MINUTES
    return DAYS.index(found["day"]), start, end


def _inside(window: tuple[int, int, int], now: datetime) -> bool:
    day, start, end = window
    minute, today = now.hour * 60 + now.minute, now.weekday()
    if start < end:
        return today == day and start <= minute < end
    yesterday = (today - 1) % 7
    return (today == day and minute >= start) or (yesterday == day and minute < end)
