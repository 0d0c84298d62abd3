# SPDX-License-Identifier: GPL-3.0-or-later
"""Every type that events and state are made of survives JSON, with every one of its fields."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relais.core.actions import Action
from relais.core.codec import POSITIONAL, CodecError, decode, encode
from relais.core.config import parse_config
from relais.core.events import Event
from relais.core.recording import (
    EVENTS,
    decode_event,
    decode_state,
    encode_config,
    encode_event,
    encode_state,
)
from relais.core.state import State
from world import World, document

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
SCALARS: Mapping[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(),
    float: st.floats(allow_nan=False),
    str: st.text(max_size=6),
    NoneType: st.none(),
    object: anything,
}


def reachable() -> dict[str, type]:
    """The dataclasses that state, events and actions are made of, by name."""
    found: dict[str, type] = {}
    waiting: list[Any] = [State, Event, Action]
    while waiting:
        hint = waiting.pop()
        waiting += get_args(hint)
        if is_dataclass(hint) and isinstance(hint, type) and hint.__name__ not in found:
            found[hint.__name__] = hint
            waiting += get_type_hints(hint).values()
    return found


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a declared type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in SCALARS:
        return SCALARS[hint]
    if origin in (Union, UnionType):
        return st.one_of([values(argument) for argument in arguments])
    if origin is tuple and arguments[1:] == (Ellipsis,):
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values, arguments))
    if origin is frozenset:
        return st.frozensets(values(arguments[0]), max_size=3)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return st.dictionaries(st.text(max_size=6), values(arguments[1]), max_size=2)
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    hints = get_type_hints(hint)
    return st.builds(hint, **{item.name: values(hints[item.name]) for item in fields(hint)})


def through_json(plain: object) -> Any:
    return json.loads(json.dumps(plain))


TYPES = reachable()


def test_the_walk_finds_what_matters() -> None:
    assert {"State", "Link", "Window", "Sample", "Penalty", "Tick", "Traffic", "Steer"} <= set(
        TYPES
    )


@pytest.mark.parametrize("name", TYPES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_every_type_survives_with_every_field(name: str, data: st.DataObject) -> None:
    kind = TYPES[name]
    value = data.draw(values(kind))
    plain = through_json(encode(value))
    assert decode(kind, plain) == (value, ())
    if kind not in POSITIONAL:
        assert list(plain) == [item.name for item in fields(kind)]


def lively() -> World:
    """A world in which something of everything has happened."""
    whole = document()
    whole["services"][0]["sla"] = {"loss_percent": 1, "mos": 3.8}
    world = World(parse_config(whole)).start()
    world.busy.add("fibre")
    world.run(2)
    world.dark.add("fibre")
    return world.run(3)


def test_a_state_survives_with_every_field() -> None:
    state = lively().state
    plain = through_json(encode_state(state))
    assert {"config", *plain} == {item.name for item in fields(State)}
    assert decode_state(plain, state.config) == (state, ())


def test_every_event_is_one_of_a_trace() -> None:
    assert set(EVENTS) == {kind.__name__ for kind in EVENTS.values()}
    assert set(EVENTS) <= set(TYPES)


@pytest.mark.parametrize("kind", EVENTS.values(), ids=EVENTS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_every_event_survives(kind: type, data: st.DataObject) -> None:
    event = data.draw(values(kind))
    assert decode_event(through_json(encode_event(event))) == (event, ())


def test_a_configuration_is_written_as_a_document_that_says_the_same() -> None:
    whole = copy.deepcopy(document())
    whole["drill"] = {
        "interface": "relais-drill0",
        "gateway_address": "198.18.255.253/30",
        "client_address": "198.18.255.254/30",
        "budget_ms": {"silent": 900},
        "windows": ["Sun 06:00-08:00"],
        "services": [
            {
                "name": "voice",
                "protocol": "udp",
                "probe": "dns",
                "address": "198.51.100.10",
                "port": 53,
                "query": "example.com",
            }
        ],
        "sessions": {"address": "198.51.100.10", "port": 7, "count": 20},
    }
    config = parse_config(whole)
    assert parse_config(through_json(encode_config(config))) == config


def test_what_an_older_version_did_not_know_is_as_in_a_fresh_state() -> None:
    world = lively()
    plain = through_json(encode_state(world.state))
    del plain["links"]["fibre"]["profile"]["verdict_ms"]
    del plain["links"]["lte"]["silence_factor"]
    assert decode_state(plain, world.config) == (world.state, ())


def test_infinity_is_written_as_strict_json_has_it() -> None:
    whole = document()
    whole["services"][0]["sla"] = {"loss_percent": 1}
    text = json.dumps(encode_state(World(parse_config(whole)).state), allow_nan=False)
    assert '"inf"' in text, "nothing says how long a round trip may take"


def test_what_a_newer_version_knows_is_left_out_and_told() -> None:
    plain = encode_state(lively().state)
    plain["links"]["fibre"]["colour"] = "blue"  # type: ignore[index]
    state, unknown = decode_state(plain, lively().config)
    assert unknown == ("state.links.fibre.colour",)
    assert not hasattr(state.links["fibre"], "colour")


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("now_ms",), "soon", "state.now_ms must be a number, not 'soon'"),
        (("next_probe",), True, "state.next_probe must be a whole number, not True"),
        (("links", "fibre", "state"), "off", "state.links.fibre.state must be one of unknown"),
        (("links", "fibre", "window"), [], "state.links.fibre.window must be an object"),
        (("links", "fibre", "window", "pending"), [{}], "state.links.fibre.window.pending[0]."),
        (("links",), {}, "state.links must be those of the configuration"),
        (("in_use",), [1], "state.in_use[0] must be text, not 1"),
        (("steered",), [{}], "state.steered must be an array of 2"),
    ],
)
def test_a_wrong_value_is_named_with_its_path(
    path: tuple[str, ...], value: object, told: str
) -> None:
    world = lively()
    plain = through_json(encode_state(world.state))
    place = plain
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(CodecError) as raised:
        decode_state(plain, world.config)
    assert told in str(raised.value)
