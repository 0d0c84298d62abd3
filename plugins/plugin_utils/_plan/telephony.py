# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""The plan's telephony: every fallback followed to where it ends, in the words of the modules."""

from __future__ import annotations

from typing import Any

from .addresses import as_network, merged
from .telephony_fields import MOST_ROUTES, ON_SITE, OWN_PATH, STATIC, VITAL
from .wans import Record

TO = {"users": "extension", "ring_groups": "ring_group", "queues": "queue"}
_COPIED = ("service", "client_id", "refresh")


def planned_telephony(telephony: Record | None, wans: list[Record]) -> Record | None:
    """Return the plan's telephony, None without one. A secret is not part of it."""
    if telephony is None:
        return None
    numbers = _numbers(telephony)
    pbx = telephony["pbx"]
    on_site = pbx["location"] == ON_SITE
    address = str(pbx["address"]) if on_site else None
    return {
        **{key: telephony[key] for key in _COPIED},
        "pbx": {**pbx, "address": address},
        "sources": _sources(telephony),
        "split_dns": {"name": pbx["host"], "address": address} if on_site else None,
        "public_addresses": [
            {"wan": wan["name"], "address": wan["ip"] if pbx["public_address"] == STATIC else None}
            for wan in wans
        ],
        "dect": [{**base, "address": str(base["address"])} for base in telephony["dect"]],
        "trunks": telephony["trunks"],
        "users": [_user(user) for user in telephony["users"]],
        "ring_groups": [_answering(item, numbers) for item in telephony["ring_groups"]],
        "queues": [_answering(item, numbers) for item in telephony["queues"]],
        "departments": [_answering(item, numbers) for item in telephony["departments"]],
        "inbound": [_inbound(item, numbers) for item in telephony["inbound"]],
        "outbound": [_outbound(rule, telephony) for rule in telephony["outbound"]],
        "emergency": [_emergency(rule, telephony) for rule in telephony["emergency"]],
        "carrier_forward": _carrier_forward(telephony),
        "expectations": _expectations(telephony),
    }


def telephony_config(planned: Record | None) -> Record | None:
    """Return the part of the daemon's configuration: whose flows move, and whether to tell."""
    if planned is None:
        return None
    return {key: planned[key] for key in ("service", "sources", "refresh")}


def _sources(telephony: Record) -> list[str]:
    own = list(telephony["phones"])
    own += [as_network(base["address"]) for base in telephony["dect"]]
    if telephony["pbx"]["location"] == ON_SITE:
        own.append(as_network(telephony["pbx"]["address"]))
    return [str(as_network(text)) for text in merged(own)]


def _numbers(telephony: Record) -> dict[str, tuple[str, Record]]:
    return {
        item["extension" if name == "users" else "number"]: (name, item)
        for name in TO
        for item in telephony[name]
    }


def _inside(number: str, numbers: dict[str, tuple[str, Record]]) -> Record:
    """Return the destination that a number is while the office is open."""
    return {"to": TO[numbers[number][0]], "number": number}


def _fallback(number: str, numbers: dict[str, tuple[str, Record]]) -> Record:
    """Return the destination that a number is when nobody is there: of a user, the mobile."""
    name, item = numbers[number]
    return _outside(item["mobile"]) if name == "users" else _inside(number, numbers)


def _outside(number: str) -> Record:
    return {"to": "external", "number": number}


def _user(user: Record) -> Record:
    return {**user, "fallback": _outside(user["mobile"]) if user["mobile"] else None}


def _answering(item: Record, numbers: dict[str, tuple[str, Record]]) -> Record:
    return {**item, "fallback": _fallback(item["fallback"], numbers)}


def _inbound(item: Record, numbers: dict[str, tuple[str, Record]]) -> Record:
    return {
        "trunk": item["trunk"],
        "did": item["did"],
        "office": _inside(item["to"], numbers),
        "fallback": _fallback(item["fallback"] or item["to"], numbers),
    }


def _routes(rule: Record, telephony: Record) -> list[Record]:
    given = rule["routes"] or [
        {"trunk": trunk["name"], "strip_digits": 0, "prepend": None, "caller_id": None}
        for trunk in telephony["trunks"][:MOST_ROUTES]
    ]
    return [
        {**route, "prepend": route["prepend"] or "", "caller_id": route["caller_id"] or ""}
        for route in given
    ]


def _outbound(rule: Record, telephony: Record) -> Record:
    lists = ("prefixes", "lengths", "departments")
    return {
        "name": rule["name"],
        **{key: rule[key] or [] for key in lists},
        "routes": _routes(rule, telephony),
    }


def _emergency(rule: Record, telephony: Record) -> Record:
    return {**rule, "routes": _routes(rule, telephony)}


def _expectations(telephony: Record) -> Record:
    """Return what the audit of the PBX insists on."""
    vital = [user for user in telephony["users"] if user["priority"] == VITAL]
    own = [trunk["name"] for trunk in telephony["trunks"] if trunk["path"] == OWN_PATH]
    numbers = [number for rule in telephony["emergency"] for number in rule["numbers"]]
    return {
        "vital_users": [{key: user[key] for key in ("extension", "mobile")} for user in vital],
        "numbers": [item["did"] for item in telephony["inbound"]],
        "departments": [item["name"] for item in telephony["departments"]],
        "forwarded_calls": telephony["forwarded_calls"] or len(vital),
        "emergency_numbers": numbers,
        "location": telephony["pbx"]["location"],
        "own_path_trunks": own,
        "carrier_forward": _carrier_forward(telephony),
    }


def _carrier_forward(telephony: Record) -> Any:
    forward = telephony["carrier_forward"]
    if forward is None:
        return None
    numbers = forward["numbers"] or [item["did"] for item in telephony["inbound"]]
    return {**forward, "numbers": numbers}
