# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds and reads the vendor's description (OpenAPI 3.0)."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

VARIABLE = "RELAIS_XAPI_DESCRIPTION"
_CHECKOUT = Path(__file__).resolve().parents[3]
_BESIDE = Path("shared", "threecx", "xapi-openapi.yaml")
# Where the checkout is a worktree one level deeper, the file is beside what it was made from.
PLACES = (_CHECKOUT.parent / _BESIDE, _CHECKOUT.parents[1] / _BESIDE)
# The version whose description it is.
VERSION = "20.0.10"


@dataclass(frozen=True)
class Operation:
    """One method of one path, and the parameters of the path."""

    path: str
    method: str
    parts: Mapping[str, str]
    described: Mapping[str, Any]


class Description:
    """The document, and what an address means in it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._paths = [(_pattern(path), path) for path in document["paths"]]

    @property
    def schemas(self) -> Mapping[str, Any]:
        """Return the schemas by their name."""
        schemas: Mapping[str, Any] = self._document["components"]["schemas"]
        return schemas

    def resolve(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what a node is, or refers to."""
        while "$ref" in node:
            found: Any = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node

    def operation(self, method: str, path: str) -> Operation | None:
        """Return the operation behind a path below the root, else None."""
        for pattern, template in self._paths:
            found = pattern.fullmatch(path)
            described = self._document["paths"][template].get(method.lower())
            if found and described is not None:
                return Operation(template, method, found.groupdict(), described)
        return None


def _pattern(template: str) -> re.Pattern[str]:
    """Return what matches the addresses of a template; they are not sensitive to case."""
    pieces = re.split(r"\{(\w+)\}", template)
    texts = [
        f"(?P<{piece}>'(?:[^']|'')*'|[^/()',]+)" if place % 2 else re.escape(piece)
        for place, piece in enumerate(pieces)
    ]
    return re.compile("".join(texts), re.IGNORECASE)


def where() -> Path | None:
    """Return the description's file, else None."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    return next((place for place in PLACES if place.is_file()), None)


@functools.cache
def load() -> Description | None:
    """Return the description, read once, or None where there is no file."""
    path = where()
    if path is None:
        return None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with path.open(encoding="utf-8") as text:
        return Description(yaml.load(text, Loader=loader))  # noqa: S506 - a safe loader
