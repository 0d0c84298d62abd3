# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a PBX is ready for a dark site, and whether what is live is well."""

from __future__ import annotations

import time
from typing import Any, Callable, Mapping

from . import collect
from .audit import audit
from .client import Client
from .directory import meant, trunk_name
from .trunk_actions import registers

Finding = Mapping[str, Any]
_COUNTED = {"error": ("error",), "warning": ("error", "warning"), "never": ()}


def verified(client: Client, params: Mapping[str, Any]) -> dict[str, Any]:
    """Audit once, look at what is live until it holds, and return the result of the module."""
    audited = (
        list(audit(collect.collected(client), params["expectations"])) if params["audit"] else []
    )
    live: list[Finding] = []
    attempts = 0
    while True:
        attempts += 1
        live = _live(client, params)
        if not live or attempts > params["retries"]:
            break
        time.sleep(params["delay_s"])
    findings = sorted([*audited, *live], key=lambda one: one["severity"] != "error")
    severities = [one["severity"] for one in findings]
    failed = any(one in _COUNTED[params["fail_on"]] for one in severities)
    return {
        "findings": findings,
        "errors": severities.count("error"),
        "warnings_found": severities.count("warning"),
        "report": [told(one) for one in findings] or ["Nothing was found."],
        "verdict": "fail" if failed else "pass",
        "attempts": attempts,
    }


def told(finding: Finding) -> str:
    """Return a finding as a line for people."""
    message, remedy = finding["message"].rstrip("."), finding["remedy"].rstrip(".")
    return f"{finding['severity'].upper()} {finding['object']}: {message}. {remedy}."


def _finding(check: str, what: str, message: str, remedy: str) -> Finding:
    return {
        "check": check,
        "severity": "error",
        "object": what,
        "message": message,
        "remedy": remedy,
    }


def _live(client: Client, params: Mapping[str, Any]) -> list[Finding]:
    found: list[Finding] = []
    if params["trunks_online"]:
        found += _expected(
            "trunk_online",
            "trunk",
            params["trunks_online"],
            {trunk_name(one): one for one in collect.entities(client, "Trunks")},
            _trunk_works,
            "is not registered",
            "Register it anew with threecx_trunk_action, and look at the line to its operator",
        )
    if params["users_registered"] or params["users_unregistered_max"] is not None:
        found += _users(collect.entities(client, "Users"), params)
    if params["sbcs_connected"]:
        found += _expected(
            "sbc_connected",
            "SBC",
            params["sbcs_connected"],
            {one["Name"]: one for one in collect.entities(client, "Sbcs")},
            _sbc_works,
            "is not connected",
            "Look at its power and at the line of its site",
        )
    return found


def _trunk_works(trunk: dict[str, Any]) -> bool:
    return bool(trunk.get("IsOnline")) or not registers(trunk)


def _sbc_works(sbc: dict[str, Any]) -> bool:
    # 20.0.8 and later say more of the connection
    connection = sbc.get("Connection") or {}
    return bool(sbc.get("HasConnection")) and connection.get("Up", True) is not False


def _is_registered(user: dict[str, Any]) -> bool:
    return bool(user.get("IsRegistered"))


def _users(users: list[dict[str, Any]], params: Mapping[str, Any]) -> list[Finding]:
    enabled = {one["Number"]: one for one in users if one.get("Enabled") is not False}
    found = _expected(
        "user_registered",
        "extension",
        params["users_registered"],
        enabled,
        _is_registered,
        "has no phone registered",
        "Look at its phone, and at the network of the site",
    )
    missing = sorted(number for number, one in enabled.items() if not _is_registered(one))
    most = params["users_unregistered_max"]
    if most is not None and len(missing) > most:
        shown = ", ".join(missing[:12]) + (", ..." if len(missing) > 12 else "")
        found.append(
            _finding(
                "users_unregistered",
                "the PBX",
                f"{len(missing)} extensions have no phone registered, at most {most} may: {shown}",
                "Look at their site: its network, its SBC and its line",
            )
        )
    return found


def _expected(
    check: str,
    noun: str,
    names: list[str],
    there: Mapping[str, dict[str, Any]],
    works: Callable[[dict[str, Any]], bool],
    message: str,
    remedy: str,
) -> list[Finding]:
    """Return a finding for each of the named objects that is missing or does not work."""
    found = []
    for name in sorted(there) if "all" in names else names:
        what = f"{noun} {name}"
        if name not in there:
            hint = meant(name, there)
            found.append(_finding(check, what, "does not exist on the PBX", hint.capitalize()))
        elif not works(there[name]):
            found.append(_finding(check, what, message, remedy))
    return found
