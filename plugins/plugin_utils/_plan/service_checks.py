# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""What one may not say of the service map."""

from __future__ import annotations

from typing import Any

from .matches import check_entry, covers
from .problems import Place, Problems, did_you_mean, usable
from .spreads import SLOTS, slots
from .variables import BLOCK, DEFAULT_SERVICE, MOST_STABLE, SERVICE
from .wans import Record, each, readable, report_duplicates

LAST_SERVICE_ID = 254
DEFAULT_KEYS = ("name", "prefer", "balance", "failback", "patience_ms")


def check_users(users: Any, place: Place) -> None:
    """Report priority users of the same name."""
    report_duplicates(users, place, "name", lambda _unused: "give each user a name of its own")


def addresses_of(users: Any) -> dict[str, Any]:
    """Return the addresses of each priority user that could be read."""
    return {
        user["name"]: user["addresses"]
        for user in readable(users)
        if usable(user["name"], user["addresses"])
    }


def check_services(services: Any, given: Any, wans: Any, users: Any, problems: Problems) -> None:
    """Report what is wrong with the service map.

    `given` is the map as it was written, to tell a key that was given from its default.
    """
    place = problems.at("relais_services")
    report_duplicates(
        services, place, "name", lambda _unused: "give each service a name of its own"
    )
    if isinstance(services, list) and len(services) > LAST_SERVICE_ID:
        place.wrong(f"{len(services)} services", f"use {LAST_SERVICE_ID} or fewer")
    known = _names(wans)
    for index, (service, where) in enumerate(_indexed(services, place)):
        if service is None:
            continue
        if service["name"] == DEFAULT_SERVICE:
            _check_default(given[index], where)
        elif service["match"] is None:
            where.key("match").wrong(
                "missing", 'say which traffic it is, such as match: [{ports: ["udp/5060"]}]'
            )
        _check_choice(service, known, where)
        _check_on_backup(service, where)
    _check_matches(services, place, addresses_of(users), _names(users))


def _names(records: Any) -> list[str] | None:
    """Return the names of records; None where one could not be read, so that nobody can tell."""
    if not isinstance(records, list) or not all(isinstance(item, dict) for item in records):
        return None
    names = [item["name"] for item in records]
    return list(dict.fromkeys(names)) if usable(*names) else None


def _indexed(services: Any, place: Place) -> list[tuple[Record | None, Place]]:
    if not isinstance(services, list):
        return []
    return [
        (service if isinstance(service, dict) else None, place.item(index))
        for index, service in enumerate(services)
    ]


def _check_default(given: Record, place: Place) -> None:
    for key in given:
        if key in SERVICE and key not in DEFAULT_KEYS:
            place.key(key).wrong(
                f"{DEFAULT_SERVICE} takes what no other service matches",
                f"give only {', '.join(DEFAULT_KEYS[1:])}, or name the service otherwise",
            )


def _check_choice(service: Record, known: list[str] | None, place: Place) -> None:
    prefer, balance = service["prefer"], service["balance"]
    if prefer is not None and balance is not None:
        place.wrong("both prefer and balance", "keep one of them")
    if isinstance(prefer, list):
        for index, name in enumerate(prefer):
            if usable(name):
                _check_known(name, known, place.key("prefer").item(index))
                if name in prefer[:index]:
                    place.key("prefer").item(index).wrong(f"{name} twice", "name each WAN once")
    if isinstance(balance, dict):
        for name in balance:
            _check_known(name, known, place.key("balance").key(str(name)))
        _check_weights(balance, place.key("balance"))


def _check_known(name: Any, known: list[str] | None, place: Place) -> None:
    if known is not None and name not in known:
        place.wrong(f"{name} is not a WAN", did_you_mean(name, known) if known else "describe it")


def _check_weights(balance: Record, place: Place) -> None:
    if len(balance) < 2:
        place.wrong("fewer than two WANs", "name two or more, or use prefer")
    elif usable(*balance.values()):
        for (name, weight), share in zip(
            balance.items(), slots(list(balance.values())), strict=True
        ):
            if share == 0:
                place.key(str(name)).wrong(
                    f"weight {weight} is less than one part in {SLOTS}",
                    "raise it or leave the WAN out",
                )


def _check_on_backup(service: Record, place: Place) -> None:
    if service["on_backup"] != BLOCK:
        return
    if service["balance"] is not None or service["prefer"] == MOST_STABLE:
        how = "balance" if service["balance"] is not None else f"prefer: {MOST_STABLE}"
        place.key("on_backup").wrong(
            f"{BLOCK} with {how} has no first WAN", "give prefer a list of WANs, or limit_mbit"
        )


def _check_matches(
    services: Any, place: Place, users: dict[str, Any], named: list[str] | None
) -> None:
    """Report bad entries, and entries that an earlier one leaves nothing to."""
    earlier: list[tuple[Record, Place]] = []
    for service, where in each(services, place):
        if service["name"] == DEFAULT_SERVICE:
            continue
        for entry, spot in each(service["match"], where.key("match")):
            before = len(spot.problems.found)
            check_entry(entry, named, spot)
            whole = len(spot.problems.found) == before and _readable(entry, users)
            if not whole:
                continue
            for other, first in earlier:
                if covers(other, entry, users):
                    spot.wrong(f"never reached: {first.path} takes it all", "move it up or drop it")
                    break
            earlier.append((entry, spot))


def _readable(entry: Record, users: dict[str, Any]) -> bool:
    values = [value for value in entry.values() if value is not None]
    return usable(*values) and all(name in users for name in entry["users"] or [])
