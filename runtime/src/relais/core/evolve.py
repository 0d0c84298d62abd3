# SPDX-License-Identifier: GPL-3.0-or-later
"""A fast `dataclasses.replace` for the few large values that change with every event."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")
_new = object.__new__
_set = object.__setattr__


def evolve(value: T, **changes: object) -> T:
    """A copy of a frozen dataclass (without `slots`) with some fields replaced.

    `dataclasses.replace` goes through `__init__` field by field; for a value of thirty fields that
    costs more than all that the core computes. Raises TypeError for an unknown field.
    """
    fields = value.__dict__
    merged = fields | changes
    if len(merged) != len(fields):
        unknown = ", ".join(sorted(changes.keys() - fields.keys()))
        raise TypeError(f"{type(value).__name__} has no field {unknown}")
    copy = _new(value.__class__)
    _set(copy, "__dict__", merged)
    return copy
