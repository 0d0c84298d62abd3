# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated run as a journal: the same tables, with the clock of a given first day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Protocol

from relais.core.actions import Action, Record
from relais.core.history.keep import Kept
from relais.core.instants import rfc3339
from relais.core.model import Config
from relais.shell import database, history, ledger
from relais.shell.history_rows import Batch
from relais.shell.journal import insertion, whole_schema
from relais.shell.ledger import zone


class Decided(Protocol):
    """An action of the core, and when: ms since the run began."""

    @property
    def at_ms(self) -> float:
        """When it was decided."""

    @property
    def action(self) -> Action:
        """What was decided."""


class SimulatedJournal:
    """A new file, written day by day. Raises sqlite3.Error, as does `take`."""

    def __init__(self, path: Path, config: Config, begin: date) -> None:
        midnight = datetime.combine(begin, time(), tzinfo=zone(config.timezone))
        self.begin_ms = int(midnight.timestamp()) * 1000
        self._path = path
        self._sequence = 0
        with database.transaction(path) as opened:
            opened.executescript(whole_schema(ledger.SCHEMA, history.SCHEMA))

    def take(self, kept: Kept, decisions: Iterable[Decided]) -> None:
        """A day's history and decisions, in one transaction."""
        events = [
            self._event(one.at_ms, one.action)
            for one in decisions
            if isinstance(one.action, Record)
        ]
        now_s = kept.rolls[-1].at_s + kept.rolls[-1].step_s if kept.rolls else kept.told_s
        batch = Batch(kept.rolls, kept.periods, (), now_s, now_s, thorough=True)
        with database.transaction(self._path) as opened:
            for first in range(0, len(events), _AT_ONCE):
                insertion(events[first : first + _AT_ONCE])(opened)
            batch.store(opened)

    def _event(self, decided_ms: float, record: Record) -> Mapping[str, object]:
        """A record as the daemon writes it."""
        self._sequence += 1
        mono_ms = decided_ms if record.at_ms is None else record.at_ms
        at = datetime.fromtimestamp((self.begin_ms + mono_ms) / 1000, UTC)
        return {
            "seq": self._sequence,
            "id": f"{at:%Y%m%dT%H%M%SZ}-{self._sequence:04d}",
            "at": rfc3339(at),
            "kind": record.kind,
            "wan": record.wan,
            "service": record.service,
            "what": record.what,
            "why": record.why,
            "inputs": dict(record.inputs),
        }


_AT_ONCE = 500
"""Events in one insertion; a journal seals no more than a thousand at once."""
