# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""The service map's matches: from entries to complete nft match expressions.

The keys of an entry must all hold; its addresses may be of both IP versions, so that one entry
becomes an expression for each version and protocol that it can meet.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

from .addresses import inside, merged, of_version
from .ports import dscp_words, joined_ports, nft_set, port_expressions
from .problems import Place, did_you_mean, usable
from .wans import Record

KEYS = ("ports", "addresses", "dscp", "domains", "sources", "users")
FAMILY = {4: "ip", 6: "ip6"}


def check_entry(entry: Record, users: list[str] | None, place: Place) -> None:
    """Report an entry that says nothing, contradicts itself or names unknown users.

    `users` are the names of all priority users; None when some could not be read.
    """
    if all(entry[key] is None for key in KEYS):
        place.wrong("matches nothing", f"give one or more of {', '.join(KEYS)}")
    if entry["sources"] is not None and entry["users"] is not None:
        place.wrong("sources and users in one entry", "make two entries, one for each")
    if usable(entry["users"], users):
        for index, name in enumerate(entry["users"]):
            if name not in (users or []):
                right = did_you_mean(name, users) if users else "describe the user there"
                place.key("users").item(index).wrong(
                    f"{name} is not in relais_priority_users", right
                )
    if usable(entry["addresses"], entry["sources"]):
        versions = [{n.version for n in entry[key]} for key in ("addresses", "sources")]
        if not versions[0] & versions[1]:
            place.wrong(
                "addresses and sources have no IP version in common",
                "give both as IPv4 or both as IPv6",
            )


def sources(entry: Record, users: dict[str, Any]) -> Any:
    """Return the source networks of an entry, whether written as such or by user; None: any."""
    if entry["users"] is not None:
        return [network for name in entry["users"] for network in users[name]]
    return entry["sources"]


def expressions(entry: Record, users: dict[str, Any], sets: dict[int, str]) -> list[str]:
    """Return the nft match expressions of an entry; `sets` names its domain set by IP version."""
    heads: list[str] = []
    for version in FAMILY:
        head = _family_parts(entry, sources(entry, users), sets, version)
        if head is not None:
            heads.append(" ".join(head))
    heads = list(dict.fromkeys(heads))
    tails = port_expressions(entry["ports"] or []) or [""]
    return [f"{head} {tail}".strip() for head, tail in product(heads, tails)]


def _family_parts(
    entry: Record, origin: Any, sets: dict[int, str], version: int
) -> list[str] | None:
    """Return the parts of an expression that depend on the IP version; None: it cannot match."""
    family = FAMILY[version]
    parts = []
    for networks, field in ((origin, "saddr"), (entry["addresses"], "daddr")):
        if networks is not None:
            some = of_version(networks, version)
            if not some:
                return None
            parts.append(f"{family} {field} {nft_set(merged(some))}")
    if entry["domains"] is not None:
        parts.append(f"{family} daddr @{sets[version]}")
    if entry["dscp"] is not None:
        parts.append(f"{family} dscp {dscp_words(entry['dscp'])}")
    return parts


def covers(wide: Record, narrow: Record, users: dict[str, Any]) -> bool:
    """Say whether every packet that `narrow` matches is matched by `wide` as well."""
    pairs = [(wide[key], narrow[key]) for key in ("ports", "addresses", "dscp", "domains")]
    pairs.append((sources(wide, users), sources(narrow, users)))
    if any(one is not None and other is None for one, other in pairs):
        return False
    ports, addresses, dscp, domains, origins = pairs
    return (
        (ports[0] is None or _ports_inside(ports[1], ports[0]))
        and (addresses[0] is None or inside(addresses[1], addresses[0]))
        and (dscp[0] is None or set(dscp[1]) <= set(dscp[0]))
        and (domains[0] is None or all(_named(name, domains[0]) for name in domains[1]))
        and (origins[0] is None or inside(origins[1], origins[0]))
    )


def _ports_inside(inner: Iterable[Any], outer: Iterable[Any]) -> bool:
    roomy = joined_ports(outer)
    return all(
        any(first <= low and high <= last for first, last in roomy.get(protocol, []))
        for protocol, low, high in inner
    )


def _named(name: str, domains: Iterable[str]) -> bool:
    """Say whether a domain is one of the others or below it, as dnsmasq takes them."""
    dotted = f".{name.lower()}"
    return any(dotted.endswith(f".{domain.lower()}") for domain in domains)
