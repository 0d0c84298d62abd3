# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding what others refer to, by number or name, and what was meant when it is missing."""

from __future__ import annotations

import difflib
from typing import Any, Iterable

from . import numbers, odata
from .client import Client
from .errors import ThreeCxError

SETS = {
    "extension": "Users",
    "voicemail": "Users",
    "ring_group": "RingGroups",
    "queue": "Queues",
    "ivr": "Receptionists",
}
_NOUNS = {
    "Users": "extension",
    "RingGroups": "ring group",
    "Queues": "queue",
    "Receptionists": "IVR",
}
INTERNAL_DEPARTMENT = "___FAVORITES___"


def meant(name: str, known: Iterable[str]) -> str:
    """Return a hint at the names that come near, else at those there are."""
    names = sorted(set(known))
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(near)}?"
    if not names:
        return "there is none at all."
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"there are: {shown}."


class Directory:
    """What is on the PBX, read when it is first asked for and not again in this run."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._found: dict[tuple[str, str], dict[str, Any] | None] = {}
        self._all: dict[str, list[dict[str, Any]]] = {}

    def _by_number(self, entity: str, number: str) -> dict[str, Any] | None:
        key = (entity, number)
        if key not in self._found:
            select = ["Id", "Number", "Mobile"] if entity == "Users" else ["Id", "Number"]
            found = self._client.every(entity, select, where=odata.by_number(number))
            self._found[key] = found[0] if found else None
        return self._found[key]

    def require(self, kind: str, number: str, where: str) -> dict[str, Any]:
        """Return the extension, ring group, queue or IVR with a number."""
        entity = SETS[kind]
        found = self._by_number(entity, number)
        if found is None:
            raise self._unknown(entity, number, where)
        return found

    def _unknown(self, entity: str, number: str, where: str) -> ThreeCxError:
        for other, noun in _NOUNS.items():
            if other != entity and self._by_number(other, number):
                words = f"{number} is a {noun}, not a {_NOUNS[entity]}."
                return ThreeCxError(f"{where}: {words}", "unknown_number")
        known = [one["Number"] for one in self._client.every(entity, ["Id", "Number"])]
        return ThreeCxError(
            f"{where}: the PBX has no {_NOUNS[entity]} {number}; {meant(number, known)}",
            "unknown_number",
        )

    def mobile(self, extension: str, where: str) -> str:
        """Return the mobile number of an extension's user."""
        user = self.require("extension", extension, where)
        mobile = numbers.plain(user.get("Mobile") or "")
        if not mobile:
            raise ThreeCxError(
                f"{where}: extension {extension} has no mobile number on the PBX. "
                "Give it one, or name the number itself with to: external.",
                "no_mobile",
            )
        return numbers.dialled(mobile, f"Mobile of extension {extension}")

    def departments(self) -> list[dict[str, Any]]:
        """Return the departments, without the lists of favourites that the API mixes in."""
        if "Groups" not in self._all:
            groups = self._client.every("Groups", ["Id", "Name", "Number"])
            self._all["Groups"] = [
                one for one in groups if not (one["Name"] or "").startswith(INTERNAL_DEPARTMENT)
            ]
        return self._all["Groups"]

    def department(self, name: str, where: str) -> dict[str, Any]:
        """Return the department with a name."""
        found = [one for one in self.departments() if one["Name"] == name]
        if not found:
            hint = meant(name, [one["Name"] for one in self.departments()])
            raise ThreeCxError(
                f"{where}: the PBX has no department {name}; {hint}", "unknown_department"
            )
        return found[0]

    def trunks(self) -> list[dict[str, Any]]:
        """Return the trunks; their name is that of their gateway."""
        if "Trunks" not in self._all:
            self._all["Trunks"] = self._client.every(
                "Trunks", ["Id", "Number", "Gateway", "DidNumbers"]
            )
        return self._all["Trunks"]

    def trunk(self, name: str, where: str) -> dict[str, Any]:
        """Return the trunk with a name, or with the number that the PBX gave it."""
        found = [one for one in self.trunks() if name in (trunk_name(one), one["Number"])]
        if len(found) > 1:
            numbered = ", ".join(one["Number"] for one in found)
            raise ThreeCxError(
                f"{where}: {len(found)} trunks are named {name}; use a number: {numbered}.",
                "ambiguous",
            )
        if not found:
            hint = meant(name, [trunk_name(one) for one in self.trunks()])
            raise ThreeCxError(f"{where}: the PBX has no trunk {name}; {hint}", "unknown_trunk")
        return found[0]


def trunk_name(trunk: dict[str, Any]) -> str:
    """Return what people call a trunk, which is the name of its gateway."""
    return (trunk.get("Gateway") or {}).get("Name") or trunk.get("Number") or ""
