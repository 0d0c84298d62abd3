# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares a value with a schema of OpenAPI 3.0, as far as the description makes use of it.

It is stricter than OpenAPI in one thing: an object must not have properties that no schema names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from .description import Description

Schema = Mapping[str, Any]
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
# Words that say nothing of values, and those that are looked at here.
_KNOWN = frozenset(
    [
        "type", "properties", "allOf", "oneOf", "anyOf", "$ref", "nullable", "enum", "format",
        "pattern", "minimum", "maximum", "maxLength", "items", "required", "additionalProperties",
        "title", "description", "default", "example", "uniqueItems",
    ]
)  # fmt: skip


def problems(description: Description, schema: Schema, value: Any, place: str) -> Iterator[str]:
    """Yield what of a value is not as its schema says, each with its place."""
    schema = description.resolve(schema)
    if unknown := {word for word in schema if word not in _KNOWN and not word.startswith("x-")}:
        raise NotImplementedError(f"{place}: schema words {sorted(unknown)}")
    if value is None:
        if not _nullable(description, schema):
            yield f"{place}: null"
        return
    if choices := schema.get("oneOf") or schema.get("anyOf"):
        if all(any(problems(description, choice, value, place)) for choice in choices):
            yield f"{place}: is none of what it may be"
        return
    if isinstance(value, dict):
        yield from _object(description, schema, value, place)
        return
    for part in schema.get("allOf", []):
        yield from problems(description, part, value, place)
    yield from _simple(schema, value, place)
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from problems(description, schema["items"], item, f"{place}[{index}]")


def properties(description: Description, schema: Schema) -> dict[str, Schema]:
    """Return the properties of an object's schema, those of what it builds on included."""
    schema = description.resolve(schema)
    found: dict[str, Schema] = {}
    for part in schema.get("allOf", []):
        found |= properties(description, part)
    found |= schema.get("properties", {})
    return found


def _nullable(description: Description, schema: Schema) -> bool:
    choices = [*schema.get("oneOf", []), *schema.get("anyOf", [])]
    return bool(schema.get("nullable")) or any(
        _nullable(description, description.resolve(choice)) for choice in choices
    )


def _object(
    description: Description, schema: Schema, value: dict[str, Any], place: str
) -> Iterator[str]:
    known = properties(description, schema)
    if not known and schema.get("type", "object") != "object":
        yield f"{place}: an object where a {schema['type']} belongs"
        return
    for name in schema.get("required", []):
        if name not in value:
            yield f"{place}: lacks {name}"
    for name, item in value.items():
        if name in known:
            yield from problems(description, known[name], item, f"{place}.{name}")
        elif not name.startswith("@odata.") and not schema.get("additionalProperties"):
            yield f"{place}: no such property: {name}"


def _simple(schema: Schema, value: Any, place: str) -> Iterator[str]:
    wanted = schema.get("type")
    if wanted is not None:
        right = isinstance(value, _TYPES[wanted])
        if isinstance(value, bool) and wanted != "boolean":
            right = False
        if not right:
            yield f"{place}: {value!r} is no {wanted}"
            return
    for word, wrong in _RULES.items():
        if word in schema and wrong(schema[word], value):
            yield f"{place}: {value!r} is not within {word} {schema[word]!r}"


def _no_moment(name: str, value: Any) -> bool:
    if name != "date-time":
        return False
    try:
        return datetime.fromisoformat(value).tzinfo is None
    except ValueError:
        return True


_RULES: dict[str, Callable[[Any, Any], bool]] = {
    "enum": lambda words, value: value not in words,
    "minimum": lambda least, value: value < least,
    "maximum": lambda most, value: value > most,
    "maxLength": lambda most, value: len(value) > most,
    "pattern": lambda pattern, value: re.search(pattern, value) is None,
    "format": _no_moment,
    "uniqueItems": lambda wanted, value: wanted and len(set(value)) != len(value),
}
