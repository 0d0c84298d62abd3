# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolls and periods out of a journal, for figures: as many of the short rolls as are needed."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from relais.core.history.model import STEPS_S, Condition, Period, Roll, Subject
from relais.core.sla.facts import History
from relais.core.sla.samples import pick
from relais.core.sla.stretches import Stretch, stretches
from relais.core.sla.window import Window
from relais.shell.database import BUSY_S

JOURNAL = Path("/var/lib/relais/journal.db")
_AROUND_MS = 62 * 86_400_000
"""How far beyond the window periods are read, so that an outage at its edge is read whole."""
_SECOND, _MINUTE, _HOUR = STEPS_S
_PERIODS = (
    "SELECT subject, name, condition, wan, state, excused, began_ms, ended_ms FROM periods "
    "WHERE ended_ms > ? AND began_ms < ? ORDER BY began_ms"
)
_ROLLS = (
    "SELECT wan, step_s, at_s, observed_ms, sent, lost, rtt_sum_us, rtt_least_us, rtt_buckets, "
    "rx_bytes, tx_bytes FROM rolls WHERE step_s = ? AND at_s >= ? AND at_s < ? AND wan = ?"
)


class HistoryError(Exception):
    """A journal cannot be read; the message names the file and what is wrong with it."""


def read_history(path: Path, window: Window) -> History:
    """What a journal holds of a window. Raises HistoryError."""
    if not path.is_file():
        raise HistoryError(f"{path}: there is no journal here; give one with --journal FILE")
    try:
        with _open(path) as opened:
            return _read(opened, window)
    except (sqlite3.Error, ValueError, TypeError, AttributeError) as error:
        raise HistoryError(f"{path}: {error}") from error


@contextlib.contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads, also from a disk on which nothing can be written: a reader of
    a write-ahead log has to write too; the file alone lacks the newest rows only."""
    where = f"{path.absolute().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(where, uri=True, timeout=BUSY_S)) as opened:
        try:
            opened.execute("SELECT 1 FROM sqlite_schema").fetchone()
        except sqlite3.OperationalError:
            alone = f"{where}&immutable=1"
            with contextlib.closing(sqlite3.connect(alone, uri=True)) as frozen:
                yield frozen
        else:
            yield opened


def _read(opened: sqlite3.Connection, window: Window) -> History:
    around = (window.from_ms - _AROUND_MS, window.to_ms + _AROUND_MS)
    periods = [_period(row) for row in opened.execute(_PERIODS, around)]
    rolls: list[Roll] = []
    links = {one.name for one in periods if one.subject is Subject.WAN}
    for wan in sorted(links):
        own = (one for one in periods if one.subject is Subject.WAN and one.name == wan)
        rolls += _rolls(opened, wan, window, stretches(own))
    return History(tuple(periods), tuple(rolls))


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


def _missing(rolls: Sequence[Roll], step_s: int, first: int, end: int) -> list[int]:
    there = {roll.at_s for roll in rolls}
    return [at_s for at_s in range(first, end, step_s) if at_s not in there]


def _between(opened: sqlite3.Connection, wan: str, step_s: int, first: int, end: int) -> list[Roll]:
    return [_roll(row) for row in opened.execute(_ROLLS, (step_s, first, end, wan))]


def _period(row: Sequence[object]) -> Period:
    subject, name, condition, wan, state, excused, began_ms, ended_ms = row
    return Period(
        subject=Subject(str(subject)),
        name=str(name),
        condition=Condition(str(condition)),
        wan=str(wan),
        state=str(state),
        excused=bool(excused),
        began_ms=_whole(began_ms),
        ended_ms=_whole(ended_ms),
    )


def _roll(row: Sequence[object]) -> Roll:
    wan, step_s, at_s, observed_ms, sent, lost, rtt_sum_us, rtt_least_us, buckets, rx, tx = row
    return Roll(
        wan=str(wan),
        step_s=_whole(step_s),
        at_s=_whole(at_s),
        observed_ms=_whole(observed_ms),
        sent=_whole(sent),
        lost=_whole(lost),
        rtt_sum_us=_whole(rtt_sum_us),
        rtt_least_us=None if rtt_least_us is None else _whole(rtt_least_us),
        rtt_buckets={int(number): _whole(n) for number, n in json.loads(str(buckets)).items()},
        rx_bytes=_whole(rx),
        tx_bytes=_whole(tx),
    )


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise ValueError(f"{value!r} stands where a whole number belongs")
    return value
