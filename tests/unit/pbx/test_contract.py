# SPDX-License-Identifier: GPL-3.0-or-later
"""The double against the vendor's own description of the API.

Every test that uses the fixture `pbx` is held to it as well, at its end.
"""

from __future__ import annotations

import pytest

from tests.pbx import model
from tests.pbx.contract import schema, traffic
from tests.pbx.contract.description import PLACES, VARIABLE, VERSION, Description, load, where
from tests.pbx.model import Complex, Enum, Kind, Many, Scalar, parse_version
from tests.pbx.server import Exchange

FORMATS = {"moment": "date-time", "time": "time", "duration": "duration"}


if where() is None:
    pytest.skip(
        f"the vendor's description of the API is missing: {PLACES[0].name}"
        f" at {PLACES[0].parent}, or wherever {VARIABLE} says",
        allow_module_level=True,
    )


@pytest.fixture(scope="module")
def description() -> Description:
    found = load()
    assert found is not None
    return found


def shape(description: Description, node: schema.Schema) -> str:
    """Return what a schema holds in the words of `told`."""
    node = description.resolve(node)
    match node:
        case {"items": items}:
            return f"[{shape(description, items)}]"
        case {"allOf": [inner]} | {"anyOf": [inner, *_]} | {"oneOf": [inner, *_]}:
            return shape(description, inner)
        case {"enum": _words}:
            return "a word"
        case {"type": "string", "format": str(name)}:
            return name
        case {"type": "integer", "format": "uint8"}:
            return "byte"
        case {"type": "integer" | "number"}:
            return "number"
        case {"type": "boolean"}:
            return "flag"
        case {"type": "string"}:
            return "text"
    return f"a {node['title']}"


def told(kind: Kind) -> str:
    """Return what the double's table holds in the words of `shape`."""
    match kind:
        case Many(of=inner):
            return f"[{told(inner)}]"
        case Complex(type=name):
            return f"a {name}"
        case Enum():
            return "a word"
        case Scalar(name=name):
            return FORMATS.get(name, name)


@pytest.mark.parametrize("name", sorted(model.TYPES))
def test_the_double_knows_the_properties_that_the_vendor_describes(
    description: Description, name: str
) -> None:
    described = schema.properties(description, description.schemas[f"Pbx.{name}"])
    ours = model.TYPES[name].known(parse_version(VERSION))
    assert {each: told(prop.kind) for each, prop in ours.items()} == {
        each: shape(description, described[each]) for each in ours
    }
    navigation = {each for each in ours if described[each].get("x-ms-navigationProperty")}
    assert navigation == {each for each, prop in ours.items() if prop.navigation == "expanded"}
    assert described.keys() - ours.keys() == model.LEFT_OUT.get(name, set())


def words_of(description: Description, node: schema.Schema) -> set[str]:
    """Return the words of an enumeration, wherever in a schema it stands."""
    node = description.resolve(node)
    inner = [*node.get("allOf", []), *node.get("anyOf", []), *node.get("oneOf", [])]
    inner += [node["items"]] if "items" in node else []
    found = set(node.get("enum", []))
    return found.union(*(words_of(description, each) for each in inner))


@pytest.mark.parametrize("name", sorted(model.TYPES))
def test_the_double_knows_the_words_that_the_vendor_describes(
    description: Description, name: str
) -> None:
    described = schema.properties(description, description.schemas[f"Pbx.{name}"])
    for each, prop in model.TYPES[name].properties.items():
        kind = prop.kind.of if isinstance(prop.kind, Many) else prop.kind
        if isinstance(kind, Enum):
            words = words_of(description, described[each])
            # Of reports, which are only ever read, it says what it needs.
            assert words >= set(kind.words) if name == "TrunkReport" else words == set(kind.words)


def exchange(**given: object) -> Exchange:
    found: dict[str, object] = {
        "method": "GET", "path": "/xapi/v1/Users", "query": "", "body": None, "status": 200,
        "reply": {"value": []},
    }  # fmt: skip
    return Exchange(**(found | given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"path": "/xapi/v1/Nothing"}, "does not know this request"),
        ({"query": "$format=json"}, "does not know the option $format"),
        ({"query": "$top=all"}, "$top: 'all' is no integer"),
        ({"reply": {"value": [{"Id": "1"}]}}, "answer.value[0].Id: '1' is no integer"),
        ({"reply": {"value": [{"Nick": "x"}]}}, "no such property: Nick"),
        ({"reply": None}, "answer: null"),
        (
            {"method": "PATCH", "path": "/xapi/v1/Users(1)", "status": 204, "reply": None,
             "body": {"QueueStatus": "Gone"}},
            "body.QueueStatus: 'Gone' is not within enum",
        ),
        (
            {"method": "PATCH", "path": "/xapi/v1/Users(1)", "status": 204, "reply": None,
             "body": {"Groups": [{"GroupId": True}]}},
            "body.Groups[0].GroupId: True is no integer",
        ),
        (
            {"method": "PATCH", "path": "/xapi/v1/Users(1)", "status": 204, "reply": None},
            "no body",
        ),
        ({"status": 400, "reply": {"message": "no"}}, "error: lacks error"),
        ({"status": 206}, "does not know the status 206"),
    ],
)  # fmt: skip
def test_traffic_that_the_vendor_does_not_describe_is_noticed(
    description: Description, wrong: dict[str, object], words: str
) -> None:
    assert traffic.violations(description, [exchange()]) == []
    found = traffic.violations(description, [exchange(**wrong)])
    assert any(words in each for each in found), found


def test_requests_of_older_versions_are_not_held_to_the_newest(description: Description) -> None:
    old = exchange(path="/xapi/v1/Users/Pbx.GetByNumber(number='100')", reply={"Id": 1})
    assert traffic.violations(description, [old]) == []
