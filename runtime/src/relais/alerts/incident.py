# SPDX-License-Identifier: GPL-3.0-or-later
"""What alerts read of `relais.incident/1`. Pure; a part that is missing is told as unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from relais.alerts.settings import Class, Importance


@dataclass(frozen=True, slots=True)
class Touched:
    """A service that the incident touches. `impact`: moved, interrupted, dark or untouched;
    `dark`: it does not work now."""

    name: str
    importance: Importance
    impact: str
    outage_ms: int | None
    to: str | None
    dark: bool


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as far as it is known now."""

    id: str
    kind: Class
    importance: Importance
    wans: tuple[str, ...]
    began_at: datetime
    detected_at: datetime
    switched: bool
    ended_at: datetime | None
    operator: str | None = None
    services: tuple[Touched, ...] = ()
    spent_bytes: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_site(self) -> bool:
        """Whether it is that of the whole site, of which those of its links are parts."""
        return self.id.endswith("-site")

    @property
    def fault(self) -> str:
        """What is at fault, the same each time that it is; a drill's is none of the site's."""
        what = self.id.partition("-")[2] or "+".join(self.wans)
        return f"drill:{what}" if self.kind is Class.DRILL else what

    @property
    def backups(self) -> tuple[str, ...]:
        """The links that services went to, each once."""
        moved = [one.to for one in self.services if one.impact == "moved" and one.to]
        return tuple(wan for wan in dict.fromkeys(moved) if wan not in self.wans)


def read_incident(document: object) -> Incident | None:
    """An incident of a decoded document; None for what is none or of another kind."""
    if not isinstance(document, Mapping) or document.get("schema") != "relais.incident/1":
        return None
    try:
        return _read(document)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _read(document: Mapping[str, Any]) -> Incident:
    began = _instant(document["began_at"])
    operator = document.get("operator") or {}
    parts = [operator.get("name"), operator.get("technology")]
    return Incident(
        id=str(document["id"]),
        kind=Class(document["class"]),
        importance=Importance(document.get("importance") or "normal"),
        wans=tuple(map(str, document.get("wans") or ())),
        began_at=began,
        detected_at=_instant(document.get("detected_at") or document["began_at"]),
        switched=document.get("switched_at") is not None,
        ended_at=_instant(document["ended_at"]) if document.get("ended_at") else None,
        operator=", ".join(str(part) for part in parts if part) or None,
        services=tuple(_touched(*item) for item in (document.get("services") or {}).items()),
        spent_bytes={k: int(v) for k, v in (document.get("spent_bytes") or {}).items()},
    )


def _touched(name: str, one: Mapping[str, Any]) -> Touched:
    outage = one.get("outage_ms")
    return Touched(
        name=name,
        importance=Importance(one.get("importance") or "normal"),
        impact=str(one.get("impact") or "untouched"),
        outage_ms=None if outage is None else int(outage),
        to=one.get("to"),
        dark=one.get("dark_since") is not None,
    )


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return instant
