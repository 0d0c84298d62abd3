# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries and pages of the API, which is OData 4 with a few opinions of its own."""

from __future__ import annotations

from typing import Any, Callable, Sequence
from urllib.parse import quote

PAGE = 100
"""The most that an entity set gives at once: a larger ``$top`` is refused."""


def text(value: str) -> str:
    """Return a text as a literal of a filter: a quote in it is doubled."""
    escaped = value.replace("'", "''")
    return f"'{escaped}'"


def by_number(number: str) -> str:
    """Return the filter that finds an internal number in every version.

    Keys by number, ``Users(Number='100')``, came with 20.0.8 in place of ``GetByNumber``.
    """
    return f"Number eq {text(number)}"


def query(
    select: Sequence[str] = (),
    expand: Sequence[str] = (),
    where: str | None = None,
    order: str | None = None,
    top: int | None = None,
    skip: int | None = None,
) -> str:
    """Return the query part of a path, with its question mark, or an empty text."""
    given = [
        ("$filter", where),
        ("$select", ",".join(select) or None),
        ("$expand", ",".join(expand) or None),
        ("$orderby", order),
        ("$top", top),
        ("$skip", skip or None),
    ]
    words = [
        f"{name}={quote(str(value), safe=_SAFE)}" for name, value in given if value is not None
    ]
    return "?" + "&".join(words) if words else ""


_SAFE = "(),'$=;/*"


def pages(
    get: Callable[[str], dict[str, Any]],
    path: str,
    select: Sequence[str],
    expand: Sequence[str] = (),
    where: str | None = None,
    order: str = "Id",
) -> list[dict[str, Any]]:
    """Return every entity of a set, page by page until one is short.

    The link to the next page is not relied on: not every version gives it. An object that moves
    between pages because another is deleted meanwhile would be seen twice, so doubles are dropped.
    """
    found: list[dict[str, Any]] = []
    seen: set[Any] = set()
    skip = 0
    while True:
        page = get(path + query(select, expand, where, order, PAGE, skip)).get("value") or []
        found += [one for one in page if one.get(order) not in seen]
        seen.update(one.get(order) for one in page)
        if len(page) < PAGE:
            return found
        skip += PAGE
