# SPDX-License-Identifier: GPL-3.0-or-later
"""From a gateway's inventory variables to the lab's nodes, cables and addresses. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from typing import Any

from lab.errors import LabError

INTERNET_HOSTS: Mapping[str, IPv4Address] = {
    "resolver-a": IPv4Address("198.51.100.10"),
    "resolver-b": IPv4Address("198.51.100.70"),
    "resolver-c": IPv4Address("198.51.100.140"),
    "web": IPv4Address("198.51.100.200"),
}
# The same hosts by IPv6.
INTERNET_HOSTS6: Mapping[str, IPv6Address] = {
    "resolver-a": IPv6Address("2001:db8:ffff:a::10"),
    "resolver-b": IPv6Address("2001:db8:ffff:b::70"),
    "resolver-c": IPv6Address("2001:db8:ffff:c::140"),
    "web": IPv6Address("2001:db8:ffff:c::200"),
}
ECHO_HOST = INTERNET_HOSTS["resolver-a"]
# Nothing listens here until somebody runs tests/lab/sip/sip_operator.py in `internet`.
SIP_HOST = IPv4Address("198.51.100.210")

# Where an operator with DHCP takes its customers' addresses from; the first free one is used.
DHCP_NETWORKS = tuple(
    IPv4Network(text)
    for text in ("203.0.113.128/26", "203.0.113.192/26", "203.0.113.64/26", "203.0.113.0/26")
)
# What an operator that advertises a prefix takes it from.
ADVERTISED_NETWORKS = tuple(IPv6Network(f"2001:db8:fe0{n}::/64") for n in range(8))
WAN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


@dataclass(frozen=True)
class DhcpPool:
    """Addresses an ISP leases to its customer."""

    first: IPv4Address
    last: IPv4Address


@dataclass(frozen=True)
class Ipv6:
    """IPv6 of a line: the ISP's own address, the next hop that the customer is told, and whether
    the ISP tells it by router advertisements."""

    isp: IPv6Interface
    router: IPv6Address
    advertised: bool


@dataclass(frozen=True)
class Wan:
    """One line: the gateway's interface, and the ISP's end of the cable."""

    name: str
    interface: str
    isp: IPv4Interface
    pool: DhcpPool | None
    ipv6: Ipv6 | None = None

    @property
    def served(self) -> bool:
        """Whether the operator runs a program that tells the customer its address."""
        return self.pool is not None or (self.ipv6 is not None and self.ipv6.advertised)

    @property
    def node(self) -> str:
        return f"isp-{self.name}"


@dataclass(frozen=True)
class Topology:
    """Everything the lab builds, for one gateway host of an inventory."""

    host: str
    wans: tuple[Wan, ...]
    lan_interface: str
    lan: IPv4Interface
    client: IPv4Interface

    @property
    def nodes(self) -> tuple[str, ...]:
        return ("gw", "lan", *(wan.node for wan in self.wans), "internet")


def from_variables(host: str, variables: Mapping[str, Any]) -> Topology:
    """Topology of a gateway host. Raises LabError naming the variable that has no sense."""
    raw_wans = variables.get("relais_wans")
    if not isinstance(raw_wans, list) or not raw_wans:
        raise LabError(f"{host}: relais_wans: a list of at least one WAN is needed")
    lan_variable = _mapping(host, "relais_lan", variables.get("relais_lan"))
    lan = _interface(host, "relais_lan.address", lan_variable.get("address"))
    internet = (*INTERNET_HOSTS.values(), SIP_HOST)
    taken = [lan.network, *(IPv4Network(address) for address in internet)]
    static: dict[int, Wan] = {}
    for index, raw in enumerate(raw_wans):
        path = f"relais_wans[{index}]"
        wan = _mapping(host, path, raw)
        if wan.get("method") == "static":
            static[index] = _static(host, path, wan)
            _refuse_overlap(host, f"{path}.address", static[index].isp.network, taken)
            taken.append(static[index].isp.network)
    wans = [
        static.get(index) or _dhcp(host, f"relais_wans[{index}]", raw, taken)
        for index, raw in enumerate(raw_wans)
    ]
    wans = _with_ipv6(host, raw_wans, wans)
    _refuse_duplicates(host, wans)
    return Topology(
        host=host,
        wans=tuple(wans),
        lan_interface=_text(host, "relais_lan.interface", lan_variable.get("interface")),
        lan=lan,
        client=_client(host, lan),
    )


def _static(host: str, path: str, wan: Mapping[str, Any]) -> Wan:
    address = _interface(host, f"{path}.address", wan.get("address"))
    gateway = _interface(host, f"{path}.gateway", wan.get("gateway")).ip
    if gateway not in address.network or gateway == address.ip:
        raise LabError(f"{host}: {path}.gateway: {gateway} is no neighbour of {address}")
    isp = IPv4Interface(f"{gateway}/{address.network.prefixlen}")
    return Wan(_name(host, path, wan), _cable(host, path, wan), isp, None)


def _dhcp(host: str, path: str, wan: Mapping[str, Any], taken: list[IPv4Network]) -> Wan:
    if wan.get("method") != "dhcp":
        raise LabError(
            f"{host}: {path}.method: the lab knows static and dhcp, not {wan.get('method')!r}"
        )
    network = next((n for n in DHCP_NETWORKS if not any(n.overlaps(t) for t in taken)), None)
    if network is None:
        raise LabError(f"{host}: {path}: no free network left for another WAN with DHCP")
    taken.append(network)
    isp = IPv4Interface(f"{network[1]}/{network.prefixlen}")
    pool = DhcpPool(first=network[2], last=network[-2])
    return Wan(_name(host, path, wan), _cable(host, path, wan), isp, pool)


def _with_ipv6(host: str, raw_wans: Sequence[Any], wans: Sequence[Wan]) -> list[Wan]:
    """The lines with the IPv6 that the inventory gives them."""
    taken: list[IPv6Network] = []
    for index, raw in enumerate(raw_wans):
        if "address6" in raw:
            path = f"relais_wans[{index}].address6"
            taken.append(_interface6(host, path, raw["address6"]).network)
    free = iter([n for n in ADVERTISED_NETWORKS if not any(n.overlaps(t) for t in taken)])
    return [
        replace(wan, ipv6=_ipv6(host, f"relais_wans[{index}]", raw_wans[index], free))
        for index, wan in enumerate(wans)
    ]


def _ipv6(host: str, path: str, wan: Mapping[str, Any], free: Iterator[IPv6Network]) -> Ipv6 | None:
    if wan.get("ipv6") == "auto":
        network = next(free, None)
        if network is None:
            raise LabError(f"{host}: {path}: no free network left for another WAN with IPv6")
        isp = IPv6Interface(f"{network[1]}/{network.prefixlen}")
        return Ipv6(isp, isp.ip, advertised=True)
    if "address6" not in wan:
        return None
    address = _interface6(host, f"{path}.address6", wan["address6"])
    router = _interface6(host, f"{path}.gateway6", wan.get("gateway6")).ip
    if router.is_link_local:
        own = next(a for a in (address.network[1], address.network[2]) if a != address.ip)
    elif router in address.network and router != address.ip:
        own = router
    else:
        raise LabError(f"{host}: {path}.gateway6: {router} is no neighbour of {address}")
    isp = IPv6Interface(f"{own}/{address.network.prefixlen}")
    return Ipv6(isp, router, advertised=False)


def _client(host: str, lan: IPv4Interface) -> IPv4Interface:
    """The LAN client's address: .10 where the LAN has one, else the first that is free."""
    usable = [lan.network.network_address + 10, *lan.network.hosts()]
    for address in usable:
        if address in lan.network and address not in (lan.ip, lan.network.broadcast_address):
            return IPv4Interface(f"{address}/{lan.network.prefixlen}")
    raise LabError(f"{host}: relais_lan.address: no room for a client in {lan.network}")


def _refuse_overlap(
    host: str, path: str, network: IPv4Network, taken: Sequence[IPv4Network]
) -> None:
    other = next((t for t in taken if network.overlaps(t)), None)
    if other is not None:
        raise LabError(f"{host}: {path}: {network} overlaps {other}, which the lab uses already")


def _refuse_duplicates(host: str, wans: Sequence[Wan]) -> None:
    for key in ("name", "interface"):
        values = [getattr(wan, key) for wan in wans]
        for index, value in enumerate(values):
            if value in values[:index]:
                raise LabError(f"{host}: relais_wans[{index}].{key}: {value!r} is there twice")


def _name(host: str, path: str, wan: Mapping[str, Any]) -> str:
    name = _text(host, f"{path}.name", wan.get("name"))
    if not WAN_NAME.fullmatch(name):
        raise LabError(f"{host}: {path}.name: {name!r}: small letters, digits, - and _ only")
    return name


def _cable(host: str, path: str, wan: Mapping[str, Any]) -> str:
    return _text(host, f"{path}.interface", wan.get("interface"))


def _mapping(host: str, path: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise LabError(f"{host}: {path}: a mapping is needed, not {value!r}")
    return value


def _text(host: str, path: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise LabError(f"{host}: {path}: a text is needed, not {value!r}")
    return value


def _interface6(host: str, path: str, value: object) -> IPv6Interface:
    try:
        return ipaddress.IPv6Interface(_text(host, path, value))
    except ValueError as error:
        raise LabError(f"{host}: {path}: {error}") from error


def _interface(host: str, path: str, value: object) -> IPv4Interface:
    try:
        return ipaddress.IPv4Interface(_text(host, path, value))
    except ValueError as error:
        raise LabError(f"{host}: {path}: {error}") from error
