# SPDX-License-Identifier: GPL-3.0-or-later
"""The words in which the double's tables say what a property holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Version = tuple[int, ...]
ScalarName = Literal["text", "flag", "number", "byte", "moment", "time", "duration"]

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?")
_DURATION = re.compile(r"-?P(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")


@dataclass(frozen=True)
class Scalar:
    """One value: `moment` is a date with its time, `time` a time of day."""

    name: ScalarName

    def takes(self, value: object) -> bool:
        """Tell whether a JSON value can be bound."""
        match self.name:
            case "flag":
                return isinstance(value, bool)
            case "number" | "byte":
                limit = 255 if self.name == "byte" else 2**31 - 1
                least = 0 if self.name == "byte" else -(2**31)
                whole = isinstance(value, int) and not isinstance(value, bool)
                return whole and least <= value <= limit
            case "text":
                return isinstance(value, str)
            case "moment":
                return isinstance(value, str) and parse_moment(value) is not None
            case "time":
                return isinstance(value, str) and _TIME.fullmatch(value) is not None
            case "duration":
                return isinstance(value, str) and _DURATION.fullmatch(value) is not None


@dataclass(frozen=True)
class Enum:
    """One of some words."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Complex:
    """An object of a named type."""

    type: str


@dataclass(frozen=True)
class Many:
    """A collection."""

    of: Scalar | Enum | Complex


Kind = Scalar | Enum | Complex | Many


@dataclass(frozen=True)
class Property:
    """What a property holds, whether it comes only when it is expanded, and since which version
    it exists. `default` is what a new object has and what a reading gives when nothing is stored.
    """

    kind: Kind
    navigation: Literal["inline", "expanded"] = "inline"
    since: Version = (0,)
    default: Any = None


@dataclass(frozen=True)
class Type:
    """A type of the API's model: its name and its properties by name."""

    name: str
    properties: Mapping[str, Property]

    def known(self, version: Version) -> dict[str, Property]:
        """Return the properties that this version of the PBX has."""
        return {name: prop for name, prop in self.properties.items() if prop.since <= version}


def parse_moment(text: str) -> datetime | None:
    """Return a date with its time, which needs a zone (Edm.DateTimeOffset), else None."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def parse_version(text: str) -> Version:
    """Return `20.0.9` as numbers that compare."""
    return tuple(int(part) for part in text.split("."))


def scalars(name: ScalarName, names: str, **defaults: Any) -> dict[str, Property]:
    """Return properties of one scalar kind."""
    return {each: Property(Scalar(name), default=defaults.get(each)) for each in names.split()}


def one(type_name: str, names: str) -> dict[str, Property]:
    """Return properties that hold an object each."""
    return {each: Property(Complex(type_name)) for each in names.split()}


def word(name: str, words: str, default: str | None = None) -> dict[str, Property]:
    """Return a property that holds one of some words."""
    return {name: Property(Enum(tuple(words.split())), default=default)}


def many(of: Scalar | Enum | str, names: str) -> dict[str, Property]:
    """Return properties that hold collections, which are served with their object."""
    kind = Complex(of) if isinstance(of, str) else of
    return {each: Property(Many(kind)) for each in names.split()}


def linked(**types: str) -> dict[str, Property]:
    """Return collections that are served only when they are expanded."""
    return {
        each: Property(Many(Complex(name)), navigation="expanded") for each, name in types.items()
    }


def linked_one(**types: str) -> dict[str, Property]:
    """Return objects that are served only when they are expanded."""
    return {each: Property(Complex(name), navigation="expanded") for each, name in types.items()}


def since(version: str, properties: Mapping[str, Property]) -> dict[str, Property]:
    """Return properties that a version brought."""
    return {
        name: Property(prop.kind, prop.navigation, parse_version(version), prop.default)
        for name, prop in properties.items()
    }
