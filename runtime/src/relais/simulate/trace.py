# SPDX-License-Identifier: GPL-3.0-or-later
"""Traces: recorded core events as JSON lines, and decisions as JSON lines.

The first line of a trace is its head, `{"schema": "relais.trace/1", "start_ms": ..., "config":
{...}}`; every further line is one event, `{"event": "Tick", "now_ms": ...}`. A recording of a
gateway's daemon also tells the state that it starts from and what was decided (core/recording.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from relais.core.actions import Action, SendProbe
from relais.core.codec import CodecError
from relais.core.config import parse_config
from relais.core.events import Event
from relais.core.fields import ConfigError, Problem
from relais.core.model import Config
from relais.core.recording import (
    SCHEMA,
    decode_event,
    decode_state,
)
from relais.core.state import State, initial
from relais.core.step import step
from relais.simulate.stretch import Decision

Plain = Mapping[str, Any]


class TraceError(ValueError):
    """A line of a trace cannot be read; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Told:
    """A decision as it was recorded, and its identifier in the journal if it stands there."""

    decision: Plain
    identifier: str | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a recording tells besides events: by whom, when it starts (RFC 3339), the decisions on
    each event (by its place), the state at the end, and what of the first one is not known here."""

    version: str
    at: str
    decided: Mapping[int, tuple[Told, ...]]
    end: Plain
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """The state at the start, and what was heard from then on."""

    start: State
    events: tuple[Event, ...]
    recorded: Recorded | None = None


def trace_head(document: Mapping[str, object], start_ms: float) -> dict[str, object]:
    """The first line of a trace for a configuration document."""
    return {"schema": SCHEMA, "start_ms": start_ms, "config": document}


def parse_trace(lines: Iterable[str]) -> Trace:
    """Read a trace. Raises TraceError, and ConfigError for its configuration."""
    numbered = ((n, line) for n, line in enumerate(lines, start=1) if line.strip())
    number, first = next(numbered, (1, "{}"))
    head = _object(number, first)
    reader = _Reader(head, number)
    for number, line in numbered:
        reader.take(_object(number, line), number)
    return reader.trace()


class _Reader:
    """A trace being read."""

    def __init__(self, head: Plain, number: int) -> None:
        if head.get("schema") != SCHEMA:
            told = head.get("schema")
            raise TraceError(f"line {number}: schema: must be {SCHEMA!r}, not {told!r}")
        self._head = head
        self._config = _config(head, number)
        self._unknown: tuple[str, ...] = ()
        self._start = self._state(number)
        self._events: list[Event] = []
        self._decided: dict[int, tuple[Told, ...]] = {}
        self._end: Plain | None = None

    def _state(self, number: int) -> State:
        if "state" not in self._head:
            start_ms = self._head.get("start_ms")
            if isinstance(start_ms, bool) or not isinstance(start_ms, (int, float)):
                raise TraceError(f"line {number}: start_ms: must be a number, not {start_ms!r}")
            return initial(self._config, start_ms)
        try:
            state, self._unknown = decode_state(self._head["state"], self._config)
        except CodecError as error:
            raise TraceError(f"line {number}: {error}") from error
        return state

    def take(self, told: Plain, number: int) -> None:
        """One more line."""
        if self._end is not None:
            raise TraceError(f"line {number}: nothing may follow the end")
        try:
            if "decided" in told:
                self._decision(told)
            elif "end" in told:
                self._ending(told["end"])
            else:
                self._event(told)
        except CodecError as error:
            raise TraceError(f"line {number}: {error}") from error

    def _event(self, told: Plain) -> None:
        event, unknown = decode_event(told)
        if unknown:
            raise CodecError(f"{', '.join(unknown)}: is not a key of {told['event']}")
        self._events.append(_known(event, self._config))

    def _decision(self, told: Plain) -> None:
        decision, identifier = told["decided"], told.get("id")
        if not isinstance(decision, dict) or not self._events:
            raise CodecError("decided must be an object, behind an event")
        if not isinstance(identifier, str | None):
            raise CodecError("id must be text or null")
        place = len(self._events) - 1
        self._decided[place] = (*self._decided.get(place, ()), Told(decision, identifier))

    def _ending(self, end: Any) -> None:
        if not isinstance(end, dict) or not isinstance(end.get("state"), dict):
            raise CodecError("end must tell the state")
        if end.get("events") != len(self._events):
            there = len(self._events)
            raise CodecError(f"end tells of {end.get('events')!r} events, but {there} are here")
        self._end = end["state"]

    def trace(self) -> Trace:
        """All that was read."""
        if "state" not in self._head:
            return Trace(self._start, tuple(self._events))
        if self._end is None:
            raise TraceError("the recording is cut off: it has no line that tells its end")
        version, at = self._head.get("version"), self._head.get("at")
        if not isinstance(version, str) or not isinstance(at, str):
            raise TraceError("line 1: version and at must be text")
        recorded = Recorded(version, at, self._decided, self._end, self._unknown)
        return Trace(self._start, tuple(self._events), recorded)


def _config(head: Plain, number: int) -> Config:
    try:
        return parse_config(head.get("config"))
    except ConfigError as error:
        inner = [Problem(f"line {number}: config.{p.path}", p.message) for p in error.problems]
        raise ConfigError(inner) from error


def _known(event: Event, config: Config) -> Event:
    """The event, if it speaks of links that the configuration has."""
    named = {getattr(event, "wan", None)} | set(getattr(event, "admin", ()))
    strange = named - {None} - {wan.name for wan in config.wans}
    if strange:
        raise CodecError(f"wan: {', '.join(sorted(map(repr, strange)))} is not a WAN")
    return event


def _object(number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise TraceError(f"line {number}: is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise TraceError(f"line {number}: must be a JSON object")
    return value


def steps(trace: Trace) -> Iterator[tuple[State, tuple[Action, ...]]]:
    """The core's state after each event and its decisions on it. Raises TraceError."""
    state = trace.start
    for number, event in enumerate(trace.events, start=1):
        try:
            state, actions = step(state, event)
        except (LookupError, TypeError, ValueError, ArithmeticError) as error:
            # Every value has the right type, but they do not fit together: an edited file.
            said = f"event {number} does not fit what stands before it: {error!r}"
            raise TraceError(said) from error
        yield state, tuple(action for action in actions if not isinstance(action, SendProbe))


def replay(trace: Trace) -> Iterator[Decision]:
    """Every decision of the core on a trace. Raises TraceError."""
    for event, (_unused, actions) in zip(trace.events, steps(trace), strict=True):
        for action in actions:
            yield Decision(event.now_ms, action)
