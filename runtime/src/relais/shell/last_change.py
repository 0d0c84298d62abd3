# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of the last change of the configuration, as the gateway's rollback left it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RECORD = Path("/var/lib/relais-rollback/last.json")
SCHEMA = "relais.rollback/1"


def last_change(path: Path = RECORD) -> dict[str, Any] | None:
    """The record (`relais.rollback/1`); None when there is none that can be read."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and record.get("schema") == SCHEMA else None
