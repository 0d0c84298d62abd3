# SPDX-License-Identifier: GPL-3.0-or-later
"""Who rings when a number is called."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any


class Oracle:
    """Answers from entity lists as the API serves them, at a moment."""

    def __init__(self, entities: Mapping[str, Any], now: datetime) -> None:
        self._entities = entities
        self._now = now
