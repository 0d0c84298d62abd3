# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users: whether the calls of those who matter end at a mobile that can be dialled."""

from __future__ import annotations

from typing import Any, Mapping

from .audit_findings import Findings
from .audit_paths import LEGS, SIDES, End, Paths, legs, profile
from .audit_pbx import Entity, is_dialled, plain, same_number

ALL_LEGS = len(LEGS) * len(SIDES)
_FORWARD = "Forward not registered, busy and no answer to the mobile"


def vital_users(paths: Paths, expected: Mapping[str, Any], findings: Findings) -> None:
    """A vital user has a mobile, and every call that nobody takes goes there."""
    for vital in expected.get("vital_users") or []:
        number = vital["extension"]
        label = f"extension {number}"
        user = paths.exchange.numbered("Users", number)
        if user is None:
            findings.error(
                "vital_user",
                label,
                "is vital and does not exist on the PBX",
                "Make the user, or correct the extension in the inventory",
            )
            continue
        if user.get("Enabled") is False:
            findings.error(
                "vital_user",
                label,
                "is vital and disabled, so that no call comes there",
                "Enable the extension",
            )
        _mobile(user, label, vital.get("mobile"), findings)
        _softphone(user, label, findings)
        for end, legs_of_it in _ends(paths, user, label):
            _vital_end(user, label, end, legs_of_it, findings)


def _mobile(user: Entity, label: str, expected: Any, findings: Findings) -> None:
    mobile = user.get("Mobile") or ""
    if not mobile:
        findings.error("mobile", label, "has no mobile number", "Give the user a mobile number")
    elif not is_dialled(mobile):
        findings.error(
            "mobile",
            label,
            f"has the mobile {mobile}, which no trunk can dial",
            "Write it in E.164, such as +33199000101, or as the country dials it",
        )
    elif expected and not same_number(mobile, expected):
        findings.error(
            "mobile",
            label,
            f"has the mobile {mobile}, and the inventory says {expected}",
            "Correct the one that is out of date",
        )


def _softphone(user: Entity, label: str, findings: Findings) -> None:
    if user.get("AllowLanOnly") or user.get("BlockTunnel"):
        findings.warning(
            "softphone",
            label,
            "may use the app from the local network only",
            "Allow it from outside, so that the app works on a dark site by mobile network",
        )


def _ends(paths: Paths, user: Entity, label: str) -> list[tuple[End, list[str]]]:
    """Return where the legs of the profile in use end, those that end alike together."""
    owner = paths.exchange.owner(user, label)
    found: dict[End, list[str]] = {}
    for leg, destination in legs(profile(user)):
        found.setdefault(paths.end(destination, owner), []).append(leg)
    return list(found.items())


def _vital_end(
    user: Entity, label: str, end: End, legs_of_it: list[str], findings: Findings
) -> None:
    when = "; ".join(legs_of_it) if len(legs_of_it) < ALL_LEGS else "all that nobody takes"
    if end.kind != "external":
        findings.error("vital_user", label, f"sends calls ({when}) {end.told}", _FORWARD)
    elif user.get("Mobile") and end.way == () and not same_number(end.number, user["Mobile"]):
        findings.warning(
            "vital_user",
            label,
            f"sends calls ({when}) to {end.number}, and the mobile is {plain(user['Mobile'])}",
            "A changed mobile does not change the forward: run the role again, or correct it",
        )


def other_users(paths: Paths, _expected: Mapping[str, Any], findings: Findings) -> None:
    """Nobody who forwards outside is kept from it by the extension's own settings."""
    for user in paths.exchange.every("Users"):
        outside = any(one.get("To") == "External" for _leg, one in legs(profile(user)))
        if outside and user.get("Internal"):
            findings.error(
                "internal_only",
                f"extension {user.get('Number')}",
                "forwards outside and may make internal calls only, so that the forward fails",
                "Allow the extension external calls",
            )
