# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers: where those that the outside calls end, and whether every forward finds a way out."""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from .audit_findings import Findings
from .audit_paths import CLOSED, DARK, End, Paths, legs, profile
from .audit_pbx import NOUNS, SETS, Entity, Owner, is_dialled, same_number
from .directory import trunk_name

_ROUTES = {
    "OutOfOfficeRoute": "out of office",
    "BreakRoute": "in a break",
    "HolidaysRoute": "on a holiday",
}


def _all_forwards(paths: Paths) -> Iterator[tuple[str, str, Owner, Entity]]:
    """Yield each destination that is set: of what, when, in whose name, and where to."""
    exchange = paths.exchange
    for user in exchange.every("Users"):
        label = f"extension {user.get('Number')}"
        owner = exchange.owner(user, label)
        for leg, destination in legs(profile(user)):
            yield label, leg, owner, destination
    for name in ("RingGroups", "Queues", "Receptionists"):
        for entity in exchange.every(name):
            label = f"{NOUNS[name]} {entity.get('Number')}"
            owner = exchange.owner(entity, label)
            yield label, "no answer", owner, entity.get("ForwardNoAnswer") or {}
            for key, when in _ROUTES.items():
                yield label, when, owner, (entity.get(key) or {}).get("Route") or {}
    for group in exchange.groups.values():
        owner = exchange.owner_of_department(group)
        for key, when in _ROUTES.items():
            yield owner.label, when, owner, (group.get(key) or {}).get("Route") or {}
    for rule in exchange.every("InboundRules"):
        owner = _owner_of_rule(paths, rule)
        for when, destination in _destinations(rule):
            yield owner.label, when, owner, destination


def forwards(paths: Paths, _expected: Mapping[str, Any], findings: Findings) -> None:
    """A forward leads to something that is there, does not come back, and finds a way out."""
    ways: dict[tuple[str, str, str], list[str]] = {}
    for label, when, owner, destination in _all_forwards(paths):
        end = paths.end(destination, owner)
        if end.kind == "loop":
            findings.error(
                "loop",
                " and ".join(sorted(set(end.way))),
                "forward to each other, and a call that nobody takes goes round in a circle",
                "End the circle at a mobile",
            )
        elif end.kind == "missing" and not end.way:
            findings.error(
                "missing", label, f"sends calls ({when}) {end.told}", "Name one that is there"
            )
        elif destination.get("To") == "External":
            problem = _way_out(paths, str(destination.get("External") or ""), owner)
            if problem is not None:
                ways.setdefault((label, *problem), []).append(when)
    for (label, message, remedy), when in ways.items():
        findings.error("way_out", label, f"{message} ({'; '.join(when)})", remedy)


def _way_out(paths: Paths, number: str, owner: Owner) -> tuple[str, str] | None:
    """Return what is wrong with dialling a number, and the remedy; None when it works."""
    exchange = paths.exchange
    if not is_dialled(number):
        return (
            f"forwards to {number or 'an empty number'}, which no trunk can dial",
            "Write it in E.164, such as +33199000101, or as the country dials it",
        )
    if exchange.trunk_of(number) is not None:
        return (
            f"forwards to {number}, a number of this PBX, so that the call comes back",
            "Name a number outside",
        )
    rule = exchange.rule_for(number, owner)
    if rule is not None and not exchange.routes(rule):
        return (
            f"forwards to {number}, which the outbound rule {rule.get('Name')} blocks",
            "Give the rule trunks, or put one that takes the number before it",
        )
    if rule is not None:
        return None
    other = exchange.rule_but_for_rights(number)
    if other is not None:
        return (
            f"forwards to {number}, and its department may not use the outbound rule"
            f" {other.get('Name')}",
            "Let the department use the rule",
        )
    return (
        f"forwards to {number}, which matches no outbound rule",
        "Add a rule for such numbers, or write the number as a rule takes it",
    )


def _owner_of_rule(paths: Paths, rule: Entity) -> Owner:
    exchange = paths.exchange
    target = rule.get("OfficeHoursDestination") or {}
    name = SETS.get(target.get("To") or "")
    entity = exchange.numbered(name, target.get("Number")) if name else None
    group = exchange.department_of(entity or {})
    label = f"inbound rule {rule.get('RuleName') or rule.get('Data') or rule.get('Id')}"
    return Owner(label, frozenset([group["Id"]] if group else []))


def _destinations(rule: Entity) -> list[tuple[str, Entity]]:
    found = [("office open", rule.get("OfficeHoursDestination") or {})]
    if rule.get("AlterDestinationDuringOutOfOfficeHours"):
        found.append(("out of office", rule.get("OutOfOfficeHoursDestination") or {}))
    if rule.get("AlterDestinationDuringHolidays"):
        found.append(("on a holiday", rule.get("HolidaysDestination") or {}))
    return found


def inbound_rules(paths: Paths, _expected: Mapping[str, Any], findings: Findings) -> None:
    """A rule for a number works when the number is among those of its trunk."""
    trunks = {str(one.get("Number")): one for one in paths.exchange.trunks}
    for rule in paths.exchange.every("InboundRules"):
        trunk = trunks.get(str((rule.get("TrunkDN") or {}).get("Number")))
        did = str(rule.get("Data") or "")
        if trunk is None or rule.get("Condition") != "BasedOnDID" or "*" in did:
            continue
        if not any(same_number(did, one) for one in trunk.get("DidNumbers") or []):
            findings.error(
                "did",
                _owner_of_rule(paths, rule).label,
                f"is for {did}, which is not among the numbers of trunk {trunk_name(trunk)}, so"
                " that it never takes a call",
                "Add the number to the trunk",
            )


def vital_numbers(paths: Paths, expected: Mapping[str, Any], findings: Findings) -> None:
    """A number that the outside calls ends at a mobile, office open or closed."""
    for number in expected.get("numbers") or []:
        label = f"number {number}"
        rule = next(
            (one for one in paths.exchange.every("InboundRules") if _for(one, number)), None
        )
        if paths.exchange.trunk_of(number) is None:
            findings.error(
                "number", label, "is on no trunk of the PBX", "Add it to the numbers of its trunk"
            )
        elif rule is None:
            findings.error(
                "number", label, "has no inbound rule", "Make one with threecx_inbound_rule"
            )
        else:
            owner = _owner_of_rule(paths, rule)
            for when, destination in _destinations(rule):
                mode = DARK if when == "office open" else CLOSED
                _vital_end(label, when, paths.end(destination, owner, mode), findings)


def _for(rule: Entity, number: str) -> bool:
    return rule.get("Condition") == "BasedOnDID" and same_number(rule.get("Data"), number)


def _vital_end(label: str, when: str, end: End, findings: Findings) -> None:
    if end.kind != "external":
        dark = "on a dark site" if when == "office open" else when
        findings.error(
            "number",
            label,
            f"ends {end.told} ({dark})",
            "Give what it rings a fallback that ends at a mobile",
        )


def departments(paths: Paths, expected: Mapping[str, Any], findings: Findings) -> None:
    """A department that is switched to closed sends its calls to a mobile."""
    for name in expected.get("departments") or []:
        group = paths.exchange.department(name)
        if group is None:
            findings.error(
                "department",
                f"department {name}",
                "does not exist on the PBX",
                "Correct its name in the inventory",
            )
            continue
        owner = paths.exchange.owner_of_department(group)
        route = (group.get("OutOfOfficeRoute") or {}).get("Route") or {}
        end = paths.end(route, owner, CLOSED)
        if end.kind != "external":
            findings.error(
                "department",
                owner.label,
                f"ends {end.told} once it is switched to closed",
                "Give it a route out of office that ends at a mobile",
            )
