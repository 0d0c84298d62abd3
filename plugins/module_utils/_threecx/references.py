# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What still routes to an object, so that deleting it would lose calls."""

from __future__ import annotations

from typing import Any, Iterator

from . import collect
from .client import Client
from .destinations import view
from .directory import trunk_name

_SETS = ("InboundRules", "RingGroups", "Queues", "Groups", "Users", "Receptionists")


def routes_to(client: Client, kind: str, number: str) -> list[str]:
    """Return in words what routes to a number: ``inbound rule DID 33199000001 routes to it``."""
    found = []
    for name in _SETS:
        for entity in collect.entities(client, name):
            if name in ("RingGroups", "Queues") and entity.get("Number") == number:
                continue
            if any(one == {"to": kind, "number": number} for one in _destinations(entity)):
                found.append(f"{called(name, entity)} routes to it")
            elif name == "Receptionists" and number in _menu(entity):
                found.append(f"{called(name, entity)} offers it")
    return found


def _destinations(value: Any) -> Iterator[dict[str, str]]:
    """Yield every destination in an entity, however deep."""
    if isinstance(value, list):
        for one in value:
            yield from _destinations(one)
    elif isinstance(value, dict):
        if "To" in value and "Number" in value:
            yield view(value)
        else:
            for one in value.values():
                yield from _destinations(one)


def _menu(entity: dict[str, Any]) -> list[str]:
    forwards = entity.get("Forwards") or []
    return [entity.get("TimeoutForwardDN"), *(one.get("ForwardDN") for one in forwards)]


def called(name: str, entity: dict[str, Any]) -> str:
    """Return what people call an entity of a set."""
    if name == "InboundRules":
        return f"inbound rule {entity.get('RuleName') or entity.get('Data') or entity.get('Id')}"
    if name == "Groups":
        return f"department {entity.get('Name')}"
    if name == "Trunks":
        return f"trunk {trunk_name(entity)}"
    nouns = {
        "RingGroups": "ring group",
        "Queues": "queue",
        "Users": "extension",
        "Receptionists": "IVR",
    }
    return f"{nouns.get(name, name)} {entity.get('Number')}"
