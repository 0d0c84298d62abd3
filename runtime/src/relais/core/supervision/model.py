# SPDX-License-Identifier: GPL-3.0-or-later
"""What monitoring is told from: the last state document, and whether it is of now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Incident:
    """One that has not ended. Its class is `unknown` where the journal may not be read; `wan` is
    empty when the whole site is concerned."""

    id: str
    kind: str
    wan: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest `relais.state/1` document, None when there is none.

    `silent` is None while relaisd keeps it up to date, else what is wrong, in words.
    """

    state: Document | None
    silent: str | None
    incidents: tuple[Incident, ...] = ()

    @property
    def now(self) -> Document | None:
        """The state, unless it is an old one."""
        return self.state if self.silent is None else None


def instant_s(text: str) -> float:
    """RFC 3339 text as Unix time in seconds. Raises ValueError."""
    return datetime.fromisoformat(text).timestamp()


def usable(wan: Document) -> bool:
    """New flows may take the link: it is `up`, or `suspect` and not found guilty yet."""
    return wan.get("state") in ("up", "suspect")
