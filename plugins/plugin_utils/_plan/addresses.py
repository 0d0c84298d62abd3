# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""Addresses and networks: the one place that uses netaddr."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .kinds import Kind, refuse
from .problems import INVALID, Place, show

try:
    from netaddr import IPAddress, IPNetwork, cidr_merge
    from netaddr.core import AddrFormatError
except ImportError:
    HAS_NETADDR = False
else:
    HAS_NETADDR = True


def parse_address(text: str) -> IPAddress | None:
    """Return the IPv4 or IPv6 address that a text writes, or None."""
    try:
        return IPAddress(text)
    except (AddrFormatError, ValueError):
        return None


def parse_network(text: str) -> IPNetwork | None:
    """Return the address with prefix length that a text writes (``203.0.113.2/30``), or None."""
    _address, slash, length = text.partition("/")
    if not slash or not length.isdecimal():
        return None
    try:
        return IPNetwork(text)
    except (AddrFormatError, ValueError):
        return None


def as_network(given: Any) -> IPNetwork:
    """Return an address or network, read or written, as a network."""
    return IPNetwork(given)


def network_around(address: IPAddress, length: int) -> IPNetwork:
    """Return the network of a prefix length that an address lies in."""
    return IPNetwork(f"{address}/{length}").cidr


def merged(networks: Iterable[IPNetwork]) -> list[str]:
    """Return the shortest sorted list of networks; nft refuses overlaps within one set."""
    texts = []
    for network in cidr_merge(list(networks)):
        full = network.prefixlen == (32 if network.version == 4 else 128)
        texts.append(str(network.ip) if full else str(network))
    return texts


def of_version(networks: Iterable[IPNetwork], version: int) -> list[IPNetwork]:
    """Return the networks of one IP version."""
    return [network for network in networks if network.version == version]


def inside(inner: Iterable[IPNetwork], outer: Iterable[IPNetwork]) -> bool:
    """Say whether each inner network lies in one of the merged outer ones."""
    roomy = cidr_merge(list(outer))
    return all(any(one in other for other in roomy) for one in inner)


def overlap(one: IPNetwork, other: IPNetwork) -> bool:
    """Say whether two networks share an address."""
    return one in other or other in one


def first_host_but(network: IPNetwork, *taken: Any) -> str | None:
    """Return the first host address that is not taken, as a suggestion."""
    for candidate in network.iter_hosts():
        if candidate not in taken:
            return str(candidate)
    return None


def _is_unicast(address: IPAddress) -> bool:
    if address.version == 6:
        return not (address.is_multicast() or address.is_loopback() or int(address) == 0)
    first = int(address) >> 24
    return 0 < first < 224 and first != 127


def _read_address(value: Any, place: Place, called: str, versions: tuple[int, ...]) -> Any:
    if not isinstance(value, str):
        return refuse(value, place, called)
    address = parse_address(value)
    if address is None:
        hint = "leave the prefix length out" if "/" in value else f"give {called}"
        return place.wrong(f"{show(value)} is not {called}", hint)
    if address.version not in versions:
        return place.wrong(f"{show(value)} is an IPv{address.version} address", f"give {called}")
    if not _is_unicast(address):
        return place.wrong(f"{show(value)} is not a unicast address", "give the address of a host")
    return address


def _read_host_in_network(value: Any, place: Place) -> Any:
    called = "an IPv4 address with prefix length"
    if not isinstance(value, str):
        return refuse(value, place, called)
    network = parse_network(value)
    if network is None:
        bare = parse_address(value)
        example = f"{value}/24" if bare is not None and bare.version == 4 else "203.0.113.2/30"
        return place.wrong(f"{show(value)} is not {called}", f"write it like {example}")
    if network.version != 4:
        return place.wrong(f"{show(value)} is IPv6", f"give {called}, such as 203.0.113.2/30")
    if network.prefixlen == 0 or not _is_unicast(network.ip):
        return place.wrong(f"{show(value)} is not a unicast address", f"give {called} of a host")
    if network.prefixlen < 31 and network.ip in (network.network, network.broadcast):
        which = "network" if network.ip == network.network else "broadcast"
        return place.wrong(
            f"{network.ip} is the {which} address of {network.cidr}",
            f"use a host address such as {first_host_but(network)}/{network.prefixlen}",
        )
    return network


def _read_network(value: Any, place: Place) -> Any:
    called = "an IPv4 or IPv6 address or network"
    if not isinstance(value, str):
        return refuse(value, place, called)
    network = parse_network(value)
    if network is None:
        address = parse_address(value)
        if address is None:
            return place.wrong(f"{show(value)} is not {called}", "write it like 198.51.100.0/24")
        network = IPNetwork(address)
    if network.ip != network.cidr.ip:
        return place.wrong(
            f"{show(value)} has address bits beyond its prefix",
            f"use {network.cidr} or {network.ip}",
        )
    return network


def _read_host_in_network6(value: Any, place: Place) -> Any:
    called = "an IPv6 address with prefix length"
    example = "2001:db8:1::2/64"
    if not isinstance(value, str):
        return refuse(value, place, called)
    network = parse_network(value)
    if network is None:
        bare = parse_address(value)
        right = f"{value}/64" if bare is not None and bare.version == 6 else example
        return place.wrong(f"{show(value)} is not {called}", f"write it like {right}")
    if network.version != 6:
        return place.wrong(f"{show(value)} is IPv4", f"give {called}, such as {example}")
    if network.prefixlen == 0 or not _is_unicast(network.ip) or network.ip.is_link_local():
        return place.wrong(
            f"{show(value)} is not a unicast address that others can reach", f"use {example}"
        )
    # RFC 4291, 2.6.1, and RFC 6164.
    if network.prefixlen < 127 and network.ip == network.network:
        return place.wrong(
            f"{network.ip} is the subnet-router anycast address of {network.cidr}",
            f"use a host address such as {first_host_but(network)}/{network.prefixlen}",
        )
    return network


ADDRESS4 = Kind("an IPv4 address", lambda v, p: _read_address(v, p, "an IPv4 address", (4,)))
ADDRESS = Kind(
    "an IPv4 or IPv6 address", lambda v, p: _read_address(v, p, "an IPv4 or IPv6 address", (4, 6))
)
ADDRESS6 = Kind("an IPv6 address", lambda v, p: _read_address(v, p, "an IPv6 address", (6,)))
HOST_IN_NETWORK = Kind("an IPv4 address with prefix length", _read_host_in_network)
HOST_IN_NETWORK6 = Kind("an IPv6 address with prefix length", _read_host_in_network6)
NETWORK = Kind("an IPv4 or IPv6 address or network", _read_network)


def _read_managers(value: Any, place: Place) -> Any:
    network = _read_network(value, place)
    if network is not INVALID and network.prefixlen == 0:
        return place.wrong(f"{value} is the whole Internet", "name the networks you manage from")
    return network


MANAGERS = Kind(NETWORK.called, _read_managers)


def _read_network4(value: Any, place: Place) -> Any:
    network = _read_network(value, place)
    if network is not INVALID and (network.version != 4 or network.prefixlen > 30):
        return place.wrong(
            f"{show(value)} is not an IPv4 network with room for two hosts",
            "give a free /30, such as 198.18.255.252/30",
        )
    return network


NETWORK4 = Kind("an IPv4 network of /30 or wider", _read_network4)
