# SPDX-License-Identifier: GPL-3.0-or-later
"""The made-up firm of the double in the oracle's tests, and what they change of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.pbx import Pbx

RECEPTION, SUPPORT, OTHER = "+33199000001", "+33199000002", "+33199000003"
# A Tuesday in winter, Paris is an hour ahead: 11:00, 13:00 (a pause), 20:00 there.
OPEN, PAUSE, CLOSED = (datetime(2026, 12, 1, hour, tzinfo=UTC) for hour in (10, 12, 19))
MOBILE, NIGHT = "+33199000777", "+33199000888"


def outside(number: str) -> dict[str, Any]:
    """Return a destination outside."""
    return {"To": "External", "Number": "", "External": number}


def forward(pbx: Pbx, extension: str, number: str, *reasons: str) -> None:
    """Send an extension's calls outside for some reasons, in the profile that is in use."""
    route = pbx.user(extension)["ForwardingProfiles"][0]["AvailableRoute"]
    for reason in reasons or ("NoAnswer", "Busy", "NotRegistered"):
        route |= {f"{reason}External": outside(number), f"{reason}Internal": outside(number)}


def group(pbx: Pbx, name: str, number: str) -> dict[str, Any]:
    """Return what has a number in a set."""
    found = pbx.state.find(name, Number=number)
    assert found is not None
    return found


def department(pbx: Pbx, name: str) -> dict[str, Any]:
    """Return a department by its name."""
    found = pbx.state.find("Groups", Name=name)
    assert found is not None
    return found


def rule(pbx: Pbx, did: str) -> dict[str, Any]:
    """Return the inbound rule of a number."""
    found = pbx.state.find("InboundRules", Data=did)
    assert found is not None
    return found


def with_mobile(office: Pbx) -> None:
    """Give the reception a mobile for calls that nobody takes."""
    group(office, "RingGroups", "800")["ForwardNoAnswer"] = outside(MOBILE)


def second_route(office: Pbx) -> None:
    """Give every outbound rule the second trunk as its second route."""
    other = office.trunk("Operator B")["Id"]
    for each in office.state["OutboundRules"]:
        each["Routes"] = [*each["Routes"][:1], {"TrunkId": other}]
