# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""Kinds of values and records: what an inventory may hold, how it is read and described.

A `Kind` reads one value and returns it, or reports a problem and returns `INVALID`. A record is a
mapping with known keys; its `Field` table is the one source for checks, defaults and the tables in
``docs/reference/inventory.md``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .problems import INVALID, Place, Problems, did_you_mean, show, usable


@dataclass(frozen=True)
class Kind:
    """A kind of value: what people call it, and the function that reads it."""

    called: str
    reader: Callable[[Any, Place], Any]

    def read(self, value: Any, place: Place) -> Any:
        """Return the value, or report what is wrong with it and return `INVALID`."""
        return value if value is INVALID else self.reader(value, place)


@dataclass(frozen=True)
class Field:
    """A key of a record.

    A default of None means that the key may be left out. Any other is read as if it had been
    given, so that a mapping brings the defaults of its own keys.
    """

    kind: Kind
    about: str
    required: bool = False
    default: Any = None
    shown_default: str | None = None


def refuse(value: Any, place: Place, called: str) -> Any:
    """Report a value of the wrong type."""
    return place.wrong(f"{show(value)} is not {called}", f"give {called}")


def read_record(value: Any, place: Place, fields: Mapping[str, Field]) -> Any:
    """Read a mapping with known keys; the result has every key of the table."""
    if not isinstance(value, dict):
        return refuse(value, place, "a mapping")
    for key in value:
        if key not in fields:
            place.key(str(key)).wrong("unknown key", did_you_mean(key, fields))
    return {key: _read_field(value.get(key), place.key(key), f) for key, f in fields.items()}


def _read_field(value: Any, place: Place, field: Field) -> Any:
    if value is not None:
        return field.kind.read(value, place)
    if field.required:
        return place.wrong("missing", f"give {field.kind.called} ({field.about})")
    if field.default is None:
        return None
    return field.kind.read(field.default, place)


def record(called: str, fields: Mapping[str, Field]) -> Kind:
    """Return the kind of a mapping with the keys of a table."""
    return Kind(called, lambda value, place: read_record(value, place, fields))


def text_or_record(called: str, fields: Mapping[str, Field]) -> Kind:
    """Return the kind of a text, which may be written as a mapping to say more."""

    def read(value: Any, place: Place) -> Any:
        if isinstance(value, dict):
            return read_record(value, place, fields)
        return TEXT.read(value, place)

    return Kind(f"{called}, or a mapping", read)


def listing(of: Kind, called: str | None = None) -> Kind:
    """Return the kind of a list; an item that cannot be read is `INVALID` in the result."""
    name = called or f"a list of {of.called}"

    def read(value: Any, place: Place) -> Any:
        if not isinstance(value, list):
            return refuse(value, place, name)
        return [of.read(item, place.item(index)) for index, item in enumerate(value)]

    return Kind(name, read)


def one_or_more(of: Kind, called: str) -> Kind:
    """Return the kind of a non-empty list, where one value may stand without brackets."""

    def read(value: Any, place: Place) -> Any:
        if not isinstance(value, list):
            item = of.read(value, place)
            return INVALID if item is INVALID else [item]
        if not value:
            return place.wrong("empty list", f"give {called} or leave the key out")
        items = [of.read(item, place.item(index)) for index, item in enumerate(value)]
        return INVALID if any(item is INVALID for item in items) else items

    return Kind(called, read)


def _read_text(value: Any, place: Place) -> Any:
    if isinstance(value, (dict, list)) or value is None:
        return refuse(value, place, "text")
    if not isinstance(value, str):
        # YAML takes unquoted digits, yes, no and dates for something else.
        return place.wrong(f"{show(value)} is not text to YAML", "put it in quotes")
    if not value.strip():
        return place.wrong("empty text", "fill it in or leave the key out")
    return value


TEXT = Kind("text", _read_text)
PHONE = Kind("a phone number in quotes", _read_text)


def _read_secret(value: Any, place: Place) -> Any:
    """Read a shared key. What was given is never shown, right or wrong."""
    called = f"{SECRET_LENGTH} or more printable ASCII characters without spaces"
    right = "draw one with: openssl rand -hex 32, and keep it in a vault"
    if not isinstance(value, str):
        return place.wrong("what is given is not text", right)
    if len(value) < SECRET_LENGTH or re.fullmatch(r"[!-~]*", value) is None:
        return place.wrong(f"what is given is not {called}", right)
    return value


def unseen(of: Kind) -> Kind:
    """Return a kind of which nothing that was given is ever shown, right or wrong."""

    def read(value: Any, place: Place) -> Any:
        held = Problems()
        result = of.read(value, Place(place.path, held))
        for problem in held:
            place.problems.at(problem.path).wrong(_veiled(problem.what, value), problem.right)
        return result

    return Kind(of.called, read)


def _veiled(text: str, value: Any) -> str:
    """Return a text without any of the values that a container holds."""
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            text = _veiled(text, item)
        return text
    return text.replace(show(value), "what is given")


SECRET_LENGTH = 32
SECRET = Kind(f"a key of {SECRET_LENGTH} or more characters", _read_secret)


def _read_truth(value: Any, place: Place) -> Any:
    return value if isinstance(value, bool) else refuse(value, place, "true or false")


TRUTH = Kind("true or false", _read_truth)


def whole(low: int, high: int) -> Kind:
    """Return the kind of a whole number within bounds."""
    called = f"a whole number from {low} to {high}"

    def read(value: Any, place: Place) -> Any:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            return refuse(value, place, called)
        return value

    return Kind(called, read)


def number(low: float, high: float) -> Kind:
    """Return the kind of a number within bounds."""
    called = f"a number from {low} to {high}"

    def read(value: Any, place: Place) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return refuse(value, place, called)
        if not math.isfinite(value) or not low <= value <= high:
            return refuse(value, place, called)
        return value

    return Kind(called, read)


def choice(*options: str) -> Kind:
    """Return the kind of a word from a short list."""
    called = " or ".join([", ".join(options[:-1]), options[-1]])

    def read(value: Any, place: Place) -> Any:
        if value in options:
            return value
        return place.wrong(f"{show(value)} is not {called}", did_you_mean(value, options))

    return Kind(called, read)


def pattern(called: str, regex: str, right: Callable[[str], str]) -> Kind:
    """Return the kind of a text of a given form; `right` makes a remedy from a wrong one."""
    compiled = re.compile(regex)

    def read(value: Any, place: Place) -> Any:
        given = _read_text(value, place)
        if given is INVALID or compiled.fullmatch(given):
            return given
        return place.wrong(f"{show(given)} is not {called}", right(given))

    return Kind(called, read)


def _slug(given: str, others: str, length: int) -> str:
    slug = re.sub(rf"[^a-z0-9{others}]+", "_", given.lower()).strip("_")
    slug = re.sub(r"^[^a-z]+", "", slug)[:length]
    return f"use {slug}" if slug else "use a word such as fibre"


NAME = pattern(
    "a name of 1 to 15 lower-case letters, digits or _ that starts with a letter",
    r"[a-z][a-z0-9_]{0,14}",
    lambda given: _slug(given, "_", 15),
)
LABEL = pattern(
    "a name of 1 to 31 lower-case letters, digits, _ or - that starts with a letter",
    r"[a-z][a-z0-9_-]{0,30}",
    lambda given: _slug(given, "_-", 31),
)
DOMAIN = pattern(
    "a domain name",
    r"(?=.{1,253}$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*",
    lambda given: "give a name such as video.example, without scheme, path or wildcard",
)
LEASE_TIME = pattern(
    "a lease time",
    r"[1-9][0-9]{0,4}[mhdw]|infinite",
    lambda given: 'give a number and a unit, such as "12h"',
)
WINDOW = pattern(
    "a weekly window",
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)",
    lambda given: 'give day and hours, such as "Sun 06:00-08:00"',
)

HOURS = pattern(
    "hours of the day",
    r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d",
    lambda given: 'give two times of the day, such as "22:00-07:00"',
)
SPAN = pattern(
    "a span of time",
    r"[1-9][0-9]{0,4}[mhd]",
    lambda given: 'give a number and a unit, such as "30m", "2h" or "1d"',
)
WATCH = pattern(
    "a URL of HTTP",
    r"https?://[!-~]+",
    lambda given: "give an address that begins with https:// or http://",
)


def _read_interface(value: Any, place: Place) -> Any:
    given = _read_text(value, place)
    if given is INVALID:
        return given
    if len(given) > 15:
        return place.wrong(
            f"interface name {show(given)} has {len(given)} characters",
            "Linux takes 1 to 15: rename the interface",
        )
    # The kernel allows more, but nft, networkd and sysctl read * ? " : and others as their own.
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", given):
        return place.wrong(
            f"{show(given)} is not an interface name",
            "use letters, digits, dot, hyphen and underscore, such as wan1",
        )
    if given in RESERVED_INTERFACES:
        return place.wrong(f"interface name {show(given)} is reserved", "name a real interface")
    return given


DRILL_INTERFACE = "relais-drill0"
RESERVED_INTERFACES = ("lo", "all", "default", DRILL_INTERFACE)
INTERFACE = Kind("an interface name", _read_interface)


def _read_free(value: Any, place: Place) -> Any:
    if not isinstance(value, dict):
        return refuse(value, place, "a mapping")
    for key, item in value.items():
        if not isinstance(key, str):
            place.wrong(f"key {show(key)} is not text", "put it in quotes")
        elif "phone" in key or "mobile" in key or "sms" in key:
            _read_phones(item, place.key(key))
        elif not isinstance(item, (str, int, float, bool, list, dict)) and usable(item):
            place.key(key).wrong(f"{item} is not text", "put it in quotes")
    return value


def _read_phones(value: Any, place: Place) -> None:
    if isinstance(value, list):
        for index, item in enumerate(value):
            PHONE.read(item, place.item(index))
    else:
        PHONE.read(value, place)


FREE = Kind("a mapping with keys of your own", _read_free)
