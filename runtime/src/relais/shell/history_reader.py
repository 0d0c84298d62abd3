# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolls and periods out of a journal, for figures: as many of the short rolls as are needed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from math import inf
from pathlib import Path

from relais.core.history.model import STEPS_S, Roll, Subject
from relais.core.instants import of_unix_ms
from relais.core.sla.facts import History
from relais.core.sla.samples import pick
from relais.core.sla.stretches import Stretch, stretches
from relais.core.sla.throughput import Measurement
from relais.core.sla.window import Window
from relais.shell.database import ask
from relais.shell.history_rows import period_of, rolls

_AROUND_MS = 62 * 86_400_000
"""How far beyond the window periods are read, so that an outage at its edge is read whole."""
_SECOND, _MINUTE, _HOUR = STEPS_S
_PERIODS = (
    "SELECT subject, name, condition, wan, state, excused, began_ms, ended_ms FROM periods "
    "WHERE ended_ms > ? AND began_ms < ? ORDER BY began_ms, subject, name"
)
_THROUGHPUT = (
    "SELECT at, wan, inputs FROM events WHERE kind = 'throughput' AND at >= ? AND at < ? "
    "ORDER BY seq"
)


class HistoryError(Exception):
    """A journal cannot be read; the message names the file and what is wrong with it."""


def read_history(path: Path, window: Window) -> History:
    """What a journal holds of a window. Raises HistoryError."""
    if not path.is_file():
        raise HistoryError(f"{path}: there is no journal here; give one with --journal FILE")
    try:
        return ask(path, lambda opened: _read(opened, window))
    except sqlite3.Error as error:
        raise HistoryError(f"{path}: {error}") from error


def _read(opened: sqlite3.Connection, window: Window) -> History:
    around = (window.from_ms - _AROUND_MS, window.to_ms + _AROUND_MS)
    periods = tuple(period_of(row) for row in opened.execute(_PERIODS, around))
    found: list[Roll] = []
    links = {one.name for one in periods if one.subject is Subject.WAN}
    for wan in sorted(links):
        own = (one for one in periods if one.subject is Subject.WAN and one.name == wan)
        found += _rolls(opened, wan, window, stretches(own))
    for period in periods:
        _check("periods", period.began_ms, period.ended_ms)
    for roll in found:
        sums = (roll.observed_ms, roll.sent, roll.lost, roll.rtt_sum_us, roll.rtt_least_us or 0)
        _check("rolls", *sums, *roll.rtt_buckets.values())
    return History(periods, tuple(found), tuple(_measurements(opened, window)))


def _measurements(opened: sqlite3.Connection, window: Window) -> Iterator[Measurement]:
    instants = (of_unix_ms(window.from_ms), of_unix_ms(window.to_ms))
    for at, wan, text in opened.execute(_THROUGHPUT, instants):
        try:
            at_ms = round(datetime.fromisoformat(at).timestamp() * 1000)
            told = json.loads(text)
            carried, sold = (
                (_mbit(told[f"{kind}down_mbit"]), _mbit(told[f"{kind}up_mbit"]))
                for kind in ("", "sold_")
            )
        except (KeyError, TypeError, ValueError) as error:
            raise sqlite3.DataError(f"events: a measurement of {at} is damaged: {error}") from error
        yield Measurement(wan, at_ms, carried, sold)


def _mbit(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < inf:
        raise ValueError(f"{value!r} is no rate")
    return float(value)


def _check(table: str, *values: object) -> None:
    """SQLite takes a text where a number belongs."""
    for value in values:
        if not isinstance(value, int):
            raise sqlite3.DataError(f"{table}: {value!r} stands where a whole number belongs")


def _rolls(
    opened: sqlite3.Connection, wan: str, window: Window, link: Sequence[Stretch]
) -> list[Roll]:
    """The hours of a link, and minutes and seconds of those that no hour can stand for."""
    first, end = window.from_ms // 1000, -(-window.to_ms // 1000)
    found = pick(_between(opened, wan, _HOUR, first, end), window, link)
    for hour in _missing(found, _HOUR, first - first % _HOUR, end):
        minutes = pick(_between(opened, wan, _MINUTE, hour, hour + _HOUR), window, link)
        found += minutes
        missing = _missing(minutes, _MINUTE, hour, hour + _HOUR)
        if missing:
            found += _between(opened, wan, _SECOND, missing[0], missing[-1] + _MINUTE)
    return found


def _missing(there: Sequence[Roll], step_s: int, first: int, end: int) -> list[int]:
    taken = {roll.at_s for roll in there}
    return [at_s for at_s in range(first, end, step_s) if at_s not in taken]


def _between(opened: sqlite3.Connection, wan: str, step_s: int, first: int, end: int) -> list[Roll]:
    which = "step_s = ? AND at_s >= ? AND at_s < ? AND wan = ?"
    return list(rolls(opened, which, (step_s, first, end, wan)))
