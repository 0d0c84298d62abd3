# SPDX-License-Identifier: GPL-3.0-or-later
"""Frozen dataclasses that cost little: copies of large ones, small ones made by the thousand."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any, TypeVar

T = TypeVar("T")
_new = object.__new__
_set = object.__setattr__


def evolve(value: T, **changes: object) -> T:
    """A copy of a frozen dataclass (without `slots`) with some fields replaced.

    `dataclasses.replace` goes through `__init__` field by field; for a value of thirty fields that
    costs more than all that the core computes. Raises TypeError for an unknown field.

    The copy's dict is built as a new one: a copy of one that shares its keys with the class goes on
    sharing them, and CPython 3.11 then takes two to three times as long to read an attribute.
    """
    fields = value.__dict__
    merged = {**fields, **changes}
    if len(merged) != len(fields):
        unknown = ", ".join(sorted(changes.keys() - fields.keys()))
        raise TypeError(f"{type(value).__name__} has no field {unknown}")
    copy = _new(type(value))
    _set(copy, "__dict__", merged)
    return copy


def swift(kind: type[T]) -> type[T]:
    """Class decorator, above `@dataclass(frozen=True, slots=True)`: the same `__init__`, made fast.

    The one that dataclasses writes looks up and calls `object.__setattr__` for each field; this one
    calls the slots themselves, in half the time. Every event makes several such values. Defaults
    are plain values; raises TypeError for a default factory.
    """
    given: dict[str, Any] = {}
    head, body = ["self"], []
    for field in fields(kind):  # type: ignore[arg-type]
        name = field.name
        if field.default_factory is not MISSING:
            raise TypeError(f"{kind.__name__}.{name}: a default factory is not for swift values")
        given[f"_set_{name}"] = kind.__dict__[name].__set__
        body.append(f"    _set_{name}(self, {name})")
        if field.default is MISSING:
            head.append(name)
        else:
            given[f"_default_{name}"] = field.default
            head.append(f"{name}=_default_{name}")
    source = "\n".join([f"def __init__({', '.join(head)}):", *body])
    exec(source, given)  # noqa: S102 - made of the names of fields, nothing else
    init = given["__init__"]
    init.__qualname__ = f"{kind.__qualname__}.__init__"
    kind.__init__ = init  # type: ignore[method-assign]
    return kind
