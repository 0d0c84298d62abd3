# SPDX-License-Identifier: GPL-3.0-or-later
"""Traces: recorded core events as JSON lines, and decisions as JSON lines.

The first line of a trace is its head, `{"schema": "relais.trace/1", "start_ms": ..., "config":
{...}}`; every further line is one event, `{"event": "Tick", "now_ms": ...}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from relais.core.actions import Evict, Record, Steer
from relais.core.config import ConfigError, parse_config
from relais.core.events import (
    AdminRequested,
    Adopted,
    Event,
    Excused,
    LinkObserved,
    ProbeReplied,
    SwitchFailed,
    Tick,
    Traffic,
)
from relais.core.fields import Problem
from relais.core.model import Admin, Config, Member
from relais.core.state import initial
from relais.core.step import step
from relais.simulate.stretch import Decision

SCHEMA = "relais.trace/1"
_EVENTS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        Adopted,
        LinkObserved,
        ProbeReplied,
        Tick,
        AdminRequested,
        Excused,
        SwitchFailed,
    )
}


class TraceError(ValueError):
    """A line of a trace cannot be read; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A configuration, the instant of the start and what was heard from then on."""

    config: Config
    start_ms: float
    events: tuple[Event, ...]


def encode_event(event: Event) -> dict[str, object]:
    """An event as a JSON object, without loss."""
    encoded: dict[str, object] = {"event": type(event).__name__}
    for item in fields(event):
        encoded[item.name] = _plain(getattr(event, item.name))
    return encoded


def _plain(value: object) -> object:
    match value:
        case Traffic():
            return [value.rx_packets, value.tx_packets, value.rx_bytes, value.tx_bytes]
        case Member():
            return [value.wan, value.weight]
        case Mapping():
            return {key: _plain(inner) for key, inner in value.items()}
        case frozenset():
            return sorted(value)
        case tuple() | list():
            return [_plain(inner) for inner in value]
        case _:
            return value


def decode_event(encoded: Mapping[str, Any]) -> Event:
    """The event of a JSON object. Raises TraceError."""
    name = encoded.get("event")
    kind = _EVENTS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise TraceError(f"event: must be one of {', '.join(_EVENTS)}, not {name!r}")
    known = {item.name for item in fields(kind)}
    values = {key: value for key, value in encoded.items() if key != "event"}
    unknown = ", ".join(sorted(values.keys() - known))
    if unknown:
        raise TraceError(f"{unknown}: is not a key of {name}")
    try:
        return kind(**{key: _decoded(key, value) for key, value in values.items()})
    except (TypeError, ValueError, AttributeError) as error:
        raise TraceError(f"{name}: {error}") from error


_NUMBERS = frozenset({"now_ms", "rtt_ms"})
_NUMBERS_OR_NULL = frozenset({"until_ms", "since_ms"})
_TEXTS = frozenset({"wan", "target", "error"})
_TEXTS_OR_NULL = frozenset({"address", "gateway"})


def _decoded(key: str, value: Any) -> Any:
    if key in _NUMBERS or (key in _NUMBERS_OR_NULL and value is not None):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f"{key} must be a number, not {value!r}")
        return value
    if key in _TEXTS or (key in _TEXTS_OR_NULL and value is not None):
        if not isinstance(value, str):
            raise TypeError(f"{key} must be text, not {value!r}")
        return value
    match key:
        case "traffic":
            return {wan: Traffic(*counters) for wan, counters in value.items()}
        case "choices":
            return {
                service: tuple(Member(wan, weight) for wan, weight in members)
                for service, members in value.items()
            }
        case "dead":
            return frozenset(value)
        case "mode":
            return Admin(value)
        case "admin":
            return {wan: Admin(mode) for wan, mode in value.items()}
        case _:
            return value


def trace_head(document: Mapping[str, object], start_ms: float) -> dict[str, object]:
    """The first line of a trace for a configuration document."""
    return {"schema": SCHEMA, "start_ms": start_ms, "config": document}


def parse_trace(lines: Iterable[str]) -> Trace:
    """Read a trace. Raises TraceError, and ConfigError for its configuration."""
    numbered = ((n, line) for n, line in enumerate(lines, start=1) if line.strip())
    number, first = next(numbered, (1, "{}"))
    head = _object(number, first)
    if head.get("schema") != SCHEMA:
        raise TraceError(f"line {number}: schema: must be {SCHEMA!r}, not {head.get('schema')!r}")
    start_ms = head.get("start_ms")
    if isinstance(start_ms, bool) or not isinstance(start_ms, (int, float)):
        raise TraceError(f"line {number}: start_ms: must be a number, not {start_ms!r}")
    try:
        config = parse_config(head.get("config"))
    except ConfigError as error:
        inner = [Problem(f"line {number}: config.{p.path}", p.message) for p in error.problems]
        raise ConfigError(inner) from error
    events = []
    for number, line in numbered:
        try:
            events.append(_known(decode_event(_object(number, line)), config))
        except TraceError as error:
            text = str(error)
            prefix = "" if text.startswith("line ") else f"line {number}: "
            raise TraceError(f"{prefix}{text}") from error
    return Trace(config, start_ms, tuple(events))


def _known(event: Event, config: Config) -> Event:
    """The event, if it speaks of links that the configuration has."""
    named = {getattr(event, "wan", None)} | set(getattr(event, "admin", ()))
    strange = named - {None} - {wan.name for wan in config.wans}
    if strange:
        raise TraceError(f"wan: {', '.join(sorted(map(repr, strange)))} is not a WAN")
    return event


def _object(number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise TraceError(f"line {number}: is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise TraceError(f"line {number}: must be a JSON object")
    return value


def replay(trace: Trace) -> Iterator[Decision]:
    """Every decision of the core on a trace."""
    state = initial(trace.config, trace.start_ms)
    for event in trace.events:
        state, actions = step(state, event)
        for action in actions:
            if isinstance(action, Steer | Evict | Record):
                yield Decision(event.now_ms, action)


def encode_decision(decision: Decision) -> dict[str, object]:
    """A decision as a JSON object: when, which kind of action, and its fields."""
    action = decision.action
    encoded: dict[str, object] = {
        "at_ms": round(decision.at_ms, 3),
        "action": type(action).__name__.lower(),
    }
    for item in fields(action):
        value = _plain(getattr(action, item.name))
        encoded["happened_ms" if item.name == "at_ms" else item.name] = value
    return encoded
