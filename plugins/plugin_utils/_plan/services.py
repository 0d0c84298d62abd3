# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""The plan's services: ids, members, verdicts, matches, domain sets and limits."""

from __future__ import annotations

from typing import Any

from .kinds import read_record
from .matches import expressions
from .problems import Problems
from .variables import BLOCK, DEFAULT_SERVICE, MOST_STABLE, SERVICE
from .wans import Record, mark, wan_mark

DEFAULT_ID = 255
KBYTES_PER_MBIT = 125


def planned_services(
    services: list[Record], wans: list[Record], users: dict[str, Any]
) -> list[Record]:
    """Return the services in order of matching, the last being ``default``."""
    named = [service for service in services if service["name"] != DEFAULT_SERVICE]
    last = [service for service in services if service["name"] == DEFAULT_SERVICE]
    if not last:
        last = [read_record({"name": DEFAULT_SERVICE}, Problems().at("default"), SERVICE)]
    numbered = [*enumerate(named, 1), (DEFAULT_ID, last[0])]
    return [_planned(service_id, service, wans, users) for service_id, service in numbered]


def _planned(service_id: int, service: Record, wans: list[Record], users: dict[str, Any]) -> Record:
    mode, members = _members(service, wans)
    name, on_backup = service["name"], service["on_backup"]
    matches, sets = _matches(service, users)
    chain = f"spread_{name}" if mode == "balance" else f"via_{members[0]['wan']}"
    ids = {wan["name"]: wan["id"] for wan in wans}
    limit = on_backup["limit_mbit"] if isinstance(on_backup, dict) else None
    return {
        "id": service_id,
        "name": name,
        "importance": service["importance"],
        "mode": mode,
        "members": members,
        "initial_verdict": f"goto {chain}",
        "chain": f"class_{name}",
        "mark": mark(service_id),
        "matches": matches,
        "sets": sets,
        "sla": {key: value for key, value in service["sla"].items() if value is not None},
        "patience_ms": service["patience_ms"],
        "failback": service["failback"],
        "on_backup": on_backup,
        "backup_marks": [wan_mark(ids[member["wan"]], service_id) for member in members[1:]],
        "block_on_backup": on_backup == BLOCK,
        "limit_on_backup_kbytes": None if limit is None else max(1, int(limit * KBYTES_PER_MBIT)),
    }


def _members(service: Record, wans: list[Record]) -> tuple[str, list[Record]]:
    """Return how a service chooses, and its WANs in order of preference."""
    order = [wan["name"] for wan in wans]
    balance, prefer = service["balance"], service["prefer"]
    if balance is not None:
        heaviest = sorted(balance, key=lambda name: (-balance[name], order.index(name)))
        return "balance", [{"wan": name, "weight": balance[name]} for name in heaviest]
    mode = MOST_STABLE if prefer == MOST_STABLE else "ordered"
    names = prefer if isinstance(prefer, list) else order
    return mode, [{"wan": name, "weight": 1} for name in names]


def _matches(service: Record, users: dict[str, Any]) -> tuple[list[str], list[Record]]:
    """Return the match expressions of a service and the sets that they look up."""
    matches: list[str] = []
    sets: list[Record] = []
    names_by_domains: dict[tuple[str, ...], dict[int, str]] = {}
    for entry in service["match"] or []:
        set_names: dict[int, str] = {}
        if entry["domains"] is not None:
            domains = tuple(dict.fromkeys(name.lower() for name in entry["domains"]))
            if domains not in names_by_domains:
                nth = len(names_by_domains) + 1
                # The number stands before the service's name: no other name can then collide.
                stem = f"domains{nth if nth > 1 else ''}_{service['name']}"
                names_by_domains[domains] = {4: f"{stem}4", 6: f"{stem}6"}
                sets += _sets(names_by_domains[domains], list(domains))
            set_names = names_by_domains[domains]
        matches += expressions(entry, users, set_names)
    return list(dict.fromkeys(matches)), sets


def _sets(names: dict[int, str], domains: list[str]) -> list[Record]:
    return [
        {"name": names[version], "type": f"ipv{version}_addr", "domains": list(domains)}
        for version in (4, 6)
    ]
