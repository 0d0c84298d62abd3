# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PBX as an audit sees it: who is there, over which rules and trunks a call goes out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Iterator, Mapping

from .directory import trunk_name

Entity = Mapping[str, Any]

SETS = {
    "Extension": "Users",
    "VoiceMail": "Users",
    "RingGroup": "RingGroups",
    "Queue": "Queues",
    "IVR": "Receptionists",
}
NOUNS = {
    "Users": "extension",
    "RingGroups": "ring group",
    "Queues": "queue",
    "Receptionists": "IVR",
}
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_NATIONAL = re.compile(r"0[0-9]{5,14}")
_SEPARATORS = re.compile(r"[\s./()\u00a0\u202f-]+")


def plain(number: Any) -> str:
    """Return a number without what people put between its digits."""
    return _SEPARATORS.sub("", str(number or ""))


def is_dialled(number: Any) -> bool:
    """Tell whether a number is in E.164 or national form."""
    bare = plain(number)
    return bool(_E164.fullmatch(bare) or _NATIONAL.fullmatch(bare))


def same_number(one: Any, other: Any) -> bool:
    """Tell whether two numbers are written alike, with or without the plus and separators."""
    return plain(one).lstrip("+") == plain(other).lstrip("+")


@dataclass(frozen=True)
class Owner:
    """In whose name a call goes out: the departments and extension decide which rules apply."""

    label: str
    groups: frozenset[int]
    extension: str = ""


class Exchange:
    """Looks things up in what the API served."""

    def __init__(self, entities: Mapping[str, Any]) -> None:
        self.entities = entities
        self.trunks = list(self._list("Trunks"))
        self._trunks = {one["Id"]: one for one in self.trunks}
        self.groups = {one["Id"]: one for one in self._list("Groups")}
        self.default = next((one for one in self.groups.values() if one.get("IsDefault")), None)
        self._numbered = {
            name: {str(one.get("Number")): one for one in self._list(name)} for name in NOUNS
        }

    def _list(self, name: str) -> list[Entity]:
        return list(self.entities.get(name) or [])

    def every(self, name: str) -> list[Entity]:
        """Return the entities of a set."""
        return self._list(name)

    def single(self, name: str) -> Entity:
        """Return the one object of a name, empty where it was not read."""
        return self.entities.get(name) or {}

    def numbered(self, name: str, number: Any) -> Entity | None:
        """Return the entity of a set with a number."""
        return self._numbered[name].get(str(number or ""))

    def department(self, name: str) -> Entity | None:
        """Return a department by its name."""
        return next((one for one in self.groups.values() if one.get("Name") == name), None)

    def department_of(self, entity: Entity) -> Entity:
        """Return the department of something: the primary one, the first one, the default."""
        ids = [one.get("GroupId") for one in entity.get("Groups") or []]
        for group_id in [entity.get("PrimaryGroupId"), *ids]:
            if group_id in self.groups:
                return self.groups[group_id]
        return self.default or {}

    def owner(self, entity: Entity, label: str) -> Owner:
        """Return in whose name something forwards."""
        ids = {one.get("GroupId") for one in entity.get("Groups") or []}
        known = frozenset(one for one in ids if isinstance(one, int))
        if not known:
            group = self.department_of(entity)
            known = frozenset([group["Id"]] if group else [])
        return Owner(label, known, str(entity.get("Number") or ""))

    def owner_of_department(self, group: Entity) -> Owner:
        """Return in whose name a department forwards."""
        return Owner(f"department {group.get('Name')}", frozenset([group["Id"]]))

    def rules(self) -> list[Entity]:
        """Return all outbound rules in the order in which they are looked at."""
        found = []
        for name in ("EmergencyOutboundRules", "OutboundRules"):
            found += sorted(self._list(name), key=lambda one: int(one.get("Priority") or 0))
        return found

    def rule_for(self, number: str, owner: Owner) -> Entity | None:
        """Return the first rule that takes a number that somebody dials."""
        return next((rule for rule in self.rules() if takes(rule, number, owner)), None)

    def rule_but_for_rights(self, number: str) -> Entity | None:
        """Return a rule that would take a number if the caller were allowed to use it."""
        nobody = Owner("", frozenset())
        for rule in self.rules():
            if takes(dict(rule, GroupIds=[], DNRanges=[]), number, nobody):
                return rule
        return None

    def routes(self, rule: Entity) -> list[Entity]:
        """Return the trunks of a rule in their order, without the empty places."""
        trunks = [self._trunks.get(one.get("TrunkId")) for one in rule.get("Routes") or []]
        return [one for one in trunks if one is not None]

    def trunk_of(self, number: Any) -> Entity | None:
        """Return the trunk that a number called from outside belongs to."""
        for trunk in self.trunks:
            if any(same_number(one, number) for one in trunk.get("DidNumbers") or []):
                return trunk
        return None


def host(trunk: Entity) -> str:
    """Return the host of a trunk, by which it fails."""
    gateway = trunk.get("Gateway") or {}
    return str(gateway.get("Host") or gateway.get("ProxyHost") or trunk_name(trunk)).lower()


def takes(rule: Entity, number: str, owner: Owner) -> bool:
    """Tell whether a rule takes a number. An emergency rule takes the whole number only."""
    prefixes = list(expanded(rule.get("Prefix")))
    if rule.get("EmergencyRule"):
        return number in prefixes
    if prefixes and not any(number.startswith(one) for one in prefixes):
        return False
    lengths = list(expanded(rule.get("NumberLengthRanges")))
    if lengths and str(len(number.lstrip("+"))) not in lengths:
        return False
    groups = rule.get("GroupIds") or []
    if groups and not owner.groups.intersection(groups):
        return False
    ranges = rule.get("DNRanges") or []
    return not ranges or any(_within(one, owner.extension) for one in ranges)


def _within(span: Entity, extension: str) -> bool:
    first = str(span.get("From") or "")
    last = str(span.get("To") or first)
    return len(extension) == len(first) and first <= extension <= last


def expanded(text: Any) -> Iterator[str]:
    """Yield the items of a list of digits in which neighbours may be joined: 15,17-18."""
    for item in (part.strip() for part in str(text or "").split(",")):
        first, _dash, last = item.partition("-")
        if first.isdigit() and last.isdigit():
            for value in range(int(first), int(last) + 1):
                yield str(value).zfill(len(first))
        elif item:
            yield item
