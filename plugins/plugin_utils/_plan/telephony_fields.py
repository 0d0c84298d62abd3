# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""Telephony: every key of ``relais_telephony``, its kind, its default and what it means."""

from __future__ import annotations

import re
from typing import Any

from .addresses import ADDRESS, ADDRESS4, NETWORK
from .kinds import (
    DOMAIN,
    LABEL,
    NAME,
    TEXT,
    TRUTH,
    Field,
    Kind,
    choice,
    listing,
    one_or_more,
    pattern,
    record,
    whole,
)
from .problems import INVALID, Place, show

CLOUD, ON_SITE = "cloud", "onsite"
INTERNET, OWN_PATH = "internet", "own"
STATIC = "static"
VITAL = "vital"
# What an outbound rule of 3CX has room for.
MOST_ROUTES = 5

MOBILE_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}|0[1-9][0-9]{5,13}")
SHORTEST_SECRET = 8


def _read_mobile(value: Any, place: Place) -> Any:
    """Read a number that a trunk can dial. Spaces, dots and hyphens are for the eye (E.123)."""
    text = TEXT.read(value, place)
    if text is INVALID:
        return text
    bare = re.sub(r"[ .\u00a0()-]", "", text)
    if MOBILE_NUMBER.fullmatch(bare) is None:
        return place.wrong(
            f"{show(text)} is not {DIALLED.called}",
            'write it such as "+33199000101" (E.164) or "0199000101"',
        )
    return bare


DIALLED = Kind("a phone number in E.164 or national form, in quotes", _read_mobile)
EXTENSION = pattern(
    "a number of the PBX in quotes",
    r"[0-9]{2,6}",
    lambda _given: 'give two to six digits, such as "101"',
)
EMERGENCY_NUMBER = pattern(
    "an emergency number in quotes",
    r"[0-9]{2,6}",
    lambda _given: 'give digits only, such as "112"',
)
DID = pattern(
    "the number that was called, as the trunk has it, in quotes",
    r"\+?[0-9]{3,15}",
    lambda _given: 'give digits, such as "+33199000001", as the operator presents them',
)
PREFIX_DIALLED = pattern(
    "the start of a number in quotes",
    r"\+?[0-9]*|[*#][0-9]*",
    lambda _given: 'give digits, such as "0", or "+"',
)
DIGITS = pattern("digits in quotes", r"\+|\+?[0-9]+", lambda _given: 'give digits, such as "+33"')
LENGTH = pattern(
    "a number of digits or a range in quotes",
    r"[1-9][0-9]?(-[1-9][0-9]?)?",
    lambda _given: 'give a count such as "10", or "8-10"',
)


def _read_client_secret(value: Any, place: Place) -> Any:
    """Read the secret of the API client. What was given is never shown, right or wrong."""
    right = "copy the one that the PBX showed when the API client was made, and keep it in a vault"
    if not isinstance(value, str):
        return place.wrong("what is given is not text", right)
    if len(value) < SHORTEST_SECRET or re.fullmatch(r"[!-~]*", value) is None:
        return place.wrong(f"what is given is not {CLIENT_SECRET.called}", right)
    return value


CLIENT_SECRET = Kind(
    f"{SHORTEST_SECRET} or more printable ASCII characters without spaces", _read_client_secret
)

PBX = {
    "location": Field(
        choice(CLOUD, ON_SITE), "where it is; one on the site goes dark with it", required=True
    ),
    "host": Field(DOMAIN, "its name, as in its certificate and in the phones", required=True),
    "port": Field(whole(1, 65535), "its HTTPS port, 443 or 5001", default=443),
    "address": Field(ADDRESS4, "its address in the LAN (onsite only)"),
    "public_address": Field(
        choice("stun", STATIC),
        "how it learns its public address: by STUN, or it is told (onsite only)",
        default="stun",
    ),
}

DECT = {
    "name": Field(LABEL, "name of the base", required=True),
    "address": Field(ADDRESS, "its address in the LAN", required=True),
}

TRUNK = {
    "name": Field(TEXT, "its name in the PBX", required=True),
    "host": Field(DOMAIN, "registrar or proxy of the operator, or the gateway", required=True),
    "path": Field(
        choice(INTERNET, OWN_PATH),
        "`own`: it needs none of the site's lines, such as a GSM gateway",
        default=INTERNET,
    ),
    "channels": Field(whole(1, 10000), "simultaneous calls that the contract allows"),
    "registration_s": Field(whole(30, 86400), "how long a registration lasts"),
    "transport": Field(choice("any", "udp", "tcp", "tls"), "what SIP is carried by"),
}

PHONE_USER = {
    "extension": Field(EXTENSION, "the extension", required=True),
    "name": Field(TEXT, "who it is"),
    "mobile": Field(DIALLED, "where the calls go when the phones are gone; needed when vital"),
    "priority": Field(
        choice(VITAL, "normal"), "vital: calls must end at a person", default="normal"
    ),
    "no_answer_s": Field(whole(5, 600), "how long the phones ring", default=20),
    "softphone": Field(
        choice("anywhere", "lan"), "from where the app may register", default="anywhere"
    ),
}

RING_GROUP = {
    "number": Field(EXTENSION, "its number", required=True),
    "fallback": Field(
        EXTENSION, "user (the mobile), ring group or queue that comes next", required=True
    ),
    "members": Field(one_or_more(EXTENSION, "extensions"), "extensions that ring"),
    "ring_s": Field(whole(5, 600), "how long it rings", default=20),
}

PHONE_QUEUE = {
    "number": Field(EXTENSION, "its number", required=True),
    "fallback": Field(
        EXTENSION, "user (the mobile), ring group or queue that comes next", required=True
    ),
    "agents": Field(one_or_more(EXTENSION, "extensions"), "its agents"),
    "max_wait_s": Field(whole(5, 3600), "how long a caller waits", default=60),
}

DEPARTMENT = {
    "name": Field(TEXT, "its name in the PBX", required=True),
    "fallback": Field(
        EXTENSION, "who takes its calls while it is closed, or the site dark", required=True
    ),
}

INBOUND = {
    "trunk": Field(TEXT, "trunk that it comes by", required=True),
    "did": Field(DID, "the number that was called", required=True),
    "to": Field(EXTENSION, "user, ring group or queue that it rings", required=True),
    "fallback": Field(
        EXTENSION, "who takes it while the office is closed", shown_default="that of `to`"
    ),
}

ROUTE = {
    "trunk": Field(TEXT, "name of the trunk", required=True),
    "strip_digits": Field(whole(0, 20), "digits to take away in front", default=0),
    "prepend": Field(DIGITS, "digits to put in front"),
    "caller_id": Field(DIGITS, "number to show to the one who is called"),
}

OUTBOUND = {
    "name": Field(TEXT, "name of the rule", required=True),
    "prefixes": Field(one_or_more(PREFIX_DIALLED, 'prefixes such as ["0", "+"]'), "how it starts"),
    "lengths": Field(one_or_more(LENGTH, 'lengths such as "10"'), "how many digits it has"),
    "departments": Field(
        one_or_more(TEXT, "names of departments"), "who may use it", shown_default="everybody"
    ),
    "routes": Field(
        one_or_more(record("a mapping", ROUTE), "one to five trunks"),
        "trunks in the order in which they are tried",
        shown_default="all trunks in order",
    ),
}

EMERGENCY = {
    "name": Field(TEXT, "name of the rule", required=True),
    "numbers": Field(
        one_or_more(EMERGENCY_NUMBER, "emergency numbers in quotes"), "its numbers", required=True
    ),
    "routes": Field(
        one_or_more(record("a mapping", ROUTE), "one to five trunks"),
        "trunks in the order in which they are tried",
        shown_default="all trunks in order",
    ),
}

CARRIER_FORWARD = {
    "to": Field(DIALLED, "where the operator sends the calls", required=True),
    "numbers": Field(
        one_or_more(DID, "numbers"), "for which numbers", shown_default="all of `inbound`"
    ),
    "set_by": Field(TEXT, "who sets it, and where: a portal, a ticket, a contract"),
    "tested_on": Field(
        pattern(
            "a date in quotes",
            r"20[0-9]{2}-[01][0-9]-[0-3][0-9]",
            lambda _given: 'write it such as "2026-01-31"',
        ),
        "when it was last tried",
    ),
}


def _many(fields: dict[str, Field], called: str, about: str) -> Field:
    return Field(listing(record("a mapping", fields), called), about, default=[])


TELEPHONY = {
    "service": Field(
        NAME, "service of `relais_services` that carries SIP and voice", default="voice"
    ),
    "pbx": Field(record("a mapping", PBX), "the PBX", required=True),
    "client_id": Field(TEXT, "API client of the PBX", required=True),
    "refresh": Field(
        TRUTH, "whether the gateway has the trunks register anew after a switch", default=True
    ),
    "phones": Field(
        one_or_more(NETWORK, "LAN addresses or networks"),
        "where the phones and DECT bases are",
        required=True,
    ),
    "dect": _many(DECT, "a list of DECT bases", "DECT bases, to be kept on a battery"),
    "trunks": _many(TRUNK, "a list of trunks", "trunks in the order in which they are tried"),
    "users": _many(PHONE_USER, "a list of users", "users whose calls must not be lost"),
    "ring_groups": _many(RING_GROUP, "a list of ring groups", "ring groups"),
    "queues": _many(PHONE_QUEUE, "a list of queues", "queues"),
    "departments": _many(DEPARTMENT, "a list of departments", "departments"),
    "inbound": _many(INBOUND, "a list of inbound numbers", "numbers that the outside calls"),
    "outbound": _many(OUTBOUND, "a list of rules", "outbound rules"),
    "emergency": _many(EMERGENCY, "a list of rules", "rules for emergency numbers"),
    "forwarded_calls": Field(
        whole(1, 1000),
        "forwarded calls at once for which there must be channels",
        shown_default="number of vital users",
    ),
    "carrier_forward": Field(
        record("a mapping", CARRIER_FORWARD),
        "what the operator does with calls while the PBX cannot be reached",
    ),
}
