# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""What one may not say of the telephony: numbers that lead nowhere, and a dark site forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .addresses import as_network, inside
from .problems import Place, Problems, did_you_mean, usable
from .telephony_fields import (
    CLOUD,
    INTERNET,
    MOST_ROUTES,
    ON_SITE,
    OWN_PATH,
    STATIC,
    VITAL,
)
from .variables import DEFAULT_SERVICE
from .wans import Record, each, readable, report_duplicates

NUMBERED = ("users", "ring_groups", "queues")


def check_telephony(read: Record, problems: Problems) -> None:
    """Report what is wrong with the telephony, by itself and beside the rest of the site."""
    telephony = read["relais_telephony"]
    if not isinstance(telephony, dict):
        return
    place = problems.at("relais_telephony")
    if read["relais_telephony_secret"] is None:
        problems.at("relais_telephony_secret").wrong(
            "missing, and relais_telephony names an API client",
            "copy the one that the PBX showed when the API client was made, and keep it in a vault",
        )
    _check_service(telephony["service"], read["relais_services"], place.key("service"))
    _check_pbx(telephony, read, place)
    _check_in_lan(telephony, read["relais_lan"], place)
    _check_trunks(telephony, place)
    _check_users(telephony, place)
    numbers = _numbers(telephony)
    _check_numbers(telephony, numbers, place)
    _check_fallbacks(telephony, numbers, place)
    _check_routes(telephony, place)
    _check_dark(telephony, place)


def _check_service(name: Any, services: Any, place: Place) -> None:
    named = [service["name"] for service in readable(services)]
    if not usable(name, *named) or not isinstance(services, list):
        return
    if name not in named and name != DEFAULT_SERVICE and len(named) == len(services):
        right = did_you_mean(name, named) if named else "describe it in relais_services"
        place.wrong(f"{name} is not a service", right)


def _check_pbx(telephony: Record, read: Record, place: Place) -> None:
    pbx = telephony["pbx"]
    if not isinstance(pbx, dict):
        return
    where = place.key("pbx")
    if pbx["location"] == ON_SITE and pbx["address"] is None:
        where.key("address").wrong("missing with location onsite", "give its address in the LAN")
    if pbx["location"] == CLOUD and pbx["address"] is not None:
        where.key("address").wrong("given with location cloud", "leave it out")
    if pbx["public_address"] != STATIC:
        return
    if pbx["location"] == CLOUD:
        where.key("public_address").wrong(
            "static with location cloud: the site's lines are not its own", "leave it out"
        )
    elif readable(read["relais_wans"]) and not any(
        wan["address"] is not None for wan in readable(read["relais_wans"])
    ):
        where.key("public_address").wrong("static, and no WAN is", "use stun")


def _check_in_lan(telephony: Record, lan: Any, place: Place) -> None:
    if not isinstance(lan, dict) or not usable(lan["address"]):
        return
    if lan["address6"] is not None and not usable(lan["address6"]):
        return
    networks = [lan[key].cidr for key in ("address", "address6") if lan[key] is not None]
    pbx = telephony["pbx"]
    spots = [(place.key("pbx").key("address"), pbx["address"])] if isinstance(pbx, dict) else []
    if isinstance(telephony["phones"], list):
        spots += [
            (place.key("phones").item(index), network)
            for index, network in enumerate(telephony["phones"])
        ]
    spots += [
        (at.key("address"), one["address"])
        for one, at in each(telephony["dect"], place.key("dect"))
    ]
    for spot, given in spots:
        if not usable(given):
            continue
        if not inside([as_network(given)], networks):
            spot.wrong(
                f"{given} is not in the LAN ({', '.join(str(one) for one in networks)})",
                "give what the LAN has",
            )
        elif as_network(given) == as_network(lan["address"].ip):
            spot.wrong(f"{given} is the gateway itself", "give the address of the telephone or PBX")


def _check_trunks(telephony: Record, place: Place) -> None:
    where = place.key("trunks")
    if telephony["trunks"] == []:
        where.wrong("no trunk, and calls go nowhere", "describe the trunk, and a second one")
    report_duplicates(
        telephony["trunks"], where, "name", lambda _unused: "name each trunk as the PBX does"
    )
    report_duplicates(
        telephony["trunks"],
        where,
        "host",
        lambda _unused: "a second trunk helps when it is at another host: give its own, or drop it",
    )


def _check_users(telephony: Record, place: Place) -> None:
    for user, where in each(telephony["users"], place.key("users")):
        if user["priority"] == VITAL and user["mobile"] is None:
            where.key("mobile").wrong(
                "missing for a vital user",
                'give it, such as "+33199000101", or make the user normal',
            )


def _records(telephony: Record, place: Place, *lists: str) -> Iterator[tuple[str, Record, Place]]:
    for name in lists:
        for item, where in each(telephony[name], place.key(name)):
            yield name, item, where


def _key(name: str) -> str:
    return "extension" if name == "users" else "number"


def _numbers(telephony: Record) -> dict[str, tuple[str, Record]] | None:
    """Return what each number is; None where one could not be read, so that nobody can tell."""
    numbers: dict[str, tuple[str, Record]] = {}
    for name in NUMBERED:
        if not isinstance(telephony[name], list):
            return None
        for item in telephony[name]:
            if not isinstance(item, dict) or not usable(item[_key(name)]):
                return None
            numbers.setdefault(item[_key(name)], (name, item))
    return numbers


def _check_numbers(telephony: Record, numbers: Any, place: Place) -> None:
    first: dict[str, str] = {}
    for name, item, where in _records(telephony, place, *NUMBERED):
        number = item[_key(name)]
        if usable(number) and number in first:
            where.key(_key(name)).wrong(
                f"{number} is used by {first[number]} already", "give each a number of its own"
            )
        elif usable(number):
            first[number] = where.path
    if numbers is None:
        return
    for name, key in (("ring_groups", "members"), ("queues", "agents")):
        for item, where in each(telephony[name], place.key(name)):
            for index, number in enumerate(item[key] or []):
                _check_user(number, numbers, where.key(key).item(index))
    for item, where in each(telephony["inbound"], place.key("inbound")):
        _check_known(item["to"], numbers, where.key("to"))


def _check_user(number: str, numbers: dict[str, tuple[str, Record]], place: Place) -> None:
    users = [known for known, (name, _item) in numbers.items() if name == "users"]
    if number not in users:
        right = did_you_mean(number, users) if users else "describe the user in users"
        place.wrong(f"{number} is not a user", right)


def _check_known(number: Any, numbers: dict[str, Any], place: Place) -> bool:
    if not usable(number):
        return False
    if number in numbers:
        return True
    right = did_you_mean(number, list(numbers)) if numbers else "describe it"
    place.wrong(f"{number} is no user, ring group or queue", right)
    return False


def _check_fallbacks(telephony: Record, numbers: Any, place: Place) -> None:
    """Report every fallback that does not end at a mobile."""
    if numbers is None:
        return
    lists = ("ring_groups", "queues", "departments", "inbound")
    for name, item, where in _records(telephony, place, *lists):
        spot = where.key("fallback")
        start = item["fallback"]
        if name == "inbound" and start is None:
            spot, start = where.key("to"), item["to"]
            if start not in numbers:
                continue
        elif not _check_known(start, numbers, spot):
            continue
        _check_chain(start, item.get("number"), numbers, spot)


def _check_chain(start: str, origin: Any, numbers: dict[str, Any], place: Place) -> None:
    way = [origin] if origin is not None else []
    number = start
    while number not in way:
        way.append(number)
        kind, item = numbers[number]
        if kind == "users":
            if item["mobile"] is None:
                place.wrong(
                    f"ends at {number}, who has no mobile",
                    "give the user a mobile, or name another",
                )
            return
        number = item["fallback"]
        if not usable(number) or number not in numbers:
            return
    # Told once, where the circle closes on what was asked about.
    if number == way[0]:
        place.wrong(
            f"goes round in a circle ({' to '.join([*way, number])})",
            "end it at a user who has a mobile",
        )


def _check_routes(telephony: Record, place: Place) -> None:
    trunks = telephony["trunks"]
    names = [trunk["name"] for trunk in readable(trunks)]
    if not isinstance(trunks, list) or len(names) < len(trunks) or not usable(*names):
        return
    for item, where in each(telephony["inbound"], place.key("inbound")):
        if usable(item["trunk"]) and item["trunk"] not in names:
            _unknown_trunk(item["trunk"], names, where.key("trunk"))
    for name, rule, where in _records(telephony, place, "outbound", "emergency"):
        if name == "outbound" and rule["prefixes"] is None and rule["lengths"] is None:
            where.key("prefixes").wrong(
                "missing, and lengths too: every number would match", "say how the number starts"
            )
        _check_rule(rule["routes"], names, where.key("routes"))
    for name in ("outbound", "emergency"):
        report_duplicates(
            telephony[name], place.key(name), "name", lambda _unused: "name each rule otherwise"
        )


def _check_rule(routes: Any, names: list[str], place: Place) -> None:
    if not isinstance(routes, list):
        return
    known = [route["trunk"] for route in routes if isinstance(route, dict)]
    if not usable(*known):
        return
    for index, trunk in enumerate(known):
        if trunk not in names:
            _unknown_trunk(trunk, names, place.item(index).key("trunk"))
            return
        if trunk in known[:index]:
            place.item(index).key("trunk").wrong(f"{trunk} twice", "name each trunk once")
            return
    if len(known) > MOST_ROUTES:
        place.wrong(f"{len(known)} trunks", f"a rule of 3CX takes {MOST_ROUTES} at most")
    elif len(known) == 1 and len(names) > 1:
        other = next(name for name in names if name not in known)
        place.wrong("one trunk has nobody to take over", f"add a second one, such as {other}")


def _unknown_trunk(name: str, names: list[str], place: Place) -> None:
    right = did_you_mean(name, names) if names else "describe it in trunks"
    place.wrong(f"{name} is not a trunk", right)


def _check_dark(telephony: Record, place: Place) -> None:
    """A PBX on a dark site is cut off with it, so that something else must take the calls."""
    pbx, trunks = telephony["pbx"], telephony["trunks"]
    if not isinstance(pbx, dict) or not isinstance(trunks, list):
        return
    paths = [trunk["path"] if isinstance(trunk, dict) else None for trunk in trunks]
    unread = not usable(pbx["location"], *paths) or not paths
    if unread or pbx["location"] != ON_SITE or telephony["carrier_forward"] is not None:
        return
    if OWN_PATH not in paths:
        place.key("carrier_forward").wrong(
            f"missing, while the PBX is on the site and every trunk has path {INTERNET}: when the"
            " site is dark no call reaches the PBX, and nothing set in 3CX can forward it",
            "name the forward on unreachable that the operator has set, or give a trunk that needs"
            " none of the site's lines (path: own)",
        )
