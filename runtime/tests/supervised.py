# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway as monitoring sees it: the state file of the real core on pretend links."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from relais.core.config import parse_config
from relais.core.instants import rfc3339
from relais.core.report import state_document
from world import World, document

INCIDENT = "20261128T200500Z-fibre"


def _config() -> Any:
    raw = document()
    raw["wans"][1] |= {"monthly_quota_gb": 50, "probe_budget_mb": 45}
    raw["services"].insert(
        1,
        {
            "id": 2,
            "name": "web",
            "mode": "balance",
            "members": [{"wan": "fibre", "weight": 80}, {"wan": "lte", "weight": 20}],
        },
    )
    return parse_config(raw)


@dataclass
class Gateway:
    """Its state file is `file`, its journal `journal`; both are written when asked for."""

    folder: Path
    world: World = field(default_factory=lambda: World(_config()))
    more: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.file, self.journal = self.folder / "state.json", self.folder / "journal.db"
        self.world.start().run(30)
        self.world.month("lte", 4.213)
        self.write()

    def state(self, age_s: float = 0) -> dict[str, Any]:
        """The document as relaisd would leave it `age_s` seconds ago."""
        now = datetime.now(UTC) - timedelta(seconds=age_s)

        def wall(mono_ms: float) -> str:
            return rfc3339(now + timedelta(milliseconds=mono_ms - self.world.now_ms))

        told: dict[str, Any] = state_document(self.world.state, wall)
        for service in told["services"].values():
            service.update(event=None, since=wall(1000.0))
        started = {"version": "0.1.0", "started_at": wall(1000.0), "last_event": 42}
        rest = {"degraded": [], "repairs": {"last_hour": 0, "fought_over": []}, "incidents": []}
        return told | started | rest | self.more

    def write(self, age_s: float = 0) -> None:
        """Leave the state for others to read."""
        self.file.write_text(json.dumps(self.state(age_s)), encoding="utf-8")
        self.file.chmod(0o644)

    def cut(self, *wans: str) -> None:
        """Silence links until they are found down."""
        self.world.dark |= set(wans)
        self.world.run(10)
        self.write()

    def mend(self) -> None:
        """Let every link answer again until it is trusted and services have gone back."""
        self.world.dark.clear()
        self.world.run(600)
        self.write()

    def incident(self) -> None:
        """Let the journal hold an incident that has not ended, and the state name it."""
        with closing(sqlite3.connect(self.journal)) as opened:
            opened.execute(
                "CREATE TABLE incidents (id TEXT PRIMARY KEY, began_at TEXT, ended_at TEXT,"
                " class TEXT, wan TEXT, document TEXT)"
            )
            row = (INCIDENT, "2026-11-28T20:05:00.120Z", None, "access", "fibre", "{}")
            opened.execute("INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?)", row)
            opened.commit()
        self.more = {"incidents": [INCIDENT]}
        self.write()

    @property
    def options(self) -> list[str]:
        """What has commands read these files."""
        return ["--state", str(self.file), "--journal", str(self.journal)]
