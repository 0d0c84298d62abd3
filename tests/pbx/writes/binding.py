# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes a body apart by the tables: what cannot be bound is refused as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.pbx.errors import unbindable
from tests.pbx.model import TYPES, Complex, Enum, Kind, Many, Scalar, Type, Version


def bind(of: Type, body: Any, version: Version) -> dict[str, Any]:
    """Return the properties of a body, inner objects filled up with their defaults.

    A partial inner object therefore replaces the whole of what was there, as it does on a PBX.
    """
    if not isinstance(body, Mapping):
        raise unbindable()
    known = of.known(version)
    bound: dict[str, Any] = {}
    for name, value in body.items():
        if name.startswith("@odata.") or "@odata." in name:
            continue
        if name not in known:
            raise unbindable()
        bound[name] = _value(known[name].kind, value, version)
    return bound


def _value(kind: Kind, value: Any, version: Version) -> Any:
    match kind:
        case Many(of=inner):
            if not isinstance(value, list):
                raise unbindable()
            return [_value(inner, item, version) for item in value]
        case Complex(type=name):
            return None if value is None else _filled(TYPES[name], value, version)
        case Enum(words=words):
            if value is not None and value not in words:
                raise unbindable()
        case Scalar():
            if value is not None and not kind.takes(value):
                raise unbindable()
    return value


def _filled(of: Type, value: Any, version: Version) -> dict[str, Any]:
    bound = bind(of, value, version)
    for name, prop in of.known(version).items():
        if name not in bound and prop.navigation == "inline":
            bound[name] = [] if isinstance(prop.kind, Many) else prop.default
    return bound
