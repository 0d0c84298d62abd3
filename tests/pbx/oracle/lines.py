# SPDX-License-Identifier: GPL-3.0-or-later
"""Over which trunk a number comes in, by which rule, and how a number outside is reached."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Entity = Mapping[str, Any]


def digits(number: str) -> str:
    """Return the digits of a number, so that `+33 1` and `331` are the same."""
    return "".join(char for char in number if char.isdecimal())


def trunk_name(trunk: Entity) -> str:
    """Return the name that people know a trunk by."""
    return str((trunk.get("Gateway") or {}).get("Name") or trunk["Number"])


def is_reachable(trunk: Entity) -> bool:
    """Tell whether a trunk works; of one that never registers nobody knows better."""
    registers = (trunk.get("Gateway") or {}).get("RequireRegistrationFor") != "Nothing"
    return bool(trunk.get("IsOnline")) or not registers


def inbound_trunk(trunks: Collection[Entity], number: str) -> Entity | None:
    """Return the trunk that a number from outside belongs to."""
    for trunk in trunks:
        if any(digits(did) == digits(number) for did in trunk.get("DidNumbers") or []):
            return trunk
    return None


def inbound_rule(
    rules: Collection[Entity], trunk: Entity, number: str, caller: str
) -> Entity | None:
    """Return the rule that takes a call: by caller, else by number, else the trunk's own."""
    own = [
        rule
        for rule in rules
        if (rule.get("TrunkDN") or {}).get("Number") == trunk["Number"]
        and rule.get("CallType") != "InternalCallsOnly"
    ]
    for condition, value in (("BasedOnCallerID", caller), ("BasedOnDID", number)):
        for rule in own:
            if rule.get("Condition") == condition and _fits(str(rule.get("Data") or ""), value):
                return rule
    return next((rule for rule in own if rule.get("Condition") == "ForwardAll"), None)


def _fits(pattern: str, number: str) -> bool:
    wanted, found = digits(pattern), digits(number)
    if not wanted or not found:
        return False
    if pattern.endswith("*"):
        return found.startswith(wanted)
    return found.endswith(wanted) if pattern.startswith("*") else found == wanted


@dataclass(frozen=True)
class Way:
    """How a number outside is dialled, or why it is not."""

    why: str
    trunk: str = ""
    dialled: str = ""


@dataclass(frozen=True)
class Caller:
    """Who dials out: the departments and the extension decide which rules are theirs."""

    groups: frozenset[int]
    extension: str = ""


def way_out(
    entities: Mapping[str, Any], number: str, caller: Caller, busy: Mapping[str, int]
) -> Way:
    """Return how a number outside is reached; `busy` counts the channels that a call holds."""
    rule = _outbound_rule(entities, number, caller)
    if rule is None:
        return Way(f"no outbound rule for {number} that the department may use")
    trunks = {trunk["Id"]: trunk for trunk in entities.get("Trunks", [])}
    skipped = []
    for route in rule.get("Routes") or []:
        trunk = trunks.get(route.get("TrunkId"))
        if trunk is None:
            continue
        if obstacle := _obstacle(trunk, busy.get(trunk["Number"], 0)):
            skipped.append(f"{trunk_name(trunk)} {obstacle}")
            continue
        kept = number[int(route.get("StripDigits") or 0) :]
        dialled = f"{route.get('Prepend') or ''}{kept}{route.get('Append') or ''}"
        why = "; ".join([f"outbound rule {rule['Name']}", *skipped])
        return Way(why, trunk_name(trunk), dialled)
    tried = "; ".join(skipped) or "it has no routes, which blocks the number"
    return Way(f"outbound rule {rule['Name']} leads over no trunk: {tried}")


def _obstacle(trunk: Entity, held: int) -> str:
    if trunk.get("Direction") in ("None", "Inbound") or trunk.get("EnableOutboundCalls") is False:
        return "takes no outbound calls"
    if not is_reachable(trunk):
        return "is not registered"
    limit = trunk.get("SimultaneousCalls")
    return "has no channel left" if limit is not None and held >= limit else ""


def _outbound_rule(entities: Mapping[str, Any], number: str, caller: Caller) -> Entity | None:
    ordered = [
        *sorted(entities.get("EmergencyOutboundRules", []), key=_priority),
        *sorted(entities.get("OutboundRules", []), key=_priority),
    ]
    return next((rule for rule in ordered if _takes(rule, number, caller)), None)


def _priority(rule: Entity) -> int:
    return int(rule.get("Priority") or 0)


def _takes(rule: Entity, number: str, caller: Caller) -> bool:
    prefixes = list(expanded(rule.get("Prefix") or ""))
    if rule.get("EmergencyRule"):
        return number in prefixes
    if prefixes and not any(number.startswith(prefix) for prefix in prefixes):
        return False
    lengths = list(expanded(rule.get("NumberLengthRanges") or ""))
    if lengths and str(len(digits(number))) not in lengths:
        return False
    groups = rule.get("GroupIds") or []
    if groups and not caller.groups.intersection(groups):
        return False
    ranges = rule.get("DNRanges") or []
    return not ranges or any(_in_range(each, caller.extension) for each in ranges)


def _in_range(each: Entity, extension: str) -> bool:
    first, last = each.get("From") or "", each.get("To") or each.get("From") or ""
    return len(extension) == len(first) and first <= extension <= last


def expanded(text: str) -> Iterator[str]:
    """Yield the items of a list in which neighbours may be joined: `15,17-18` is 15, 17, 18."""
    for item in (part.strip() for part in text.split(",")):
        first, dash, last = item.partition("-")
        if dash and first.isdecimal() and last.isdecimal():
            for value in range(int(first), int(last) + 1):
                yield str(value).zfill(len(first))
        elif item:
            yield item
