# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of the core as plain JSON values, and back without loss.

The types themselves say how: every field of a frozen dataclass is written, so that none can be
forgotten. Enumerations are written as their values, tuples and sets as arrays, an infinite number
as "inf" or "-inf", since JSON has none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from relais.core.events import Traffic
from relais.core.model import Member

POSITIONAL = (Traffic, Member)
"""Written as an array of their fields, in their order: there are many of them."""
Unknown = list[str]
Read = Callable[[Any, str, Unknown], Any]


class CodecError(ValueError):
    """A value cannot be read or written; the message names its path."""


@dataclass(frozen=True, slots=True)
class Form:
    """How values of one type are written as JSON values, and read from them at a path."""

    write: Callable[[Any], Any]
    read: Read


def encode(value: object) -> Any:
    """A value of a dataclass of the core as a JSON value. Raises CodecError."""
    kind: Any = type(value)
    return form_of(kind).write(value)


def decode(kind: type, plain: object, path: str = "") -> tuple[Any, tuple[str, ...]]:
    """The value of `kind` that `plain` stands for, and the paths in it that nothing here knows.

    Fields that are missing take their default. Raises CodecError.
    """
    unknown: Unknown = []
    return form_of(kind).read(plain, path, unknown), tuple(unknown)


@cache
def form_of(hint: Any) -> Form:
    """The form of a type as it is declared. Raises CodecError for one that has none."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is object:
        return Form(_any, lambda value, _path, _unknown: value)
    if hint is float:
        return Form(_write_number, _read_number)
    if hint in _SCALARS:
        return Form(_same, _scalar(hint))
    if origin in (Union, UnionType):
        return _optional(arguments)
    if origin is tuple:
        return _tuple(arguments)
    if origin is frozenset:
        return _set(form_of(arguments[0]))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(form_of(arguments[1]))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Form(lambda value: value.value, _enumeration(hint))
    if isinstance(hint, type) and is_dataclass(hint):
        return _record(hint)
    raise CodecError(f"{hint!r} has no form in JSON")


def _same(value: Any) -> Any:
    return value


_SCALARS: dict[Any, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    str: ((str,), "text"),
    NoneType: ((NoneType,), "null"),
}


def _wrong(path: str, wanted: str, value: object) -> CodecError:
    return CodecError(f"{path} must be {wanted}, not {value!r:.80}")


def _scalar(kind: type) -> Read:
    types, words = _SCALARS[kind]

    def read(value: Any, path: str, _unused: Unknown) -> Any:
        if not isinstance(value, types) or (isinstance(value, bool) and kind is not bool):
            raise _wrong(path, words, value)
        return value

    return read


def _write_number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


_read_finite = _scalar(float)


def _read_number(value: Any, path: str, unknown: Unknown) -> Any:
    return float(value) if value in ("inf", "-inf") else _read_finite(value, path, unknown)


def _optional(arguments: tuple[Any, ...]) -> Form:
    inner = [argument for argument in arguments if argument is not NoneType]
    if len(inner) != 1 or len(arguments) != 2:
        raise CodecError(f"a union of {arguments!r} has no form in JSON")
    form = form_of(inner[0])
    return Form(
        lambda value: None if value is None else form.write(value),
        lambda value, path, unknown: None if value is None else form.read(value, path, unknown),
    )


def _tuple(arguments: tuple[Any, ...]) -> Form:
    if arguments[1:] == (Ellipsis,):
        one = form_of(arguments[0])
        return Form(
            lambda value: [one.write(item) for item in value],
            lambda value, path, unknown: tuple(
                one.read(item, f"{path}[{index}]", unknown)
                for index, item in enumerate(_array(value, path))
            ),
        )
    forms = [form_of(argument) for argument in arguments]

    def read(value: Any, path: str, unknown: Unknown) -> Any:
        if len(_array(value, path)) != len(forms):
            raise _wrong(path, f"an array of {len(forms)}", value)
        pairs = enumerate(zip(forms, value, strict=True))
        return tuple(form.read(item, f"{path}[{i}]", unknown) for i, (form, item) in pairs)

    return Form(lambda v: [f.write(item) for f, item in zip(forms, v, strict=True)], read)


def _set(one: Form) -> Form:
    return Form(
        lambda value: sorted(one.write(item) for item in value),
        lambda value, path, unknown: frozenset(
            one.read(item, f"{path}[{index}]", unknown)
            for index, item in enumerate(_array(value, path))
        ),
    )


def _array(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong(path, "an array", value)
    return value


def _mapping(one: Form) -> Form:
    def read(value: Any, path: str, unknown: Unknown) -> Any:
        if not isinstance(value, dict):
            raise _wrong(path, "an object", value)
        return {k: one.read(item, f"{path}.{k}", unknown) for k, item in value.items()}

    return Form(lambda value: {key: one.write(item) for key, item in value.items()}, read)


def _enumeration(kind: type[Enum]) -> Read:
    def read(value: Any, path: str, _unused: Unknown) -> Any:
        try:
            return kind(value)
        except ValueError as error:
            known = ", ".join(str(member.value) for member in kind)
            raise _wrong(path, f"one of {known}", value) from error

    return read


def _record(kind: type) -> Form:
    hints = get_type_hints(kind)
    forms = {item.name: form_of(hints[item.name]) for item in fields(kind)}
    needed = {
        item.name
        for item in fields(kind)
        if item.default is MISSING and item.default_factory is MISSING
    }

    def read(value: Any, path: str, unknown: Unknown) -> Any:
        if kind in POSITIONAL:
            if len(_array(value, path)) > len(forms):
                raise _wrong(path, f"an array of {len(forms)}", value)
            value = dict(zip(forms, value, strict=False))
        elif not isinstance(value, dict):
            raise _wrong(path, "an object", value)
        prefix = f"{path}." if path else ""
        unknown += [f"{prefix}{key}" for key in value if key not in forms]
        missing = sorted(needed - value.keys())
        if missing:
            raise CodecError(f"{prefix}{missing[0]} is missing")
        known = (name for name in forms if name in value)
        return kind(**{n: forms[n].read(value[n], f"{prefix}{n}", unknown) for n in known})

    if kind in POSITIONAL:
        return Form(lambda v: [form.write(getattr(v, n)) for n, form in forms.items()], read)
    return Form(lambda v: {n: form.write(getattr(v, n)) for n, form in forms.items()}, read)


def _any(value: Any) -> Any:
    """Where a field may hold any object, it may hold what JSON has."""
    match value:
        case None | bool() | int() | float() | str() if not isinstance(value, Enum):
            return value
        case tuple() | list():
            return [_any(item) for item in value]
        case Mapping():
            return {str(key): _any(item) for key, item in value.items()}
        case _:
            raise CodecError(f"{value!r:.80} has no form in JSON")
