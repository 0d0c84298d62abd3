# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill is asked to do and what its client saw. Times are `CLOCK_MONOTONIC` in ms."""

from __future__ import annotations

from dataclasses import dataclass

TOTAL = "total"
EVERY_WAN = "all"
KINDS = ("silent", "carrier", TOTAL)
MIN_SECONDS = 5
MAX_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Request:
    """One drill as asked for. `budget_ms` is None when neither caller nor config gives one."""

    wan: str
    kind: str
    seconds: int
    budget_ms: int | None
    services: tuple[str, ...]
    windows: tuple[str, ...] = ()
    metered: frozenset[str] = frozenset()

    @property
    def total(self) -> bool:
        """Whether every WAN is cut at once."""
        return self.kind == TOTAL


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request of the client: when it left, and when its answer came (None: it failed)."""

    sent_ms: float
    answered_ms: float | None = None
    source_port: int = 0

    @property
    def ok(self) -> bool:
        """Whether an answer came."""
        return self.answered_ms is not None


@dataclass(frozen=True, slots=True)
class ServiceRun:
    """All that the client saw of one service.

    `fresh`: a request from a new port each time. `fixed`: the one flow opened before the fault;
    `told_ms`: when its application got a reset or an error. WANs are names or None (not seen).
    """

    name: str
    budget_ms: int
    before: str | None = None
    during: str | None = None
    after: str | None = None
    fresh: tuple[Attempt, ...] = ()
    fixed: tuple[Attempt, ...] = ()
    told_ms: float | None = None


@dataclass(frozen=True, slots=True)
class LocalRun:
    """A host of the site's own that was asked all the time: no line may matter to it."""

    address: str
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """One TCP connection kept open: when it opened, each time it was answered, when it was told."""

    opened_ms: float
    heard_ms: tuple[float, ...] = ()
    told_ms: float | None = None


@dataclass(frozen=True, slots=True)
class SipRun:
    """What the drill's telephone saw. `register`, `options` and `dialog` are its requests, an
    attempt that was refused among those without an answer; `spoken_ms` and `heard_ms` are packets
    of voice, `hung_up_ms` when the other end ended the call.
    """

    registrar: str
    call: str | None
    register: tuple[Attempt, ...] = ()
    options: tuple[Attempt, ...] = ()
    dialog: tuple[Attempt, ...] = ()
    spoken_ms: tuple[float, ...] = ()
    heard_ms: tuple[float, ...] = ()
    hung_up_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A point of the timeline. `source` is `drill` (done or felt by it) or `daemon`; `kind` is the
    daemon's own (link, choice, switch, evict, ...) or `drill`."""

    at_ms: float
    what: str
    why: str | None = None
    source: str = "drill"
    kind: str = "drill"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert of the drill that somebody took: `target` shows no more than scheme and host."""

    target: str
    after_ms: float


@dataclass(frozen=True, slots=True)
class Run:
    """A finished drill, ready to be judged.

    `injected_ms`..`cleared_ms` is the fault, `ended_ms` the last sample; `confirmed_ms` is when the
    daemon called the WAN down, `back_ms` when the daemon had every service back where it was.
    """

    id: str
    version: str
    site: str
    gateway: str
    timezone: str
    started_at: str
    injected_at: str
    kind: str
    wan: str
    seconds: int
    injected_ms: float
    cleared_ms: float
    ended_ms: float
    services: tuple[ServiceRun, ...]
    confirmed_ms: float | None = None
    back_ms: float | None = None
    sessions: tuple[Session, ...] = ()
    late_sessions: tuple[Session, ...] = ()
    events: tuple[Event, ...] = ()
    aborted: str | None = None
    notes: tuple[str, ...] = ()
    sip: SipRun | None = None
    local: tuple[LocalRun, ...] = ()
    alerts: tuple[Alert, ...] = ()

    @property
    def total(self) -> bool:
        """Whether every WAN was cut at once."""
        return self.kind == TOTAL

    def has(self, moment_ms: float) -> bool:
        """Whether the fault was in at that moment."""
        return self.injected_ms <= moment_ms < self.cleared_ms
