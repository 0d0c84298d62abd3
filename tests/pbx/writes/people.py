# SPDX-License-Identifier: GPL-3.0-or-later
"""What the PBX makes of writes to users, ring groups, queues, departments and holidays."""

from __future__ import annotations

import datetime
import secrets
from typing import Any

from tests.pbx.errors import ALREADY_IN_USE, INVALID, NOT_FOUND, REQUIRED, ApiError, refused
from tests.pbx.model import Version, blank
from tests.pbx.state import Entity, State

from . import checks

# The five profiles of every user, each with the route that it carries.
PROFILES = {
    "Available": "AvailableRoute",
    "Away": "AwayRoute",
    "Out of office": "AwayRoute",
    "Custom 1": "AvailableRoute",
    "Custom 2": "AwayRoute",
}
# A user is made of these; everything else is written afterwards.
_BASICS = frozenset(
    ["Number", "FirstName", "LastName", "EmailAddress", "AuthID", "Enabled", "DisplayName", "Id"]
)
_SECRETS = ("AccessPassword", "AuthPassword", "DeskphonePassword", "SIPID", "VMPIN")


def new_profiles(state: State, number: str) -> list[Entity]:
    """Return the profiles of a new user: everything that is not answered goes to voicemail."""
    profiles = []
    for name, route in PROFILES.items():
        profile = blank("ForwardingProfile", state.version, Id=state.next_id(), Name=name)
        profile[route] = _voicemail_route(route, number, state.version)
        profiles.append(profile)
    return profiles


def _voicemail_route(route: str, number: str, version: Version) -> Entity:
    kind = "AvailableRouting" if route == "AvailableRoute" else "AwayRouting"
    made: Entity = {}
    for name, value in blank(kind, version).items():
        is_flag = name.startswith("AllHours") or name.endswith("AllCalls")
        made[name] = True if is_flag else value
        if not is_flag:
            made[name] = blank("Destination", version, To="VoiceMail", Number=number, External="")
    return made


def give_secrets(user: Entity) -> None:
    """Give a user the made-up secrets that a careless reading would show."""
    for name in _SECRETS:
        user[name] = user.get(name) or f"fake-secret-{secrets.token_hex(6)}"


def user(state: State, entity: Entity, bound: Entity, made: bool) -> None:
    """Check and complete a user."""
    if made:
        if foreign := sorted(bound.keys() - _BASICS):
            raise refused(foreign[0], INVALID)
        default = state.find("Groups", IsDefault=True)
        if default is not None:
            bound["Groups"] = [{"GroupId": default["Id"], "Rights": {"RoleName": "users"}}]
            bound["PrimaryGroupId"] = default["Id"]
        bound["ForwardingProfiles"] = new_profiles(state, bound.get("Number") or "")
        give_secrets(bound)
    elif "ForwardingProfiles" in bound:
        bound["ForwardingProfiles"] = _profiles(state, entity, bound["ForwardingProfiles"])
    for exception in bound.get("ForwardingExceptions", []):
        exception["Id"] = exception.get("Id") or state.next_id()
    memberships = [each["GroupId"] for each in bound.get("Groups", [])]
    if memberships and {**entity, **bound}.get("PrimaryGroupId") not in memberships:
        bound["PrimaryGroupId"] = memberships[0]
    mail = (bound.get("EmailAddress") or "").lower()
    others = [other for other in state.get("Users", []) if other is not entity]
    if mail and mail in {(other.get("EmailAddress") or "").lower() for other in others}:
        raise refused("EmailAddress", ALREADY_IN_USE)
    for read_only in ("IsRegistered", "DisplayName"):
        bound.pop(read_only, None)


def _profiles(state: State, entity: Entity, sent: list[Entity]) -> list[Entity]:
    """Return the five profiles; whoever leaves one out gets it back as it was on the first day."""
    kept = {profile["Id"]: profile for profile in new_profiles(state, entity["Number"])}
    by_name = {profile["Name"]: profile["Id"] for profile in kept.values()}
    ids = {profile["Id"]: profile["Name"] for profile in entity["ForwardingProfiles"]}
    result = {
        profile["Name"]: kept[by_name[profile["Name"]]] | {"Id": profile["Id"]}
        for profile in entity["ForwardingProfiles"]
    }
    for profile in sent:
        name = ids.get(profile.get("Id"))
        if name is None or profile.get("Name") not in (None, name):
            raise refused("ForwardingProfiles", NOT_FOUND)
        route = PROFILES[name]
        other = "AwayRoute" if route == "AvailableRoute" else "AvailableRoute"
        if profile.get(route) is None or profile.get(other) is not None:
            raise refused(f"ForwardingProfiles.{route}", INVALID)
        result[name] = profile | {"Name": name}
    return list(result.values())


def ring_group(state: State, _entity: Entity, bound: Entity, made: bool) -> None:
    """Check a ring group."""
    _named(bound, made)
    if "Members" in bound:
        bound["Members"] = checks.resolve(state, "Members", bound["Members"], "Users")


def queue(state: State, _entity: Entity, bound: Entity, made: bool) -> None:
    """Check a queue."""
    _named(bound, made)
    for name in ("Agents", "Managers"):
        if name in bound:
            bound[name] = checks.resolve(state, name, bound[name], "Users")


def receptionist(state: State, _entity: Entity, bound: Entity, made: bool) -> None:
    """Check and complete a digital receptionist."""
    _named(bound, made)
    for key in bound.get("Forwards", []):
        key["Id"] = key.get("Id") or state.next_id()


def _named(bound: Entity, made: bool) -> None:
    for name in ("Number", "Name") if made else ():
        if not bound.get(name):
            raise refused(name, REQUIRED)


def group(state: State, entity: Entity, bound: Entity, made: bool) -> None:
    """Check and complete a department."""
    if made and not bound.get("Name"):
        raise refused("Name", REQUIRED)
    twin = state.find("Groups", Name=bound.get("Name"))
    if twin is not None and twin is not entity:
        raise refused("Name", ALREADY_IN_USE)
    if made:
        bound.setdefault("Number", f"GRP{len(state.get('Groups', [])):04d}")
    if bound.get("CurrentGroupHours") == "HasForcedMask":
        raise refused("CurrentGroupHours", INVALID)
    if bound.get("CurrentGroupHours") == "Default":
        bound["OverrideExpiresAt"] = None
    for read_only in ("HasMembers", "IsDefault"):
        bound.pop(read_only, None)
    for day in bound.get("OfficeHolidays", []):
        _dates(day)
    if "Members" in bound:
        _move_members(state, entity, bound.pop("Members"))
    if "OfficeHolidays" in bound:
        _replace_holidays(state, {**entity, **bound}, bound.pop("OfficeHolidays"))


def _move_members(state: State, entity: Entity, sent: list[Entity]) -> None:
    wanted = {}
    for item in sent:
        found = state.numbered(item.get("Number") or "")
        if found is None:
            raise refused("Members", NOT_FOUND)
        wanted[found[1]["Id"]] = {"RoleName": (item.get("Rights") or {}).get("RoleName") or "users"}
    for _name, dialled in state.dialled():
        kept = [each for each in dialled.get("Groups") or [] if each["GroupId"] != entity["Id"]]
        if dialled["Id"] in wanted:
            rights = wanted[dialled["Id"]]
            kept.append({"GroupId": entity["Id"], "Rights": rights, "GroupRights": rights})
        dialled["Groups"] = kept


def _replace_holidays(state: State, entity: Entity, sent: list[Entity]) -> None:
    kept = [each for each in state.get("Holidays", []) if each["Group"] != entity["Number"]]
    for item in sent:
        kept.append(item | {"Id": state.next_id(), "Group": entity["Number"]})
    state["Holidays"] = kept


def holiday(state: State, entity: Entity, bound: Entity, made: bool) -> None:
    """Check a holiday: it belongs to a department by number, and its name is its own.

    A name that is taken ends in an empty 500, and days that overlap are not noticed, both as seen
    on a PBX.
    """
    if made and not bound.get("Name"):
        raise refused("Name", REQUIRED)
    if made or "Group" in bound:
        if not bound.get("Group"):
            raise refused("Group", REQUIRED)
        if state.find("Groups", Number=bound["Group"]) is None:
            raise refused("Group", NOT_FOUND)
    twin = state.find("Holidays", Name=bound.get("Name"))
    if twin is not None and twin is not entity:
        raise ApiError(500)
    _dates({**entity, **bound})
    if {**entity, **bound}.get("IsRecurrent"):
        bound |= {"Year": 0, "YearEnd": 0}


def _dates(day: dict[str, Any]) -> None:
    for suffix in ("", "End"):
        year, month, date = (day.get(f"{part}{suffix}") for part in ("Year", "Month", "Day"))
        try:
            # A day that returns each year has no year; 2024 has every day.
            datetime.date(year or 2024, month or 0, date or 0)
        except ValueError:
            raise refused(f"Day{suffix}", INVALID) from None
