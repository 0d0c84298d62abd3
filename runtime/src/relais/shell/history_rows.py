# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolls and periods as rows: a batch is stored in one transaction, together with what follows from
it: minutes and hours, digests, and the end of what is too old.

What is there is never overwritten by another time of the same name (a clock that was set back), and
never counted twice.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, replace
from itertools import pairwise
from typing import Any

from relais.core.history.buckets import added
from relais.core.history.model import STEPS_S, Condition, Period, Roll, Subject
from relais.shell import chain

KEEP_S = {1: 2 * 86_400, 60: 60 * 86_400, 3600: 3 * 366 * 86_400}
KEEP_PERIODS_S = 3 * 366 * 86_400
MOST_ROWS = {1: 1_500_000, 60: 750_000, 3600: 250_000}
"""Those of eight links and more; however many links there are, no more rows are kept."""
MOST_PERIODS = 500_000
DROP_S = 86_400
"""So much of the oldest is dropped in one batch at most: a clock that is far ahead for a while
must not cost years."""
_ROLL = (
    "SELECT wan, step_s, at_s, observed_ms, sent, lost, rtt_sum_us, rtt_least_us, rtt_buckets, "
    "rx_bytes, tx_bytes FROM rolls"
)
_PUT_ROLL = (
    "INSERT OR REPLACE INTO rolls (wan, step_s, at_s, observed_ms, sent, lost, rtt_sum_us, "
    "rtt_least_us, rtt_buckets, rx_bytes, tx_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_PERIOD = (
    "SELECT subject, name, condition, wan, state, excused, began_ms, ended_ms FROM periods "
    "WHERE subject = ? AND name = ? ORDER BY began_ms DESC"
)
_PUT_PERIOD = (
    "INSERT OR IGNORE INTO periods (subject, name, condition, wan, state, excused, began_ms, "
    "ended_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_END_PERIOD = "UPDATE periods SET ended_ms = ? WHERE subject = ? AND name = ? AND began_ms = ?"
_SEALED = {60: chain.MINUTES, 3600: chain.HOURS}


@dataclass(frozen=True, slots=True)
class Batch:
    """What is stored at once. `open` are periods that go on; no roll before `told_s` is still to
    come; `now_s` is the wall clock. `thorough`: look for whatever an earlier run left undone, and
    drop what is too old."""

    rolls: tuple[Roll, ...]
    periods: tuple[Period, ...]
    open: tuple[Period, ...]
    told_s: int
    now_s: int
    thorough: bool

    def store(self, opened: sqlite3.Connection) -> None:
        """Write it down; storing it again changes nothing more."""
        for roll in self.rolls:
            _keep(opened, roll)
        self._make_longer(opened)
        for period in self.periods:
            began = _write(opened, period)
            rows = (_period_row(opened, period, one) for one in began)
            chain.seal(opened, chain.PERIODS, [row for row in rows if row is not None])
        for period in self.open:
            _write(opened, period)
        if self.thorough:
            self._seal_left(opened)
            _drop(opened, self.now_s)

    def _make_longer(self, opened: sqlite3.Connection) -> None:
        """Each whole minute from its seconds, each whole hour from its minutes."""
        first_s = min((roll.at_s for roll in self.rolls), default=self.told_s)
        for below, step_s in pairwise(STEPS_S):
            since_s = 0 if self.thorough else first_s - 2 * step_s
            until_s = self.told_s // step_s * step_s
            made = [
                _made(opened, *one) for one in _missing(opened, below, step_s, since_s, until_s)
            ]
            for roll in made:
                opened.execute(_PUT_ROLL, _roll_row(roll))
            kind = _SEALED[step_s]
            keys = (chain.key_text(roll.at_s, roll.wan) for roll in made)
            rows = (kind.row(opened, key) for key in keys)
            chain.seal(opened, kind, [row for row in rows if row is not None])

    def _seal_left(self, opened: sqlite3.Connection) -> None:
        """Periods that a run without an end has left open, and rows from before there were chains.
        The newest of a subject whose period is open may still grow."""
        growing = {(str(period.subject), period.name) for period in self.open}
        query = "SELECT subject, name, max(began_ms) FROM periods GROUP BY subject, name"
        newest = {(s, n): began for s, n, began in opened.execute(query)}
        left = [
            row
            for row in chain.unsealed(opened, chain.PERIODS)
            if row[:2] not in growing or newest[str(row[0]), str(row[1])] != row[2]
        ]
        chain.seal(opened, chain.PERIODS, left)
        for kind in (chain.MINUTES, chain.HOURS):
            chain.seal(opened, kind, chain.unsealed(opened, kind))


def rolls(opened: sqlite3.Connection, which: str, values: tuple[Any, ...]) -> Iterator[Roll]:
    """The rolls that a condition names. Raises sqlite3.DataError for one that is none."""
    for row in opened.execute(f"{_ROLL} WHERE {which} ORDER BY at_s, wan", values):
        try:
            counts = {int(number): int(count) for number, count in json.loads(row[8]).items()}
        except (AttributeError, TypeError, ValueError) as error:
            told = f"roll {row[1]}/{row[2]}/{row[0]}: its buckets are damaged: {error}"
            raise sqlite3.DataError(told) from error
        fields: tuple[Any, ...] = (*row[:8], counts, *row[9:])
        yield Roll(*fields)


def last_period(opened: sqlite3.Connection, subject: Subject, name: str) -> Period | None:
    """The newest period of a link or service."""
    return next(_newest_first(opened, subject, name), None)


def _newest_first(opened: sqlite3.Connection, subject: Subject, name: str) -> Iterator[Period]:
    for row in opened.execute(_PERIOD, (str(subject), name)):
        yield period_of(row)


def period_of(row: tuple[Any, ...]) -> Period:
    """The period of a row in the order of the dataclass. Raises sqlite3.DataError."""
    subject, name, condition, wan, state, excused, began_ms, ended_ms = row
    try:
        kinds = Subject(subject), Condition(condition)
    except ValueError as error:
        raise sqlite3.DataError(f"period {subject}/{name}/{began_ms}: {error}") from error
    return Period(kinds[0], name, kinds[1], wan, state, bool(excused), began_ms, ended_ms)


def total(wan: str, step_s: int, at_s: int, parts: Iterable[Roll]) -> Roll:
    """One roll for several that lie in it."""
    whole = Roll(wan, step_s, at_s)
    for part in parts:
        least = [r.rtt_least_us for r in (whole, part) if r.rtt_least_us is not None]
        whole = replace(
            whole,
            observed_ms=whole.observed_ms + part.observed_ms,
            sent=whole.sent + part.sent,
            lost=whole.lost + part.lost,
            rtt_sum_us=whole.rtt_sum_us + part.rtt_sum_us,
            rtt_least_us=min(least, default=None),
            rtt_buckets=added(whole.rtt_buckets, part.rtt_buckets),
            rx_bytes=whole.rx_bytes + part.rx_bytes,
            tx_bytes=whole.tx_bytes + part.tx_bytes,
        )
    return whole


def _roll_row(roll: Roll) -> tuple[object, ...]:
    row = [getattr(roll, name) for name in Roll.__slots__]
    counts = {str(number): roll.rtt_buckets[number] for number in sorted(roll.rtt_buckets)}
    row[Roll.__slots__.index("rtt_buckets")] = json.dumps(counts, separators=(",", ":"))
    return tuple(row)


def _keep(opened: sqlite3.Connection, roll: Roll) -> None:
    """Store a roll. One that is there already is the rest of it only if both fit into its time, as
    after a restart; else the clock was set back, and the first one stays."""
    longer = next((step for step in STEPS_S if step > roll.step_s), None)
    if longer is not None and _exists(opened, longer, roll.at_s // longer * longer, roll.wan):
        return
    which = "step_s = ? AND at_s = ? AND wan = ?"
    there = next(rolls(opened, which, (roll.step_s, roll.at_s, roll.wan)), None)
    if there is not None:
        if there.observed_ms + roll.observed_ms > roll.step_s * 1000:
            return
        roll = total(roll.wan, roll.step_s, roll.at_s, (there, roll))
    opened.execute(_PUT_ROLL, _roll_row(roll))
    if roll.step_s in _SEALED:
        kind = _SEALED[roll.step_s]
        row = kind.row(opened, chain.key_text(roll.at_s, roll.wan))
        chain.seal(opened, kind, [] if row is None else [row])


def _exists(opened: sqlite3.Connection, step_s: int, at_s: int, wan: str) -> bool:
    query = "SELECT 1 FROM rolls WHERE step_s = ? AND at_s = ? AND wan = ?"
    return opened.execute(query, (step_s, at_s, wan)).fetchone() is not None


def _missing(
    opened: sqlite3.Connection, below: int, step_s: int, since_s: int, until_s: int
) -> list[tuple[str, int, int, int]]:
    """Longer rolls that are due and not there: WAN, length, begin, and the length below."""
    query = (
        "SELECT DISTINCT wan, at_s / ? * ? FROM rolls WHERE step_s = ? AND at_s >= ? AND at_s < ? "
        "ORDER BY 2, 1"
    )
    due = opened.execute(query, (step_s, step_s, below, since_s, until_s)).fetchall()
    return [(wan, step_s, at, below) for wan, at in due if not _exists(opened, step_s, at, wan)]


def _made(opened: sqlite3.Connection, wan: str, step_s: int, at_s: int, below: int) -> Roll:
    which = "step_s = ? AND at_s >= ? AND at_s < ? AND wan = ?"
    parts = rolls(opened, which, (below, at_s, at_s + step_s, wan))
    return total(wan, step_s, at_s, parts)


def _period_row(
    opened: sqlite3.Connection, period: Period, began_ms: int
) -> tuple[object, ...] | None:
    key = chain.key_text(str(period.subject), period.name, began_ms)
    return chain.PERIODS.row(opened, key)


def _write(opened: sqlite3.Connection, period: Period) -> list[int]:
    """Store a period, or as much of it as no other one holds; when the rows that hold it begin."""
    there: list[Period] = []
    for other in _newest_first(opened, period.subject, period.name):
        if other.ended_ms < period.began_ms:
            break
        if other.began_ms < period.ended_ms:
            there.insert(0, other)
    at_ms, own = period.began_ms, None
    written: list[int] = []
    for other in there:
        if other.began_ms > at_ms:
            written.append(_put(opened, period, at_ms, other.began_ms))
        at_ms, own = max(at_ms, other.ended_ms), None
        if _same(opened, period, other):
            written.append(other.began_ms)
            own = other
    if own is not None and own.ended_ms == at_ms != period.ended_ms:
        key = (str(own.subject), own.name, own.began_ms)
        opened.execute(_END_PERIOD, (period.ended_ms, *key))
    elif at_ms < period.ended_ms:
        written.append(_put(opened, period, at_ms, period.ended_ms))
    return written


def _same(opened: sqlite3.Connection, period: Period, other: Period) -> bool:
    """Whether a row is this very period as it was told before, which may still grow or shrink."""
    if replace(other, began_ms=0, ended_ms=0) != replace(period, began_ms=0, ended_ms=0):
        return False
    key = chain.key_text(str(other.subject), other.name, other.began_ms)
    return other.began_ms >= period.began_ms and not chain.sealed(opened, chain.PERIODS, key)


def _put(opened: sqlite3.Connection, period: Period, began_ms: int, ended_ms: int) -> int:
    row = astuple(replace(period, began_ms=began_ms, ended_ms=ended_ms))
    subject, name, condition, *rest = row
    opened.execute(_PUT_PERIOD, (str(subject), name, str(condition), *rest))
    return began_ms


def _drop(opened: sqlite3.Connection, now_s: int) -> None:
    """What is too old, or too much."""
    for step_s, keep_s in KEEP_S.items():
        oldest = "SELECT min(at_s) FROM rolls WHERE step_s = ?"
        (first,) = opened.execute(oldest, (step_s,)).fetchone()
        before = _horizon(first, now_s - keep_s, DROP_S)
        most = (
            "SELECT at_s + 1 FROM rolls WHERE step_s = ? ORDER BY at_s DESC LIMIT 1 OFFSET ?",
            (step_s, MOST_ROWS[step_s]),
        )
        before = max(before, *(row[0] for row in opened.execute(*most)), 0)
        opened.execute("DELETE FROM rolls WHERE step_s = ? AND at_s < ?", (step_s, before))
        if step_s in _SEALED and before:
            chain.dropped(opened, _SEALED[step_s], before)
    (first,) = opened.execute("SELECT min(ended_ms) FROM periods").fetchone()
    before = _horizon(first, (now_s - KEEP_PERIODS_S) * 1000, DROP_S * 1000)
    query = "SELECT ended_ms + 1 FROM periods ORDER BY ended_ms DESC LIMIT 1 OFFSET ?"
    before = max(before, *(row[0] for row in opened.execute(query, (MOST_PERIODS,))), 0)
    opened.execute("DELETE FROM periods WHERE ended_ms < ?", (before,))
    if before:
        chain.dropped(opened, chain.PERIODS, before)


def _horizon(first: int | None, before: int, at_most: int) -> int:
    """Up to where something is dropped; 0 when nothing is that old."""
    return min(before, first + at_most) if first is not None and first < before else 0
