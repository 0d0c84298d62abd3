# SPDX-License-Identifier: GPL-3.0-or-later
"""Does each row of a journal fit into its chain of digests? Reads only."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from relais.shell import chain, database
from relais.shell.chain import EVENTS, KINDS, PERIODS, Kind

_FINGERPRINT = re.compile(r"(\d{1,18})-([0-9a-fA-F]{64})")


class JournalError(RuntimeError):
    """A journal is not there or cannot be read; `code` is for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends, and what was looked at: `n` and `hash` (hexadecimal) are its newest
    link's, `dropped` rows were before its first one, `rows` are there, `pending` are not in it yet.
    """

    kind: str
    n: int
    hash: str
    dropped: int
    rows: int
    pending: int


@dataclass(frozen=True, slots=True)
class Misfit:
    """The first row of a kind that does not fit: its place in the chain if it has one, its key, and
    what is wrong in words."""

    kind: str
    n: int | None
    key: str
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The heads of all chains, and what does not fit; nothing in a journal as it was written."""

    heads: tuple[Head, ...]
    problems: tuple[Misfit, ...]


def verify(path: Path, known: Mapping[str, tuple[int, str]] | None = None) -> Verdict:
    """Look at every row. `known` are heads (number, digest) noted outside earlier, by kind, which
    must still be in their chains. Raises JournalError."""
    heads, problems = [], []
    try:
        with closing(read_only(path)) as opened:
            opened.execute("BEGIN")  # One picture, while the daemon goes on writing.
            for kind in KINDS:
                head, misfit = _chain(opened, kind)
                misfit = misfit or _foreign(opened, kind)
                if misfit is None and known is not None and kind.name in known:
                    misfit = _unknown(opened, kind, *known[kind.name])
                heads.append(head)
                problems += [] if misfit is None else [misfit]
    except (sqlite3.Error, ValueError) as error:
        raise JournalError("bad_input", f"{path}: {error}") from error
    return Verdict(tuple(heads), tuple(problems))


def read_only(path: Path) -> sqlite3.Connection:
    """A journal opened for reading. Raises JournalError when there is none, sqlite3.Error."""
    if not path.exists():
        raise JournalError("no_journal", f"{path}: there is no journal here")
    where = f"{path.absolute().as_uri()}?mode=ro"
    opened = sqlite3.connect(where, uri=True, timeout=2.0)
    names = {row[0] for row in opened.execute("SELECT name FROM sqlite_schema")}
    missing = {"events", "rolls", "periods", "chain", "chain_starts"} - names
    if missing:
        told = f"{path}: lacks {', '.join(sorted(missing))}; a relais without history wrote it"
        opened.close()
        raise JournalError("bad_input", told)
    return opened


def _chain(opened: sqlite3.Connection, kind: Kind) -> tuple[Head, Misfit | None]:
    """Follow a chain from its start."""
    start = chain.start(opened, kind)
    n, last, rows = start.n, start.hash, 0
    misfit = None
    query = "SELECT n, key, hash FROM chain WHERE kind = ? ORDER BY n"
    for number, key, own in opened.execute(query, (kind.name,)):
        wrong = None
        row = kind.row(opened, key)
        if number != n + 1:
            wrong = f"links {n + 1} to {number - 1} of the chain are missing"
        elif row is not None:
            rows += 1
            if chain.digest(last, kind, row) != own:
                wrong = "is not what was written, or what was before it is not"
        elif kind.age(key) >= start.dropped_before:
            wrong = "has been removed"
        if wrong is not None and misfit is None:
            misfit = Misfit(kind.name, number, key, wrong)
        n, last = number, own
    pending = len(_pending(opened, kind))
    return Head(kind.name, n, last.hex(), start.n, rows, pending), misfit


def _pending(opened: sqlite3.Connection, kind: Kind) -> list[chain.Values]:
    """Rows in no chain that may be so: periods that go on, events of this very moment."""
    left = chain.unsealed(opened, kind)
    if kind is EVENTS:
        newest = chain.head(opened, kind)[2]
        return [row for row in left if newest is None or row[0] > kind.age(newest)]  # type: ignore[operator]
    if kind is PERIODS:
        query = "SELECT subject, name, max(began_ms) FROM periods GROUP BY subject, name"
        growing = set(opened.execute(query))
        return [row for row in left if row[:3] in growing]
    return []


def _foreign(opened: sqlite3.Connection, kind: Kind) -> Misfit | None:
    """A row that was put in beside the chain."""
    pending = set(_pending(opened, kind))
    for row in chain.unsealed(opened, kind):
        if row not in pending:
            return Misfit(kind.name, None, kind.key_of(row), "is in no chain: it was put in")
    return None


def _unknown(opened: sqlite3.Connection, kind: Kind, n: int, told: str) -> Misfit | None:
    """What was known outside must still be so."""
    start = chain.start(opened, kind)
    if n < start.n:
        return None  # Dropped for its age since.
    query = "SELECT hash FROM chain WHERE kind = ? AND n = ?"
    found = opened.execute(query, (kind.name, n)).fetchone()
    own = start.hash if n == start.n else found and found[0]
    if own is not None and own.hex() == told:
        return None
    wrong = "has been rewritten" if own is not None else "does not reach it any more"
    return Misfit(kind.name, n, "", f"its digest was {told}: the chain {wrong}")


def fingerprint(path: Path) -> str | None:
    """The newest link of the chain of events as one word, `NUMBER-DIGEST`, to be told outside of
    the machine; None without such a link. Nothing is verified. Raises sqlite3.Error."""
    return database.ask(path, _newest)


def _newest(opened: sqlite3.Connection) -> str | None:
    if not opened.execute("SELECT 1 FROM sqlite_schema WHERE name = 'chain'").fetchone():
        return None  # A relais without history wrote it.
    n, last, _unused = chain.head(opened, EVENTS)
    return f"{n}-{last.hex()}" if n else None


def read_fingerprint(word: str) -> dict[str, tuple[int, str]]:
    """A fingerprint as what is `known` of the chain of events. Raises JournalError."""
    found = _FINGERPRINT.fullmatch(word.strip())
    if found is None:
        told = "must be the number of a link, a hyphen and the 64 digits of its digest"
        raise JournalError("bad_input", f"{word!r} is no fingerprint: it {told}")
    return {EVENTS.name: (int(found[1]), found[2].lower())}
