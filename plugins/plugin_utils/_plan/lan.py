# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""The LAN and the other networks: DHCP range, overlaps, what is never steered."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from .addresses import overlap
from .problems import Place, Problems, usable
from .wans import Record, each, host_keys

# Never sent to a WAN: loopback (RFC 1122), link-local (RFC 3927), multicast (RFC 5771) and
# limited broadcast (RFC 919); for IPv6 RFC 4291.
FIXED_LOCAL4 = ["127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255"]
FIXED_LOCAL6 = ["::1", "fe80::/10", "ff00::/8"]


def check_lan(lan: Any, wans: Any, problems: Problems) -> None:
    """Report a LAN interface that is a WAN's, and a DHCP range that cannot be."""
    if not isinstance(lan, dict):
        return
    place = problems.at("relais_lan")
    for wan, where in each(wans, problems.at("relais_wans")):
        if usable(lan["interface"]) and wan["interface"] == lan["interface"]:
            place.key("interface").wrong(
                f"{lan['interface']} is the interface of {where.path}",
                "give the LAN an interface of its own",
            )
    if usable(lan["address"], lan["dhcp"]):
        _check_dhcp(lan["dhcp"], lan["address"], place.key("dhcp"))


def _check_dhcp(dhcp: Record, address: Any, place: Place) -> None:
    if dhcp["enabled"] is not True:
        return
    start, end = dhcp["start"], dhcp["end"]
    if start is None and end is None:
        if upper_half(address) is None:
            place.wrong(
                f"{address.cidr} has no upper half to give out",
                "give start and end, widen the LAN or set enabled: false",
            )
        return
    found = len(place.problems.found)
    for key in ("start", "end"):
        if dhcp[key] is None:
            place.key(key).wrong("missing", "give both start and end, or neither")
        elif usable(dhcp[key]) and dhcp[key] not in address.cidr:
            right = _shown(upper_half(address))
            place.key(key).wrong(f"{dhcp[key]} is not in {address.cidr}", right)
    if usable(start, end) and found == len(place.problems.found):
        _check_range(start, end, address, place.key("start"))


def _check_range(start: Any, end: Any, address: Any, place: Place) -> None:
    right = _shown(upper_half(address))
    if start > end:
        place.wrong(f"{start} comes after the end {end}", "swap start and end")
    elif start <= address.ip <= end:
        place.wrong(f"the range contains the gateway's own {address.ip}", right)
    elif start == address.network or end == address.broadcast:
        place.wrong(f"the range contains the network or broadcast address of {address.cidr}", right)


def _shown(span: tuple[Any, Any] | None) -> str:
    return f"use {span[0]} to {span[1]}" if span else "widen the LAN"


def upper_half(address: Any) -> tuple[Any, Any] | None:
    """Return first and last address of the upper half of a LAN, without the gateway's own.

    Where the gateway sits in that half, the longer part beside it is taken.
    """
    network = address.cidr
    if network.prefixlen > 30:
        return None
    first, last = network[network.size // 2], network[-2]
    if not first <= address.ip <= last:
        return first, last
    below, above = int(address.ip) - int(first), int(last) - int(address.ip)
    if below == above == 0:
        return None
    return (first, address.ip - 1) if below > above else (address.ip + 1, last)


def check_overlaps(wans: Any, lan: Any, drill: Any, problems: Problems) -> None:
    """Report every two networks that share addresses, at the later of the two."""
    networks = []
    if isinstance(lan, dict) and usable(lan["address"]):
        networks.append((problems.at("relais_lan").key("address"), lan["address"].cidr))
    if isinstance(lan, dict) and usable(lan["address6"]):
        networks.append((problems.at("relais_lan").key("address6"), lan["address6"].cidr))
    for wan, where in each(wans, problems.at("relais_wans")):
        if usable(wan["address"]):
            networks.append((where.key("address"), wan["address"].cidr))
        if usable(wan["address6"]):
            networks.append((where.key("address6"), wan["address6"].cidr))
    if isinstance(drill, dict) and usable(drill["network"]):
        networks.append((problems.at("relais_drill").key("network"), drill["network"].cidr))
    for (one_place, one), (place, other) in combinations(networks, 2):
        if overlap(one, other):
            place.wrong(
                f"{other} overlaps {one} of {one_place.path}", "give one of them another network"
            )


def planned_lan(lan: Record, dns_upstreams: list[str]) -> Record:
    """Return the plan's LAN."""
    dhcp = lan["dhcp"]
    start, end = dhcp["start"], dhcp["end"]
    if dhcp["enabled"] and start is None:
        start, end = upper_half(lan["address"]) or (None, None)
    return {
        "interface": lan["interface"],
        **host_keys(lan["address"]),
        "ipv6": host_keys(lan["address6"]) if lan["address6"] is not None else None,
        "domain": lan["domain"],
        "dhcp": {
            "enabled": dhcp["enabled"],
            "start": str(start) if start is not None else None,
            "end": str(end) if end is not None else None,
            "lease_time": dhcp["lease_time"],
        },
        "dns_upstreams": dns_upstreams,
    }


def local_networks4(wans: list[Record], lan: Record, drill: Record) -> list[str]:
    """Return the IPv4 destinations that are never steered."""
    own = [lan["address"].cidr, drill["network"].cidr]
    own += [wan["address"].cidr for wan in wans if wan["address"] is not None]
    return [str(network) for network in own] + FIXED_LOCAL4


def local_networks6(wans: list[Record], lan: Record) -> list[str]:
    """Return the IPv6 destinations that are never steered."""
    own = [place["address6"] for place in (lan, *wans) if place["address6"] is not None]
    return [str(address.cidr) for address in own] + FIXED_LOCAL6
