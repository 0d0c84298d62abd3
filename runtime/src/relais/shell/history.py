# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolls and periods in the journal's database, written once a minute by the journal's thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from relais.core.events import Event
from relais.core.history.keep import Keeper, Kept
from relais.core.history.model import Period, Subject
from relais.core.model import Config
from relais.core.state import State
from relais.shell import clock
from relais.shell.history_rows import Batch, last_period
from relais.shell.journal import Journal

SCHEMA = """
CREATE TABLE IF NOT EXISTS rolls (
  step_s INTEGER NOT NULL, at_s INTEGER NOT NULL, wan TEXT NOT NULL,
  observed_ms INTEGER NOT NULL, sent INTEGER NOT NULL, lost INTEGER NOT NULL,
  rtt_sum_us INTEGER NOT NULL, rtt_least_us INTEGER, rtt_buckets TEXT NOT NULL,
  rx_bytes INTEGER NOT NULL, tx_bytes INTEGER NOT NULL,
  PRIMARY KEY (step_s, at_s, wan)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS periods (
  subject TEXT NOT NULL, name TEXT NOT NULL, began_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL,
  condition TEXT NOT NULL, wan TEXT NOT NULL, state TEXT NOT NULL, excused INTEGER NOT NULL,
  PRIMARY KEY (subject, name, began_ms)) WITHOUT ROWID;
"""
"""`rtt_buckets` is a JSON object of bucket number to count, in rising order of the numbers."""
WRITE_EVERY_MS = 60_000.0
THOROUGH_EVERY = 60
"""Batches from one that looks for what is undone or too old to the next."""
SLEWED_MS = 20.0
"""By so much the clocks may differ from what was noted before it is noted anew."""


def offset_now_ms() -> float:
    """Unix time less the monotonic clock."""
    return clock.wall_ms() - clock.monotonic_ms()


class History:
    """Keeps the history of one run of the daemon. `offset` says how the clocks differ."""

    def __init__(
        self, config: Config, journal: Journal, offset: Callable[[], float] = offset_now_ms
    ) -> None:
        self._config = config
        self._journal = journal
        self._offset = offset
        self._offset_ms = offset()
        self._keeper = Keeper(config, self._offset_ms)
        self._written_ms: float | None = None
        self._batches = 0

    def start(self) -> None:
        """Take up what a predecessor has kept; the journal's own error tells when that fails."""
        self._offset_ms = self._offset()
        known = self._journal.ask(self._known) or ()
        self._keeper = Keeper(self._config, self._offset_ms, known)

    def took(self, before: State, event: Event, after: State) -> None:
        """One step of the core."""
        self._keeper.took(before, event, after)

    def look(self, state: State) -> None:
        """Follow the wall clock, and write when a minute has passed."""
        offset_ms = self._offset()
        if abs(offset_ms - self._offset_ms) > SLEWED_MS:
            self._offset_ms = offset_ms
            self._keeper.clock(offset_ms, state)
        if self._written_ms is None:
            self._written_ms = state.now_ms
        if state.now_ms - self._written_ms >= WRITE_EVERY_MS:
            self._written_ms = state.now_ms
            self._write(self._keeper.collect(state), state)

    def stop(self, state: State) -> None:
        """Write down all that is known."""
        self._write(self._keeper.close(state), state)

    def _write(self, kept: Kept, state: State) -> None:
        now_s = int((state.now_ms + self._offset_ms) // 1000)
        thorough = self._batches % THOROUGH_EVERY == 0
        self._batches += 1
        batch = Batch(kept.rolls, kept.periods, kept.open, kept.told_s, now_s, thorough)
        self._journal.change(batch.store)

    def _known(self, opened: sqlite3.Connection) -> tuple[Period, ...]:
        """The last period of each link and service."""
        names = [(Subject.WAN, wan.name) for wan in self._config.wans]
        names += [(Subject.SERVICE, service.name) for service in self._config.services]
        found = (last_period(opened, *name) for name in names)
        return tuple(period for period in found if period is not None)
