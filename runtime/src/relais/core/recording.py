# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of a trace (`relais.trace/1`) as JSON objects: head, events, decisions, end.

A recording is a trace that starts from a recorded state instead of a fresh one, tells with each
event what was decided on it, and ends with the state it led to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, get_args

from relais.core.actions import Action
from relais.core.codec import CodecError, decode, encode
from relais.core.config import SCHEMA as CONFIG_SCHEMA
from relais.core.events import Event
from relais.core.model import Config
from relais.core.state import State, initial

SCHEMA = "relais.trace/1"
EVENTS: Mapping[str, type] = {kind.__name__: kind for kind in get_args(Event)}


def encode_config(config: Config) -> dict[str, object]:
    """A configuration as the document that it may have come from, every default written out."""
    document = {"schema": CONFIG_SCHEMA, **encode(config)}
    for service, written in zip(config.services, document["services"], strict=True):
        written["members"] = [asdict(member) for member in service.members]
    return document


def encode_state(state: State) -> dict[str, object]:
    """A state as a JSON object, without the configuration, which the head tells."""
    whole: dict[str, object] = encode(state)
    del whole["config"]
    return whole


def decode_state(plain: object, config: Config) -> tuple[State, tuple[str, ...]]:
    """The state under a configuration, and the paths that are not known here. Raises CodecError.

    What a state of another version does not tell is as in a fresh one.
    """
    told = plain.get("links") if isinstance(plain, Mapping) else None
    names = {wan.name for wan in config.wans}
    if not isinstance(plain, Mapping) or not isinstance(told, Mapping) or set(told) != names:
        raise CodecError(f"state.links must be those of the configuration: {', '.join(names)}")
    fresh = encode(initial(config, 0.0))
    whole: tuple[State, tuple[str, ...]] = decode(
        State, _laid_over(fresh, {**plain, "config": fresh["config"]}), "state"
    )
    return whole


def _laid_over(fresh: Any, told: Any) -> Any:
    """One JSON value over another of the same kind, key by key."""
    if not isinstance(fresh, Mapping) or not isinstance(told, Mapping):
        return told
    return {**fresh, **{k: _laid_over(fresh.get(k), inner) for k, inner in told.items()}}


def encode_event(event: Event) -> dict[str, object]:
    """An event as a JSON object, without loss."""
    return {"event": type(event).__name__, **encode(event)}


def decode_event(encoded: Mapping[str, Any]) -> tuple[Event, tuple[str, ...]]:
    """The event of a JSON object, and its keys that are not known here. Raises CodecError."""
    name = encoded.get("event")
    kind = EVENTS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise CodecError(f"event: must be one of {', '.join(EVENTS)}, not {name!r}")
    try:
        return decode(kind, {key: value for key, value in encoded.items() if key != "event"})
    except CodecError as error:
        raise CodecError(f"{name}: {error}") from error


def encode_decision(at_ms: float, action: Action) -> dict[str, object]:
    """A decision as a JSON object: when, which kind of action, and its fields; `happened_ms` is
    when it happened, if that was before."""
    told: dict[str, object] = {"at_ms": round(at_ms, 3), "action": type(action).__name__.lower()}
    for name, value in encode(action).items():
        told["happened_ms" if name == "at_ms" else name] = value
    return told
