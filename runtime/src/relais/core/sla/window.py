# SPDX-License-Identifier: GPL-3.0-or-later
"""The time that figures are asked for, such as a month in the time zone of the site."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo

_MONTH = re.compile(r"(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])")


class WindowError(ValueError):
    """Not a time that figures can be made of; the message says what one looks like."""


@dataclass(frozen=True, slots=True)
class Window:
    """From `from_ms` up to, and without, `to_ms` (Unix time). `zone` is that of the site."""

    from_ms: int
    to_ms: int
    zone: tzinfo

    @property
    def length_ms(self) -> int:
        """How long it is: a month in which clocks change is an hour longer or shorter."""
        return self.to_ms - self.from_ms

    def holds(self, at_ms: int) -> bool:
        """Whether an instant is in it."""
        return self.from_ms <= at_ms < self.to_ms

    def local(self, at_ms: int) -> datetime:
        """An instant by the clocks of the site."""
        return datetime.fromtimestamp(at_ms / 1000, self.zone)


def month(text: str, zone: tzinfo) -> Window:
    """The month `2026-11`, from its first midnight to that of the next. Raises WindowError."""
    found = _MONTH.fullmatch(text)
    if not found or text.startswith("0000"):
        raise WindowError(f"{text!r} is not a month; write one as 2026-11")
    year, number = int(found["year"]), int(found["month"])
    if (year, number) == (9999, 12):
        raise WindowError(f"{text!r} has no month after it")
    first = datetime(year, number, 1, tzinfo=zone)
    following = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=zone)
    return Window(_ms(first), _ms(following), zone)


def between(begin: str, end: str, zone: tzinfo) -> Window:
    """From one instant up to another, each a date or a time such as `2026-11-03T08:00`, by the
    clocks of the site unless it names its offset. Raises WindowError."""
    window = Window(_ms(_instant(begin, zone)), _ms(_instant(end, zone)), zone)
    if window.length_ms <= 0:
        raise WindowError(f"{end!r} is not after {begin!r}")
    return window


def month_of(at_ms: int, zone: tzinfo) -> str:
    """The month that an instant lies in, as `2026-11`."""
    return f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m}"


def text_of(at_ms: int, zone: tzinfo) -> str:
    """An instant as `between` takes it."""
    return datetime.fromtimestamp(at_ms / 1000, zone).isoformat(timespec="milliseconds")


def until(window: Window, now_ms: int) -> Window:
    """What of a window has passed: of one still under way no more than up to this second."""
    second_ms = now_ms - now_ms % 1000
    return Window(window.from_ms, second_ms, window.zone) if window.holds(now_ms) else window


def _instant(text: str, zone: tzinfo) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a date or a time; write 2026-11-03 or 2026-11-03T08:00"
        raise WindowError(message) from None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _ms(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)
