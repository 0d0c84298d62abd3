# SPDX-License-Identifier: GPL-3.0-or-later
"""An SQLite file that may be damaged, or lie on a disk that is full or cannot be written.

Result codes: https://sqlite.org/rescode.html
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from relais.shell.clock import wall_now

T = TypeVar("T")
BUSY_S = 2.0
_PRIMARY = 0xFF
_COMPANIONS = ("-wal", "-shm")
_ASIDE = ".damaged-"


@contextlib.contextmanager
def transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection whose changes are kept together at the end. Raises sqlite3.Error."""
    with contextlib.closing(sqlite3.connect(path, timeout=BUSY_S)) as opened:
        yield opened
        opened.commit()  # What an exception leaves undone goes with the connection.


def read(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query, also from a disk on which nothing can be written. Raises sqlite3.Error."""
    return ask(path, lambda opened: opened.execute(sql).fetchall())


def ask(path: Path, question: Callable[[sqlite3.Connection], T]) -> T:
    """The answer to a question that only reads, likewise."""
    try:
        with transaction(path) as opened:
            return question(opened)
    except sqlite3.OperationalError:
        # A reader of a write-ahead log has to write too; the file alone lacks the newest rows only.
        where = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(where, uri=True)) as opened:
            return question(opened)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is to blame: its content is no database, or no sound one."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def sound(path: Path) -> bool:
    """Whether every page is as it should be: 0.1 s for a full journal of 84 MB."""
    try:
        return read(path, "PRAGMA quick_check(1)") == [("ok",)]
    except sqlite3.Error as error:
        return not is_damage(error)


def salvage(path: Path, *tables: str) -> list[tuple[str, tuple[object, ...]]]:
    """Statements that insert again what can be read of some small tables."""
    saved: list[tuple[str, tuple[object, ...]]] = []
    for table in tables:
        try:
            rows = read(path, f"SELECT * FROM {table}")  # noqa: S608 - no input
        except sqlite3.Error:
            continue
        for row in rows:
            marks = ", ".join("?" * len(row))
            saved.append((f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row))  # noqa: S608
    return saved


def put_aside(path: Path) -> Path:
    """Rename a damaged file, and remove the one set aside before. Raises OSError."""
    stamp = f"{wall_now():%Y%m%dT%H%M%SZ}"
    aside = path.with_name(f"{path.name}{_ASIDE}{stamp}")
    for older in path.parent.glob(f"{path.name}{_ASIDE}*"):
        older.unlink()
    path.rename(aside)
    for companion in _COMPANIONS:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + companion).rename(aside.with_name(aside.name + companion))
    return aside


def set_aside(path: Path) -> Path | None:
    """The newest file that was put aside and is still there."""
    found = sorted(path.parent.glob(f"{path.name}{_ASIDE}*Z"))
    return found[-1] if found else None
