# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel holds of ours: addresses, routes, rules, settings and the ruleset."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import Any, Iterable

from .programs import attempt, read_json

FAMILIES = ("-4", "-6")
SETTINGS = Path("/proc/sys")
# Writing these resets others, so they come first.
_FORWARDING = ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding")
_UNREADABLE = ("stable_secret",)
# The kernel makes and removes these by itself.
_OWN_PROTOCOLS = ("kernel", "ra")


def capture(owned: dict[str, Any], interfaces: Iterable[str]) -> dict[str, Any]:
    """Return the state of everything of ours in the kernel, in a form that can be compared."""
    names = sorted(interfaces)
    return {
        "links": {name: flags for name in names if (flags := _is_up(name)) is not None},
        "addresses": {name: addresses(name) for name in names},
        "routes": routes(owned, names),
        "rules": rules(owned),
        "settings": settings(owned["sysctls"], names),
        "nft": ruleset(owned["nft"]),
    }


def _is_up(name: str) -> bool | None:
    seen = read_json(["ip", "-json", "link", "show", "dev", name])
    return "UP" in seen[0]["flags"] if seen else None


def addresses(name: str) -> list[list[str]]:
    """Return [address/prefix, broadcast] of an interface, without what DHCP or the kernel gave."""
    found = []
    for link in read_json(["ip", "-json", "address", "show", "dev", name]):
        for one in link.get("addr_info", []):
            if one.get("dynamic") or one.get("scope") == "link" or "local" not in one:
                continue
            found.append([f"{one['local']}/{one['prefixlen']}", one.get("broadcast", "")])
    return sorted(found)


def routes(owned: dict[str, Any], interfaces: Iterable[str]) -> list[list[str]]:
    """Return [family, words of the route] of our tables and interfaces, without those of leases."""
    first, last = owned["tables"]
    names = set(interfaces) - {"lo"}
    found = []
    for family in FAMILIES:
        for route in read_json(["ip", "-json", family, "route", "show", "table", "all"]):
            table = str(route.get("table", "main"))
            ours = table.isdigit() and first <= int(table) <= last
            if not ours and (table == "local" or route.get("dev") not in names):
                continue
            if route.get("protocol") in (*_OWN_PROTOCOLS, "dhcp"):
                continue
            found.append([family, " ".join(_route_words(route, table))])
    return sorted(found)


def _route_words(route: dict[str, Any], table: str) -> list[str]:
    words = [route["type"]] if "type" in route else []
    words.append(route["dst"])
    for key, option in (
        ("gateway", "via"),
        ("dev", "dev"),
        ("prefsrc", "src"),
        ("metric", "metric"),
    ):
        if key in route and not (key == "dev" and "type" in route):
            words += [option, str(route[key])]
    via = route.get("via")
    if via:
        words += ["via", via["family"], via["host"]]
    if route.get("scope") == "link" and "gateway" not in route and not via:
        words += ["scope", "link"]
    if "onlink" in route.get("flags", []):
        words.append("onlink")
    return [*words, "proto", str(route.get("protocol", "boot")), "table", table]


def rules(owned: dict[str, Any]) -> list[list[str]]:
    """Return [family, words of the rule] of the routing rules in our range of priorities."""
    found = []
    for family in FAMILIES:
        for rule in read_json(["ip", "-json", family, "rule", "show"]):
            if any(first <= rule["priority"] <= last for first, last in owned["rules"]):
                found.append([family, " ".join(_rule_words(rule))])
    return sorted(found)


def _rule_words(rule: dict[str, Any]) -> list[str]:
    words = ["priority", str(rule["priority"])]
    if "fwmark" in rule:
        words += ["fwmark", f"{rule['fwmark']}/{rule.get('fwmask', '0xffffffff')}"]
    words += ["lookup", str(rule["table"])]
    if "suppress_prefixlen" in rule:
        words += ["suppress_prefixlength", str(rule["suppress_prefixlen"])]
    return words


def settings(names: Iterable[str], interfaces: Iterable[str]) -> dict[str, str]:
    """Return kernel settings by path below /proc/sys: those named, and all of the interfaces."""
    paths = {path for name in names for path in glob.glob(str(SETTINGS / name.replace(".", "/")))}
    for interface in interfaces:
        for family in ("ipv4", "ipv6"):
            paths.update(map(str, (SETTINGS / "net" / family / "conf" / interface).glob("*")))
    found = {}
    for path in sorted(paths):
        if os.path.basename(path) in _UNREADABLE or not os.stat(path).st_mode & 0o200:
            continue
        try:
            found[os.path.relpath(path, str(SETTINGS))] = Path(path).read_text().strip()
        except OSError:
            continue
    return found


def ruleset(table: str) -> str | None:
    """Return our table without what moves (counters, elements); None when it is not there."""
    done = attempt(["nft", "--stateless", "--terse", "list", "table", "inet", table])
    return done.stdout if done.returncode == 0 else None


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return in words what is not as it was."""
    words = []
    for name in sorted(set(before["addresses"]) | set(now["addresses"])):
        one, other = before["addresses"].get(name, []), now["addresses"].get(name, [])
        if one != other or before["links"].get(name) != now["links"].get(name):
            words.append(f"interface {name}")
    for key, what in (("routes", "routes"), ("rules", "routing rules")):
        if before[key] != now[key]:
            words.append(what)
    changed = [
        path
        for path, value in before["settings"].items()
        if now["settings"].get(path, value) != value
    ]
    words += [f"setting {path.replace('/', '.')}" for path in changed]
    if before["nft"] != now["nft"]:
        words.append("ruleset")
    return words


def restore_settings(before: dict[str, str]) -> list[str]:
    """Write back every setting that differs; return what could not be done."""
    problems = []
    first = [path for path in _FORWARDING if path in before]
    for path in first + sorted(set(before) - set(first)):
        target = SETTINGS / path
        try:
            if target.read_text().strip() != before[path]:
                target.write_text(before[path] + "\n")
        except OSError as error:
            if target.exists():
                problems.append(f"setting {path}: {error}")
    return problems


def remove_new(owned: dict[str, Any], interfaces: Iterable[str], before: dict[str, Any]) -> None:
    """Take away addresses, routes and rules that were not there. A failure shows afterwards."""
    for family, words in _missing(routes(owned, interfaces), before["routes"]):
        attempt(["ip", family, "route", "del", *words.split()])
    for family, words in _missing(rules(owned), before["rules"]):
        attempt(["ip", family, "rule", "del", *words.split()])
    for name, wanted in before["addresses"].items():
        for address, _broadcast in _missing(addresses(name), wanted):
            attempt(["ip", "address", "del", address, "dev", name])


def put_back(owned: dict[str, Any], interfaces: Iterable[str], before: dict[str, Any]) -> None:
    """Put back what is missing: rules and addresses before the routes that need them."""
    for name, was_up in before["links"].items():
        if _is_up(name) not in (was_up, None):
            attempt(["ip", "link", "set", name, "up" if was_up else "down"])
    for name, wanted in before["addresses"].items():
        for address, broadcast in _missing(wanted, addresses(name)):
            extra = ["broadcast", broadcast] if broadcast else []
            attempt(["ip", "address", "add", address, *extra, "dev", name])
    for family, words in _missing(before["rules"], rules(owned)):
        attempt(["ip", family, "rule", "add", *words.split()])
    for family, words in _missing(before["routes"], routes(owned, interfaces)):
        attempt(["ip", family, "route", "add", *words.split()])


def forget_leases(name: str) -> None:
    """Take away what DHCP gave to an interface that nothing manages any more."""
    for link in read_json(["ip", "-json", "address", "show", "dev", name]):
        for one in link.get("addr_info", []):
            if one.get("dynamic") and one.get("family") == "inet":
                attempt(["ip", "address", "del", f"{one['local']}/{one['prefixlen']}", "dev", name])


def _missing(wanted: list[list[str]], there: list[list[str]]) -> list[list[str]]:
    return [one for one in wanted if one not in there]
