# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a call goes: as an option of a module, as a view, and as the API writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import numbers
from .directory import SETS, Directory
from .errors import ThreeCxError
from .fields import Field

_API = {
    "end_call": "None",
    "voicemail": "VoiceMail",
    "extension": "Extension",
    "queue": "Queue",
    "ring_group": "RingGroup",
    "ivr": "IVR",
    "external": "External",
    "fax": "Fax",
    "boomerang": "Boomerang",
    "deflect": "Deflect",
    "voicemail_of_destination": "VoiceMailOfDestination",
    "callback": "Callback",
    "route_point": "RoutePoint",
    "proceed_with_no_exceptions": "ProceedWithNoExceptions",
}
_OURS = {theirs: ours for ours, theirs in _API.items()}
CHOICES = ["external", "mobile", "extension", "voicemail", "ring_group", "queue", "ivr", "end_call"]

OPTION = {
    "type": "dict",
    "options": {
        "to": {"type": "str", "choices": CHOICES, "required": True},
        "number": {"type": "str"},
    },
}
"""The argument spec of a destination."""


@dataclass(frozen=True)
class Destinations:
    """Checks destinations against what is on the PBX.

    ``owner`` is the extension that a voicemail or mobile without a number belongs to, ``itself``
    what the object is as a destination, which it must not forward to, and ``own_mobile`` the number
    that the owner has or is about to get.
    """

    directory: Directory
    owner: str | None = None
    itself: tuple[str, str] | None = None
    own_mobile: str | None = None

    def check(self, value: dict[str, Any], where: str) -> dict[str, str]:
        """Return a destination as a view has it; a mobile becomes the number that is dialled."""
        to, number = value["to"], numbers.plain(value.get("number") or "")
        if to == "end_call":
            return {"to": to, "number": ""}
        if not number and to in ("mobile", "voicemail"):
            number = self.owner or ""
        if not number:
            raise ThreeCxError(f"{where}: {to} needs a number.", "destination")
        if to == "external":
            return {"to": to, "number": numbers.dialled(number, where)}
        if to == "mobile":
            return {"to": "external", "number": self._mobile(number, where)}
        if self.itself == (to, number):
            raise ThreeCxError(f"{where}: {to} {number} cannot forward to itself.", "loop")
        if to in SETS:
            self.directory.require(to, number, where)
        return {"to": to, "number": number}

    def _mobile(self, extension: str, where: str) -> str:
        if extension == self.owner and self.own_mobile:
            return numbers.dialled(self.own_mobile, where)
        return self.directory.mobile(extension, where)

    def field(self, option: str, prop: str) -> Field:
        """Return the field of a property that is a destination."""
        return Field(option, prop, view, lambda value, _now: written(value), self._checker(option))

    def route(self, option: str, prop: str) -> Field:
        """Return the field of a property that is a destination with a prompt, which is kept."""
        return Field(option, prop, view_route, written_route, self._checker(option))

    def _checker(self, option: str):
        return lambda value: self.check(value, option)


def view(raw: dict[str, Any] | None) -> dict[str, str]:
    """Return a destination in our words; none at all is the end of the call."""
    raw = raw or {}
    to = _OURS.get(raw.get("To") or "None", str(raw.get("To")))
    if to == "end_call":
        return {"to": to, "number": ""}
    value = raw.get("External") if to == "external" else raw.get("Number")
    return {"to": to, "number": numbers.plain(value or "")}


def written(value: dict[str, str]) -> dict[str, str]:
    """Return a destination as it is sent: what else a reading holds is not for writing."""
    external = value["to"] == "external"
    return {
        "To": _API[value["to"]],
        "Number": "" if external else value["number"],
        "External": value["number"] if external else "",
    }


def view_route(raw: dict[str, Any] | None) -> dict[str, str]:
    """Return the destination of a route."""
    return view((raw or {}).get("Route"))


def written_route(value: dict[str, str], current: dict[str, Any] | None) -> dict[str, Any]:
    """Return a route with another destination and the prompt that it has."""
    current = current or {}
    return {
        "IsPromptEnabled": bool(current.get("IsPromptEnabled")),
        "Prompt": current.get("Prompt") or "",
        "Route": written(value),
    }


def resend(value: Any) -> Any:
    """Return a value that was read, fit to be sent back: destinations in their three properties."""
    if isinstance(value, list):
        return [resend(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "To" in value and "External" in value:
        return {name: value.get(name) or "" for name in ("To", "Number", "External")}
    return {name: resend(one) for name, one in value.items() if not name.startswith("@odata.")}
