# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a user's calls: forwarding profiles, the mobile, and softphones off the site.

A user has five profiles. Each carries one of two shapes: an AvailableRoute, which says what becomes
of calls that nobody takes, or an AwayRoute, which sends every call elsewhere. Which it is shows in
which of the two is not null, never in the profile's name.
"""

from __future__ import annotations

import copy
from typing import Any, Mapping, Sequence

from . import odata
from .client import Client
from .destinations import Destinations, resend, view, written
from .directory import Directory, meant
from .errors import ThreeCxError
from .fields import Field, FieldSubject, asked, body, flag
from .fields import view as fields_view
from .numbers import dialled, plain

_LEGS = {"no_answer": "NoAnswer", "busy": "Busy", "not_registered": "NotRegistered"}
_SCALARS = (Field("no_answer_timeout_s", "NoAnswerTimeout"), flag("ring_my_mobile", "RingMyMobile"))
BLOCK_TUNNEL_SINCE = (20, 0, 9)


class UserForwarding(FieldSubject):
    """The forwarding of one extension's user."""

    noun = "extension"
    entity = "Users"

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        super().__init__(client, params)
        self.directory = Directory(client)
        self.extension = plain(params["extension"])

    @property
    def label(self) -> str:
        return f"extension {self.extension}"

    @property
    def fields(self) -> Sequence[Field]:
        fields = [
            Field(
                "mobile",
                "Mobile",
                lambda value: plain(value or ""),
                check=lambda value: dialled(value, "mobile") if value.strip() else "",
            ),
            flag("lan_only", "AllowLanOnly"),
            flag("push", "MyPhonePush"),
            flag("internal_calls_only", "Internal"),
        ]
        if self.client.at_least(*BLOCK_TUNNEL_SINCE):
            fields.append(flag("block_tunnel", "BlockTunnel"))
        return fields

    def find(self) -> dict[str, Any]:
        select = ["Id", "Number", *(field.path for field in self.fields)]
        where = odata.by_number(self.extension)
        found = self.client.every("Users", select, ["ForwardingProfiles"], where)
        if found:
            found[0].setdefault("ForwardingProfiles", [])
            return found[0]
        known = [one["Number"] for one in self.client.every("Users", ["Id", "Number"])]
        raise ThreeCxError(
            f"The PBX has no extension {self.extension}; {meant(self.extension, known)}",
            "unknown_number",
        )

    def view(self, raw: dict[str, Any]) -> dict[str, Any]:
        profiles = {one["Name"]: _profile_view(one) for one in raw["ForwardingProfiles"]}
        return dict(fields_view(self.fields, raw), profiles=profiles)

    def wanted(self, raw: dict[str, Any] | None) -> dict[str, Any]:
        self._require_tunnel_option()
        wanted = asked(self.fields, self.params)
        profiles = self.view(raw)["profiles"]
        for profile in self._chosen(raw["ForwardingProfiles"]):
            name = profile["Name"]
            profiles[name] = dict(profiles[name], **self._asked_of(profile, raw, wanted))
        return dict(wanted, profiles=profiles)

    def write(self, raw: dict[str, Any], wanted: dict[str, Any], differing: list[str]) -> None:
        changes = body(self.fields, raw, wanted, differing)
        if "profiles" in differing:
            changes["ForwardingProfiles"] = [
                _profile_written(one, wanted["profiles"][one["Name"]])
                for one in raw["ForwardingProfiles"]
            ]
        self.client.patch(self.path(raw), changes)

    def _require_tunnel_option(self) -> None:
        if self.params.get("block_tunnel") and not self.client.at_least(*BLOCK_TUNNEL_SINCE):
            raise ThreeCxError(
                "block_tunnel: 20.0.9 or later is needed, and a client that may read SystemStatus.",
                "version",
            )

    def _chosen(self, profiles: list[dict[str, Any]]) -> list[dict[str, Any]]:
        named = _comparable(self.params["profile"])
        if not self._asks_of_profiles():
            return []
        if named == "all available":
            return [one for one in profiles if one.get("AvailableRoute") is not None]
        if named == "all away":
            return [one for one in profiles if one.get("AwayRoute") is not None]
        found = [
            one
            for one in profiles
            if named
            in (_comparable(one.get("Name") or ""), _comparable(one.get("CustomName") or ""))
        ]
        if not found:
            hint = meant(self.params["profile"], [one["Name"] for one in profiles])
            raise ThreeCxError(
                f"{self.label} has no profile {self.params['profile']}; {hint}", "unknown_profile"
            )
        return found[:1]

    def _asks_of_profiles(self) -> bool:
        names = [*_LEGS, "away", *(field.option for field in _SCALARS)]
        return any(self.params.get(name) is not None for name in names)

    def _asked_of(
        self, profile: dict[str, Any], raw: dict[str, Any], wanted: dict[str, Any]
    ) -> dict[str, Any]:
        """Return what is asked of a profile, if it has the shape for that."""
        legs, away = [name for name in _LEGS if self.params.get(name)], self.params.get("away")
        if legs and profile.get("AvailableRoute") is None:
            raise ThreeCxError(
                f"{legs[0]}: profile {profile['Name']} of {self.label} sends every call to one "
                "place; use away for it, or choose a profile such as Available.",
                "profile_shape",
            )
        if away and profile.get("AwayRoute") is None:
            raise ThreeCxError(
                f"away: profile {profile['Name']} of {self.label} rings first; use no_answer, busy "
                "and not_registered for it, or choose a profile such as Away.",
                "profile_shape",
            )
        mobile = wanted.get("mobile", plain(raw.get("Mobile") or ""))
        check = Destinations(
            self.directory, self.extension, ("extension", self.extension), mobile or None
        ).check
        names = [*legs, "away"] if away else legs
        return dict(asked(_SCALARS, self.params), **{n: check(self.params[n], n) for n in names})


def _comparable(name: str) -> str:
    return " ".join(name.lower().replace("_", " ").split())


def _both(internal: Any, external: Any, alike: bool) -> dict[str, Any]:
    """Return one destination where calls from inside and outside go there, else both."""
    inside, outside = view(internal), view(external)
    if inside == outside and alike:
        return inside
    return {"internal": inside, "external": outside, "all_calls": alike}


def _profile_view(profile: dict[str, Any]) -> dict[str, Any]:
    seen = fields_view(_SCALARS, profile)
    available, away = profile.get("AvailableRoute"), profile.get("AwayRoute")
    if available is not None:
        for option, leg in _LEGS.items():
            seen[option] = _both(
                available.get(f"{leg}Internal"),
                available.get(f"{leg}External"),
                bool(available.get(f"{leg}AllCalls")),
            )
    if away is not None:
        seen["away"] = _both(away.get("Internal"), away.get("External"), _all_hours(away))
    return seen


def _all_hours(away: dict[str, Any]) -> bool:
    return bool(away.get("AllHoursInternal")) and bool(away.get("AllHoursExternal"))


def _profile_written(profile: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Return a profile as it is sent back: all that it held, with what differs."""
    there = _profile_view(profile)
    changes = {name: value for name, value in wanted.items() if there.get(name) != value}
    sent = resend(copy.deepcopy(profile))
    sent.update(body(_SCALARS, profile, changes, list(changes)))
    for option, leg in _LEGS.items():
        if option in changes:
            destination = written(changes[option])
            sent["AvailableRoute"].update(
                {
                    f"{leg}AllCalls": True,
                    f"{leg}Internal": destination,
                    f"{leg}External": destination,
                }
            )
    if "away" in changes:
        destination = written(changes["away"])
        sent["AwayRoute"].update(
            AllHoursInternal=True, AllHoursExternal=True, Internal=destination, External=destination
        )
    return sent
