# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a query: which rows, which properties, in which order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.pbx.errors import plain
from tests.pbx.model import TYPES, Complex, Enum, Many, Scalar, Type, Version

from . import filters

# Larger pages are refused, which no document says.
MOST_ROWS = 100
_OF_A_PROJECTION = frozenset(["$select", "$expand"])
_OF_A_COLLECTION = _OF_A_PROJECTION | {"$filter", "$orderby", "$top", "$skip", "$count", "$search"}


@dataclass(frozen=True)
class Projection:
    """Which properties a reading gives: the named ones (None: all), and what is expanded."""

    select: frozenset[str] | None = None
    expand: Mapping[str, Projection] = field(default_factory=dict)


@dataclass(frozen=True)
class Query:
    """Which rows of a collection, and what of each."""

    projection: Projection = field(default_factory=Projection)
    where: filters.Predicate | None = None
    search: str = ""
    order: tuple[tuple[str, bool], ...] = ()
    top: int | None = None
    skip: int = 0
    counted: bool = False


def split(text: str, mark: str) -> list[str]:
    """Split at a mark that stands outside of parentheses and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for place, char in enumerate(text):
        if char == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        elif char == mark and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [part.strip() for part in (*parts, text[start:]) if part.strip()]


def _no_property(of: Type, name: str) -> Exception:
    return plain(400, f"Could not find a property named '{name}' on type 'Pbx.{of.name}'.")


def _select(text: str, of: Type, version: Version) -> frozenset[str] | None:
    names = split(text, ",")
    if not names or "*" in names:
        return None
    for name in names:
        if name not in of.known(version):
            raise _no_property(of, name)
    return frozenset(names)


def _expand(text: str, of: Type, version: Version) -> dict[str, Projection]:
    expanded: dict[str, Projection] = {}
    for item in split(text, ","):
        name, options = item, ""
        if found := re.fullmatch(r"(\w+)\((.*)\)", item, re.S):
            name, options = found.groups()
        prop = of.known(version).get(name)
        if prop is None:
            raise _no_property(of, name)
        if prop.navigation != "expanded":
            raise plain(
                400, f"Property '{name}' on type 'Pbx.{of.name}' is not a navigation property."
            )
        kind = prop.kind.of if isinstance(prop.kind, Many) else prop.kind
        assert isinstance(kind, Complex)
        pairs = (part.partition("=") for part in split(options, ";"))
        inner = {key.strip(): value for key, _sign, value in pairs}
        expanded[name] = projection(inner, TYPES[kind.type], version)
    return expanded


def projection(options: Mapping[str, str], of: Type, version: Version) -> Projection:
    """Return what `$select` and `$expand` ask for."""
    for key in options.keys() - _OF_A_PROJECTION:
        raise plain(400, f"The query option '{key}' is not supported here.")
    return Projection(
        _select(options.get("$select", ""), of, version),
        _expand(options.get("$expand", ""), of, version),
    )


def _count(options: Mapping[str, str], key: str) -> int | None:
    if key not in options:
        return None
    if not options[key].isdecimal():
        raise plain(400, f"Invalid value '{options[key]}' for {key}.")
    return int(options[key])


def _order(text: str, of: Type, version: Version) -> tuple[tuple[str, bool], ...]:
    keys = []
    for item in split(text, ","):
        name, _space, direction = item.partition(" ")
        prop = of.known(version).get(name)
        if prop is None:
            raise _no_property(of, name)
        if not isinstance(prop.kind, Scalar | Enum) or direction.strip() not in ("", "asc", "desc"):
            raise plain(400, f"Invalid $orderby '{item}'.")
        keys.append((name, direction.strip() == "desc"))
    return tuple(keys)


def parse(options: Mapping[str, str], of: Type, version: Version) -> Query:
    """Return what a query on a collection asks for, else raise a refusal with status 400."""
    for key in options.keys() - _OF_A_COLLECTION:
        raise plain(400, f"The query option '{key}' is not supported.")
    top = _count(options, "$top")
    if top is not None and top > MOST_ROWS:
        raise plain(400, f"The limit of '{MOST_ROWS}' for Top query has been exceeded ({top}).")
    query = Query(
        projection=projection(
            {key: value for key, value in options.items() if key in _OF_A_PROJECTION}, of, version
        ),
        search=options.get("$search", "").strip('"').lower(),
        order=_order(options.get("$orderby", ""), of, version),
        top=top,
        skip=_count(options, "$skip") or 0,
        counted=options.get("$count") == "true",
    )
    if text := options.get("$filter", ""):
        query = replace(query, where=filters.parse(text, of, version))
    return query


def _found(row: Mapping[str, Any], search: str) -> bool:
    texts = (
        item
        for value in row.values()
        for item in (value if isinstance(value, list) else [value])
        if isinstance(item, str)
    )
    return any(search in text.lower() for text in texts)


def rows(query: Query, stored: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """Return the page of rows, whole, and how many rows match in all."""
    found = [row for row in stored if query.where is None or query.where(row)]
    if query.search:
        found = [row for row in found if _found(row, query.search)]
    for name, descending in reversed(query.order):
        found.sort(key=lambda row: (row.get(name) is not None, row.get(name)), reverse=descending)
    # Whoever does not ask for a page gets one all the same, and no link to the next.
    end = query.skip + (MOST_ROWS if query.top is None else query.top)
    return found[query.skip : end], len(found)
