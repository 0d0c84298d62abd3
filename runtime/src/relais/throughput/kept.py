# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements as the journal has them: events of the kind `throughput`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from relais.shell import database

KIND = "throughput"
_ALL = "SELECT id, at, wan, inputs FROM events WHERE kind = 'throughput' ORDER BY seq"


def measurements(path: Path) -> list[dict[str, Any]]:
    """The oldest first. Raises sqlite3.Error, and FileNotFoundError without a journal."""
    if not path.exists():
        raise FileNotFoundError("there is no journal")
    rows = database.read(path, _ALL)
    return [{"id": row[0], "at": row[1], "wan": row[2], **json.loads(row[3])} for row in rows]
