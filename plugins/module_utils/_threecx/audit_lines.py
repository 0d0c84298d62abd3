# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines: whether two of them stand behind every rule, and carry all that is forwarded."""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from .audit_findings import Findings
from .audit_paths import Paths
from .audit_pbx import Entity, expanded, host, is_dialled
from .directory import trunk_name

# A call that comes in and goes out again holds two channels.
CHANNELS_OF_A_FORWARD = 2


def forwarding_allowed(paths: Paths, _expected: Mapping[str, Any], findings: Findings) -> None:
    """The PBX lets calls be forwarded outside, at every hour."""
    settings = paths.exchange.single("GeneralSettingsForPbx")
    if settings.get("AllowFwdToExternal") is False:
        findings.error(
            "forwarding",
            "the PBX",
            "lets no call be forwarded to an external number",
            "Set forward_to_external with threecx_settings",
        )
    if settings.get("DisableOutboundCallsOutOfficeHours"):
        findings.error(
            "forwarding",
            "the PBX",
            "makes no outbound call when closed, forwards included",
            "Unset no_outbound_calls_when_closed with threecx_settings",
        )


def _named(rule: Entity) -> str:
    return f"{'emergency' if rule.get('EmergencyRule') else 'outbound'} rule {rule.get('Name')}"


def outbound_rules(paths: Paths, _expected: Mapping[str, Any], findings: Findings) -> None:
    """Every rule has two trunks at different hosts, where there are two."""
    if len({host(one) for one in paths.exchange.trunks}) < 2:
        findings.warning(
            "trunks",
            "the PBX",
            "has trunks at one host only: when that fails, no call goes out",
            "Add a trunk of another operator",
        )
        return
    for rule in paths.exchange.rules():
        routes = paths.exchange.routes(rule)
        emergency = rule.get("EmergencyRule")
        if not routes and not emergency:
            # A rule without trunks is how a number is blocked on purpose.
            continue
        _two_hosts(rule, routes, findings)


def _two_hosts(rule: Entity, routes: list[Entity], findings: Findings) -> None:
    hosts = {host(one) for one in routes}
    names = ", ".join(trunk_name(one) for one in routes)
    if len(routes) == 1:
        findings.error(
            "trunks", _named(rule), f"has one trunk, {names}", "Add a second one at another host"
        )
    elif len(hosts) == 1:
        findings.error(
            "trunks",
            _named(rule),
            f"has trunks at one host, {next(iter(hosts))}: {names}",
            "Replace one by a trunk at another host",
        )
    for trunk in routes:
        if trunk.get("Direction") in ("None", "Inbound") or (
            trunk.get("EnableOutboundCalls") is False
        ):
            findings.error(
                "trunks",
                _named(rule),
                f"leads over {trunk_name(trunk)}, which is for calls from outside",
                "Allow outbound calls on the trunk, or take another",
            )


def emergency_rules(paths: Paths, expected: Mapping[str, Any], findings: Findings) -> None:
    """Everybody reaches emergency numbers, over either trunk, as they are dialled."""
    rules = paths.exchange.every("EmergencyOutboundRules")
    if not rules:
        findings.error(
            "emergency",
            "the PBX",
            "has no rule for emergency numbers",
            "Make one with threecx_outbound_rule (emergency: true)",
        )
        return
    covered = {number for rule in rules for number in expanded(rule.get("Prefix"))}
    for number in expected.get("emergency_numbers") or []:
        if number not in covered:
            findings.error(
                "emergency",
                f"emergency number {number}",
                "is in no emergency rule",
                "Add it to an emergency rule",
            )
    for rule in rules:
        if rule.get("GroupIds") or rule.get("DNRanges"):
            findings.error(
                "emergency",
                _named(rule),
                "is not for everybody",
                "Let every department and extension use it",
            )
        if not paths.exchange.routes(rule):
            findings.error(
                "emergency", _named(rule), "has no trunk, which blocks the number", "Give it trunks"
            )
        for trunk, changed in _changed(paths, rule):
            findings.warning(
                "emergency",
                _named(rule),
                f"changes the number over {trunk}: {changed}",
                "Ask the operator how it wants the number, and call it once by arrangement",
            )


def _changed(paths: Paths, rule: Entity) -> Iterator[tuple[str, str]]:
    names = {one.get("Id"): trunk_name(one) for one in paths.exchange.trunks}
    for route in rule.get("Routes") or []:
        if route.get("TrunkId") not in names:
            continue
        changes = []
        if route.get("StripDigits"):
            changes.append(f"{route['StripDigits']} digits are taken away")
        changes += [f"{route[key]} is added" for key in ("Prepend", "Append") if route.get(key)]
        if changes:
            yield names[route["TrunkId"]], ", ".join(changes)


def channels(paths: Paths, expected: Mapping[str, Any], findings: Findings) -> None:
    """The trunks and the licence carry as many forwarded calls as are expected at once."""
    calls = int(expected.get("forwarded_calls") or 0)
    if not calls:
        return
    needed = calls * CHANNELS_OF_A_FORWARD
    lines = {trunk_name(one): one.get("SimultaneousCalls") for one in paths.exchange.trunks}
    limited = {name: int(count) for name, count in lines.items() if count is not None}
    if lines and len(limited) == len(lines):
        _line_channels(limited, calls, needed, findings)
    licensed = paths.exchange.single("SystemStatus").get("MaxSimCalls")
    if licensed is not None and int(licensed) < needed:
        note = findings.error if int(licensed) < calls else findings.warning
        note(
            "channels",
            "the licence",
            f"allows {licensed} calls at once; {calls} forwarded calls may count as {needed}",
            "Take a licence for more simultaneous calls, or forward fewer",
        )


def _line_channels(limited: dict[str, int], calls: int, needed: int, findings: Findings) -> None:
    total = sum(limited.values())
    if total < needed:
        findings.error(
            "channels",
            "the trunks",
            f"carry {total} calls at once, and {calls} forwarded calls need {needed} channels, one"
            " in and one out each",
            "Ask the operators for more channels, or forward fewer calls at once",
        )
        return
    for name, count in limited.items():
        if len(limited) > 1 and total - count < needed:
            findings.warning(
                "channels",
                f"trunk {name}",
                f"leaves {total - count} channels to the others when it fails, and {calls}"
                f" forwarded calls need {needed}",
                "Ask the operators for more channels",
            )


def dark_pbx(paths: Paths, expected: Mapping[str, Any], findings: Findings) -> None:
    """A PBX that goes dark with its site forwards nothing: something else must."""
    if expected.get("location") != "onsite":
        return
    forward = expected.get("carrier_forward")
    own = set(expected.get("own_path_trunks") or [])
    if not forward and not own:
        findings.error(
            "dark_site",
            "the PBX",
            "is on the site and dark with it: no call reaches it then, and it forwards none",
            "Have the operator forward on unreachable, or add a trunk that needs none of the site's"
            " lines",
        )
    if forward and not is_dialled(forward.get("to")):
        findings.error(
            "dark_site",
            "the operator's forward",
            f"goes to {forward.get('to')}, no number to dial",
            "Correct carrier_forward in the inventory, and ask the operator",
        )
    if forward and not forward.get("tested_on"):
        findings.warning(
            "dark_site",
            "the operator's forward",
            "was never tried, by the inventory",
            "Cut the site off, call it, and write tested_on down",
        )
    for rule in paths.exchange.rules() if own else []:
        routes = paths.exchange.routes(rule)
        if routes and not own.intersection(trunk_name(one) for one in routes):
            findings.error(
                "dark_site",
                _named(rule),
                "has no trunk with a path of its own, and goes dark with the site's lines",
                f"Add {', '.join(sorted(own))} as its last trunk",
            )
