# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway whose history is written to a disk: one run of the daemon after another."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from relais.core.actions import Action
from relais.core.config import parse_config
from relais.core.events import Event
from relais.core.state import State
from relais.shell import history, ledger
from relais.shell.history import History
from relais.shell.journal import Journal
from world import World, document

BEGIN_MS = 1_790_000_040_000.0
"""The first instant in Unix time: a whole minute, one of an hour with 20 minutes left."""


class Gateway:
    """Time is that of a scripted world; the wall clock can be set."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = parse_config(document())
        self.offset_ms = BEGIN_MS - 1000
        self.now_ms = 1000.0
        self.sequence = 0

    def boot(self) -> Gateway:
        """A daemon starts."""
        self.journal = Journal(self.path, ledger.SCHEMA, history.SCHEMA)
        self.journal.start()
        self.history = History(self.config, self.journal, lambda: self.offset_ms)
        self.history.start()
        self.world = World(self.config, now_ms=self.now_ms, listener=self._step)
        self.world.start()
        return self

    def _step(
        self, before: State, event: Event, after: State, _actions: tuple[Action, ...]
    ) -> None:
        self.history.took(before, event, after)

    def run(self, seconds: float) -> Gateway:
        """Time passes; the daemon looks at its files each five seconds."""
        until_ms = self.world.now_ms + seconds * 1000
        while self.world.now_ms < until_ms:
            self.world.run(min(5.0, (until_ms - self.world.now_ms) / 1000))
            self.history.look(self.world.state)
        return self

    def note(self, what: str) -> None:
        """Something happens."""
        self.sequence += 1
        self.journal.append(
            {
                "seq": self.sequence,
                "id": f"20260921T140000Z-{self.sequence:04d}",
                "at": "2026-09-21T14:00:00.000Z",
                "kind": "link",
                "wan": "fibre",
                "service": None,
                "what": what,
                "why": "a test",
                "inputs": {},
            }
        )

    def stop(self, off_s: float = 0.0) -> Gateway:
        """The daemon stops; nobody watches for some time."""
        self.history.stop(self.world.state)
        self.crash(off_s)
        return self

    def crash(self, off_s: float = 0.0) -> Gateway:
        """The power fails once all that was handed over is written."""
        self.journal.stop()
        self.now_ms = self.world.now_ms + off_s * 1000
        return self

    def now(self) -> int:
        """The wall clock."""
        return int(self.world.now_ms + self.offset_ms)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the disk says."""
        with closing(sqlite3.connect(self.path)) as opened:
            return opened.execute(query, values).fetchall()

    def spoil(self, *statements: str) -> None:
        """Somebody with access changes something."""
        with closing(sqlite3.connect(self.path)) as opened:
            for statement in statements:
                assert opened.execute(statement).rowcount
            opened.commit()

    def overlaps(self) -> list[tuple[Any, ...]]:
        """Periods of one subject that share an instant."""
        return self.rows(
            "SELECT * FROM periods a JOIN periods b ON a.subject = b.subject AND a.name = b.name "
            "AND a.began_ms < b.began_ms AND a.ended_ms > b.began_ms"
        )
