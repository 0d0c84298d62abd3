# SPDX-License-Identifier: GPL-3.0-or-later
"""The book of incidents: what is open, and what is known of links and services meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

SITE = "site"
"""The name in the identifier of an incident of the whole site."""


class Class(StrEnum):
    """What kind of incident it is; docs/reference/incident.md says how each is told."""

    PLANNED = "planned"
    DRILL = "drill"
    QUALITY = "quality"
    MICRO_OUTAGE = "micro_outage"
    UPSTREAM = "upstream"
    ACCESS = "access"
    LOCAL = "local"
    TOTAL = "total"


class Impact(StrEnum):
    """What a service had of it, from the least to the most."""

    UNTOUCHED = "untouched"
    INTERRUPTED = "interrupted"
    MOVED = "moved"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Entry:
    """An event on an incident's timeline."""

    at: str
    id: str
    kind: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Affected:
    """A service in an incident. `outage_ms` is that of the stretches that are over."""

    importance: str
    origin: tuple[str, ...]
    to: tuple[str, ...]
    impact: Impact = Impact.UNTOUCHED
    outage_ms: int = 0
    dark_since: str | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """Where a line is cut, and why it is thought so."""

    where: str
    why: str


@dataclass(frozen=True)
class Incident:
    """One incident; `wan` is None for the whole site."""

    id: str
    wan: str | None
    kind: Class
    wans: tuple[str, ...]
    began_at: str
    detected_at: str
    services: Mapping[str, Affected]
    switched_at: str | None = None
    recovered_at: str | None = None
    failed_back_at: str | None = None
    ended_at: str | None = None
    dark_ms: int = 0
    dark_since: str | None = None
    segment: Segment | None = None
    spent_bytes: Mapping[str, int] = field(default_factory=dict)
    meters: Mapping[str, int] = field(default_factory=dict)
    drill: tuple[str, ...] | None = None
    operator: str | None = None
    technology: str | None = None
    timeline: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link as the events tell of it. `excused`: its darkness or bad quality is that of a drill;
    `suspicion` was told and may prove to be the beginning of something."""

    state: str = "unknown"
    admin: str = "auto"
    quality: str = "good"
    limits: frozenset[str] = frozenset()
    dark_since: str | None = None
    excused: bool = False
    segment: Segment | None = None
    metered: bool = False
    operator: str | None = None
    technology: str | None = None
    suspicion: Entry | None = None

    @property
    def announced(self) -> bool:
        """Somebody has said that it would be dark."""
        return self.excused or self.admin == "drain"

    @property
    def answers(self) -> bool:
        """It answers."""
        return self.dark_since is None and self.state in ("up", "recovering")

    @property
    def well(self) -> bool:
        """It answers, well enough for every service, and nobody keeps it from them."""
        good = self.quality in ("good", "saturated") and not self.limits
        return self.answers and good and self.admin == "auto"


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A service as the events tell of it. `pending` is what it will use once the kernel steers so;
    `switched_at` is when it came to what it uses."""

    importance: str = "normal"
    mode: str = "ordered"
    members: tuple[str, ...] = ()
    wans: tuple[str, ...] = ()
    pending: tuple[str, ...] | None = None
    dark_since: str | None = None
    switched_at: str = ""


@dataclass(frozen=True)
class Book:
    """All that the fold knows between two events. `open` goes by the WAN's name, None for the site;
    `changed` are the incidents that the newest event began, changed or ended. `ids` are the last
    identifiers. `whole`: a start has told every link, which a journal lacks that was begun anew or
    has lost its oldest events."""

    site: str = ""
    gateway: str = ""
    timezone: str = "UTC"
    whole: bool = False
    links: Mapping[str, LinkView] = field(default_factory=dict)
    services: Mapping[str, ServiceView] = field(default_factory=dict)
    open: Mapping[str | None, Incident] = field(default_factory=dict)
    ids: Mapping[str | None, str] = field(default_factory=dict)
    changed: tuple[Incident, ...] = ()
