# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""The variable ``relais_alerts``: who is told of which incidents, and when."""

from __future__ import annotations

from typing import Any

from .kinds import (
    HOURS,
    PHONE,
    SPAN,
    TEXT,
    WATCH,
    Field,
    Kind,
    choice,
    listing,
    one_or_more,
    text_or_record,
)
from .problems import INVALID, Place, usable


def _read_sms_command(value: Any, place: Place) -> Any:
    words = listing(TEXT, "a list of words").read(value, place)
    if words is INVALID or any(not usable(word) for word in words):
        return INVALID
    if not any("{number}" in word for word in words[1:]):
        return place.wrong(
            "no word stands for the number",
            "give the program and its arguments, with {number} in one of them",
        )
    return words


CLASS = choice(
    "micro_outage", "quality", "access", "upstream", "local", "total", "planned", "drill"
)


def _which(least: str) -> dict[str, Field]:
    """Return the keys that say of which incidents somebody is told."""
    return {
        "classes": Field(
            one_or_more(CLASS, "classes of incidents"),
            "incidents that are told of",
            shown_default="all but `micro_outage` and `planned`",
        ),
        "importance": Field(
            choice("vital", "normal", "degradable"),
            "the least importance that is told of; `total` is told of whatever it is",
            default=least,
        ),
    }


ALERT_TARGET = {
    "url": Field(TEXT, "where the alerts go, as a URL that apprise knows", required=True),
    **_which("degradable"),
}

ALERT_SMS = {"number": Field(PHONE, "phone number", required=True), **_which("vital")}

ALERTS = {
    "targets": Field(
        listing(text_or_record("a URL", ALERT_TARGET), "a list of addresses"),
        "where alerts go, as URLs, or as mappings with `url`",
        default=[],
    ),
    "sms": Field(
        listing(text_or_record("a phone number", ALERT_SMS), "a list of phone numbers in quotes"),
        "phone numbers for SMS, or mappings with `number`",
        default=[],
    ),
    "sms_command": Field(
        Kind("a list of words", _read_sms_command),
        "program that sends an SMS, with its arguments: `{number}` in one of them stands for the "
        "number, the text comes on its standard input",
        shown_default="the modem's `mmcli`",
    ),
    "quiet_hours": Field(HOURS, "hours of the site in which only what is vital is told"),
    "remind_every": Field(SPAN, "how often an incident that goes on is told again", default="2h"),
    "heartbeat_url": Field(
        WATCH, "asked once a minute while the gateway is well, so that its silence is noticed"
    ),
}
