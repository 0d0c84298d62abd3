# SPDX-License-Identifier: GPL-3.0-or-later
"""What a telephone system must be told after a switch, out of what it says of itself.

The entities are those of 3CX's configuration API, as it serves them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from relais.core.telephony.settings import Settings

Entity = Mapping[str, Any]
FIRST_PAUSE_S = 1.0
MOST_PAUSE_S = 20.0
ATTEMPTS = 10
"""Pauses of 1, 2, 4, 8, 16, 20 ... seconds: nearly two minutes, in which any line settles."""


@dataclass(frozen=True, slots=True)
class Address:
    """The public address that the system announces, and the one that it should."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Trunk:
    """A trunk to be refreshed. One that does not register is online whatever happens."""

    id: int
    name: str
    registers: bool
    online: bool


def pause_s(attempt: int, asked_s: float | None) -> float:
    """How long to wait after a failed attempt (from 1); longer when the system asked for it."""
    own = min(FIRST_PAUSE_S * float(1 << (attempt - 1)), MOST_PAUSE_S)
    return own if asked_s is None else min(max(own, asked_s), 2 * MOST_PAUSE_S)


def address(
    settings: Settings, wans: Sequence[str], network: Entity
) -> tuple[Address | None, str | None]:
    """The change of the public address that is due, and what is wrong with the one that stays.

    A system that finds its address by STUN is left alone.
    """
    announced = str(network.get("PublicStaticIP") or "")
    if not announced or network.get("StunDisabled") is False:
        return None, None
    known = [settings.public_addresses.get(wan) for wan in wans]
    wanted = known[0] if known else None
    if wanted is None:
        line = wans[0] if wans else "no WAN"
        return None, (
            f"the telephone system announces {announced}, but no static address of {line} is "
            "known: let it use STUN, or give public_addresses"
        )
    return (None, None) if wanted == announced else (Address(announced, wanted), None)


def trunks(settings: Settings, entities: Iterable[Entity]) -> tuple[list[Trunk], list[str]]:
    """The configured trunks, and the names that no trunk has."""
    known: dict[str, Entity] = {}
    for entity in entities:
        known.setdefault(str(entity.get("Number") or ""), entity)
        known[_name(entity)] = entity
    found = [_trunk(known[name], name) for name in settings.trunks if name in known]
    named = ", ".join(sorted({_name(entity) for entity in known.values()})) or "none"
    missing = [
        f"trunk {name!r} is not there; there are: {named}"
        for name in settings.trunks
        if name not in known
    ]
    return found, missing


def _name(entity: Entity) -> str:
    gateway = entity.get("Gateway")
    return str((gateway if isinstance(gateway, Mapping) else {}).get("Name") or "")


def _trunk(entity: Entity, name: str) -> Trunk:
    gateway = entity.get("Gateway")
    kind = gateway.get("RequireRegistrationFor") if isinstance(gateway, Mapping) else None
    online = entity.get("IsOnline") is True
    return Trunk(int(entity["Id"]), name, kind != "Nothing", online)
