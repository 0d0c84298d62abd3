# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's rules, routes and addresses, read whole and added to; nothing is ever deleted.

Message formats: linux/fib_rules.h, rtnetlink.h, if_addr.h.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from relais.core.repair.routing import (
    MAIN,
    RA,
    UNREACHABLE,
    Address,
    Part,
    Picture,
    Route,
    Rule,
    Thing,
)
from relais.shell.netlink_socket import ACK, DUMP, NetlinkSocket, attribute, attributes
from relais.shell.rtnetlink import Rtnetlink

UNITS = Path("/etc/systemd/network")
_NEWADDR, _GETADDR, _NEWROUTE, _GETROUTE, _NEWRULE, _GETRULE = 20, 22, 24, 26, 32, 34
_REPLACE, _EXCL, _CREATE = 0x100, 0x200, 0x400
_FAMILIES = {socket.AF_INET: 4, socket.AF_INET6: 6}
_NUMBERS = {4: socket.AF_INET, 6: socket.AF_INET6}
_FRA_PRIORITY, _FRA_FWMARK, _FRA_SUPPRESS, _FRA_TABLE, _FRA_FWMASK = 6, 10, 14, 15, 16
_FRA_PROTOCOL = 21
_FRA_KNOWN = {0, _FRA_PRIORITY, _FRA_FWMARK, _FRA_SUPPRESS, _FRA_TABLE, _FRA_FWMASK, _FRA_PROTOCOL}
_TO_TABLE = 1
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_PREFSRC = 1, 4, 5, 6, 7
_RTA_TABLE, _RTA_EXPIRES = 15, 23
ROUTER_LIFETIME_S = 1800
"""Of a default route that an operator announced, until it is announced again (RFC 4861, 6.2.1)."""
_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST, _IFA_FLAGS, _IFA_PRIORITY = 1, 2, 4, 8, 9
_SCOPE_LINK = 253
_TEMPORARY, _NO_DAD, _NO_PREFIX_ROUTE = 0x01, 0x02, 0x200
_CONNECTED6_METRIC = 256  # IP6_RT_PRIO_ADDRCONF
_HEAD = struct.Struct("=8BI")
_ADDRESS = struct.Struct("=BBBBI")


class Routing:
    """One request socket; every method raises OSError."""

    def __init__(self, tables: frozenset[int]) -> None:
        self._tables = tables | {MAIN}
        self._socket = NetlinkSocket(socket.NETLINK_ROUTE)
        self._links = Rtnetlink()

    def close(self) -> None:
        """Release the sockets."""
        self._socket.close()
        self._links.close()

    def picture(self) -> Picture:
        """All that concerns us, as it is now."""
        interfaces = self._links.interfaces()
        names = {interface.index: interface.name for interface in interfaces}
        return Picture(
            frozenset(interface.name for interface in interfaces if interface.running),
            tuple(self._addresses(names)),
            frozenset(self._rules()),
            tuple(self._routes(names)),
        )

    def add(self, thing: Thing) -> None:
        """Put something where it is missing; a route with a next hop replaces that in its place."""
        indexes = {interface.name: interface.index for interface in self._links.interfaces()}
        match thing:
            case Rule():
                self._ask(_NEWRULE, _CREATE | _EXCL, _rule_message(thing))
            case Route(gateway=None, kind=kind) if kind != UNREACHABLE:
                self._ask(_NEWROUTE, _CREATE, _route_message(thing, indexes))
            case Route():
                self._ask(_NEWROUTE, _CREATE | _REPLACE, _route_message(thing, indexes))
            case Address():
                self._ask(_NEWADDR, _CREATE | _REPLACE, _address_message(thing, indexes))

    def _ask(self, kind: int, flags: int, message: bytes) -> None:
        for _unused in self._socket.ask(kind, flags | ACK, message):
            pass

    def _addresses(self, names: dict[int, str]) -> Iterator[Address]:
        request = _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        for body in self._socket.ask(_GETADDR, DUMP, request):
            family, prefix, flags, scope, index = _ADDRESS.unpack_from(body)
            named = dict(attributes(body[_ADDRESS.size :]))
            flags = _number(named.get(_IFA_FLAGS), flags)
            network = named.get(_IFA_ADDRESS)
            packed = named.get(_IFA_LOCAL) or network
            near = family == socket.AF_INET6 and scope == _SCOPE_LINK
            if (scope and not near) or packed is None or index not in names or flags & _TEMPORARY:
                continue
            bits, usual = (32, 0) if family == socket.AF_INET else (128, _CONNECTED6_METRIC)
            yield Address(
                names[index],
                f"{_text(family, packed)}/{prefix}",
                _number(named.get(_IFA_PRIORITY)) or usual,
                prefix < bits and packed == network and not flags & _NO_PREFIX_ROUTE,
            )

    def _rules(self) -> Iterator[Rule]:
        for body in self._socket.ask(_GETRULE, DUMP, _HEAD.pack(*[0] * 9)):
            family, to, since, tos, table, _unused, _unused, action, flags = _HEAD.unpack_from(body)
            named = dict(attributes(body[_HEAD.size :]))
            suppress = _number(named.get(_FRA_SUPPRESS), -1)
            if family not in _FAMILIES or action != _TO_TABLE or to or since or tos or flags:
                continue
            if set(named) - _FRA_KNOWN:
                continue
            yield Rule(
                _FAMILIES[family],
                _number(named.get(_FRA_PRIORITY)),
                _number(named.get(_FRA_TABLE), table),
                _number(named.get(_FRA_FWMARK)),
                _number(named.get(_FRA_FWMASK)),
                None if suppress in (-1, 0xFFFFFFFF) else suppress,
                _number(named.get(_FRA_PROTOCOL)),
            )

    def _routes(self, names: dict[int, str]) -> Iterator[Route]:
        for body in self._socket.ask(_GETROUTE, DUMP, _HEAD.pack(*[0] * 9)):
            family, prefix, *_unused, protocol, scope, kind, _flags = _HEAD.unpack_from(body)
            named = dict(attributes(body[_HEAD.size :]))
            table = _number(named.get(_RTA_TABLE), body[4])
            if family not in _FAMILIES or table not in self._tables:
                continue
            end = kind == UNREACHABLE
            yield Route(
                _FAMILIES[family],
                table,
                f"{_text(family, named.get(_RTA_DST))}/{prefix}",
                kind,
                _number(named.get(_RTA_PRIORITY)),
                None if end else names.get(_number(named.get(_RTA_OIF))),
                _text(family, named[_RTA_GATEWAY]) if _RTA_GATEWAY in named else None,
                protocol,
                scope,
                _text(family, named[_RTA_PREFSRC]) if _RTA_PREFSRC in named else None,
            )


def asked_for(part: Part, units: Path = UNITS) -> bool:
    """Whether systemd-networkd's file still has what makes a part ours to repair."""
    try:
        text = (units / f"05-relais-{part.unit}.network").read_text(encoding="utf-8")
    except OSError:
        return False
    return set(part.asked) <= set(text.splitlines())


def _rule_message(rule: Rule) -> bytes:
    head = _HEAD.pack(_NUMBERS[rule.family], 0, 0, 0, 0, 0, 0, _TO_TABLE, 0)
    message = head + _u32(_FRA_PRIORITY, rule.priority) + _u32(_FRA_TABLE, rule.table)
    message += attribute(_FRA_PROTOCOL, bytes([rule.protocol]))
    if rule.mask:
        message += _u32(_FRA_FWMARK, rule.mark) + _u32(_FRA_FWMASK, rule.mask)
    if rule.suppress_prefixlength is not None:
        message += _u32(_FRA_SUPPRESS, rule.suppress_prefixlength)
    return message


def _route_message(route: Route, indexes: dict[str, int]) -> bytes:
    network = ipaddress.ip_network(route.destination)
    family = _NUMBERS[route.family]
    head = (family, network.prefixlen, 0, 0, 0, route.protocol, route.scope, route.kind, 0)
    message = _HEAD.pack(*head) + _u32(_RTA_TABLE, route.table)
    if network.prefixlen:
        message += attribute(_RTA_DST, network.network_address.packed)
    if route.metric:
        message += _u32(_RTA_PRIORITY, route.metric)
    if route.interface is not None:
        message += _u32(_RTA_OIF, indexes.get(route.interface, 0))
    for kind, address in ((_RTA_GATEWAY, route.gateway), (_RTA_PREFSRC, route.source)):
        if address is not None:
            message += attribute(kind, ipaddress.ip_address(address).packed)
    if route.protocol == RA:
        message += _u32(_RTA_EXPIRES, ROUTER_LIFETIME_S)
    return message


def _address_message(address: Address, indexes: dict[str, int]) -> bytes:
    parsed = ipaddress.ip_interface(address.address)
    prefix = parsed.network.prefixlen
    index = indexes.get(address.interface, 0)
    # It was ours a moment ago: nobody else can have it, and asking around would take a second.
    message = _ADDRESS.pack(_NUMBERS[address.family], prefix, _NO_DAD, 0, index)
    message += attribute(_IFA_LOCAL, parsed.packed) + attribute(_IFA_ADDRESS, parsed.packed)
    if address.family == 4 and prefix < 31:  # as systemd-networkd does; none in RFC 3021
        message += attribute(_IFA_BROADCAST, parsed.network.broadcast_address.packed)
    return message


def _u32(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("=I", value))


def _number(value: bytes | None, default: int = 0) -> int:
    return default if value is None else int.from_bytes(value, sys.byteorder)


def _text(family: int, packed: bytes | None) -> str:
    return socket.inet_ntop(family, packed or bytes(4 if family == socket.AF_INET else 16))
