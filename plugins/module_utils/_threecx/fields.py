# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables that say which option of a module is which property of the API, and how both compare."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Mapping, Sequence

from .client import Client
from .flow import Subject


def _same(value: Any) -> Any:
    return value


def _given(value: Any, _current: Any) -> Any:
    return value


@dataclass(frozen=True)
class Field:
    """One option and its property, whose path goes into complex values: ``Gateway.Host``.

    ``read`` makes a property the option's value in its one normal form, ``write`` makes the
    property of it (given what is there), and ``check`` brings what the user wrote into that form.
    """

    option: str
    path: str
    read: Callable[[Any], Any] = _same
    write: Callable[[Any, Any], Any] = _given
    check: Callable[[Any], Any] = _same

    def of(self, raw: Mapping[str, Any]) -> Any:
        """Return the option's value of an object."""
        value: Any = raw
        for part in self.path.split("."):
            value = (value or {}).get(part)
        return self.read(value)


def text(option: str, path: str) -> Field:
    """Return a field of text: absent and empty are one."""
    return Field(option, path, lambda value: value or "", check=str.strip)


def flag(option: str, path: str) -> Field:
    """Return a field that is true or false."""
    return Field(option, path, bool)


def word(option: str, path: str, words: Mapping[str, str]) -> Field:
    """Return a field with one of some words, each with that of the API."""
    back = {theirs: ours for ours, theirs in words.items()}
    return Field(
        option, path, lambda value: back.get(value, value), lambda value, _current: words[value]
    )


def view(fields: Iterable[Field], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object in the words of the options."""
    return {field.option: field.of(raw) for field in fields}


def asked(fields: Iterable[Field], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given, checked and in their normal form."""
    return {
        field.option: field.check(params[field.option])
        for field in fields
        if params.get(field.option) is not None
    }


def body(
    fields: Iterable[Field],
    raw: Mapping[str, Any],
    wanted: Mapping[str, Any],
    names: Iterable[str],
) -> dict[str, Any]:
    """Return the smallest body that writes these options.

    A complex value is replaced whole by the API, so that it is sent with all that it held.
    """
    written: dict[str, Any] = {}
    chosen = set(names)
    for field in fields:
        if field.option not in chosen:
            continue
        top, _dot, inner = field.path.partition(".")
        if not inner:
            written[top] = field.write(wanted[field.option], raw.get(top))
            continue
        if top not in written:
            written[top] = copy.deepcopy(raw.get(top) or {})
        written[top][inner] = field.write(wanted[field.option], written[top].get(inner))
    return written


class FieldSubject(Subject):
    """An object of an entity set that a table of fields describes wholly."""

    entity = ""
    select: Sequence[str] = ()
    expand: Sequence[str] = ()

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        self.client = client
        self.params = params

    @property
    def fields(self) -> Sequence[Field]:
        """Return the table."""
        raise NotImplementedError

    def path(self, raw: Mapping[str, Any]) -> str:
        """Return the path of the object."""
        return f"{self.entity}({raw['Id']})"

    def view(self, raw: dict[str, Any]) -> dict[str, Any]:
        return view(self.fields, raw)

    def wanted(self, raw: dict[str, Any] | None) -> dict[str, Any]:
        return asked(self.fields, self.params)

    def write(self, raw: dict[str, Any], wanted: dict[str, Any], differing: list[str]) -> None:
        self.client.patch(self.path(raw), body(self.fields, raw, wanted, differing))

    def create(self, wanted: dict[str, Any]) -> None:
        self.client.post(self.entity, body(self.fields, {}, wanted, list(wanted)))

    def delete(self, raw: dict[str, Any]) -> None:
        self.client.delete(self.path(raw))
