# SPDX-License-Identifier: GPL-3.0-or-later
"""The few questions to rtnetlink(7) that tell whether a WAN can carry a packet.

Message formats: linux/rtnetlink.h, if_link.h, if_addr.h.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from relais.shell.netlink_socket import (
    RECEIVE_BYTES,
    NetlinkSocket,
    attribute,
    attributes,
    messages,
)

_NEWLINK, _DELLINK, _GETLINK = 16, 17, 18
_GETADDR, _GETROUTE = 22, 26
_IFLA_IFNAME, _IFLA_EXT_MASK = 3, 29
_SKIP_STATISTICS = 1 << 3
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_RTA_OIF, _RTA_GATEWAY, _RTA_TABLE = 4, 5, 15
_UP, _LOWER_UP = 0x1, 0x10000
_SCOPE_UNIVERSE, _UNICAST = 0, 1
_UNFIT = 0x08 | 0x20 | 0x40  # IFA_F_DADFAILED, IFA_F_DEPRECATED, IFA_F_TENTATIVE
_GROUPS = 0x1 | 0x10 | 0x40 | 0x80 | 0x100 | 0x400 | 0x40000
"""Links, and of both versions addresses, routes and rules: 1 << (RTNLGRP_... - 1)."""
AT_ONCE = 64
"""Packets read before others have their turn; one holds a change, or some of the same request."""
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBI")
_ROUTE = struct.Struct("=8BI")


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface; `running` when it is set up and has a carrier, not `present` when it
    has just gone."""

    name: str
    index: int
    running: bool
    present: bool = True


class Rtnetlink:
    """Interfaces, addresses and routes as they are now. Every method raises OSError."""

    def __init__(self) -> None:
        self._socket = NetlinkSocket(socket.NETLINK_ROUTE)
        self._socket.strict()

    def close(self) -> None:
        """Release the socket."""
        self._socket.close()

    def interfaces(self) -> list[Interface]:
        """All interfaces."""
        wanted = attribute(_IFLA_EXT_MASK, struct.pack("=I", _SKIP_STATISTICS))
        answers = self._socket.whole(_GETLINK, _LINK.pack(0, 0, 0, 0, 0) + wanted)
        return [_interface(body) for body in answers]

    def address(self, index: int, family: socket.AddressFamily = socket.AF_INET) -> str | None:
        """The first global address of an interface that is fit for use, with its prefix; `family`
        is AF_INET or AF_INET6."""
        for body in self._socket.whole(_GETADDR, _ADDRESS.pack(family, 0, 0, 0, index)):
            _unused, prefix, flags, scope, there = _ADDRESS.unpack_from(body)
            if there != index or scope != _SCOPE_UNIVERSE or flags & _UNFIT:
                continue
            named = dict(attributes(body[_ADDRESS.size :]))
            address = named.get(_IFA_LOCAL) or named.get(_IFA_ADDRESS)
            if address is not None:
                return f"{socket.inet_ntop(family, address)}/{prefix}"
        return None

    def gateway(self, table: int, index: int) -> str | None:
        """The next hop of a table's IPv4 default route; `on-link` for one without."""
        wanted = _ROUTE.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0)
        wanted += attribute(_RTA_TABLE, struct.pack("=I", table))
        for body in self._socket.whole(_GETROUTE, wanted):
            _unused, prefix, *_unused, kind, _unused = _ROUTE.unpack_from(body)
            named = dict(attributes(body[_ROUTE.size :]))
            there = int.from_bytes(named.get(_RTA_OIF, b""), sys.byteorder)
            if prefix == 0 and kind == _UNICAST and there == index:
                hop = named.get(_RTA_GATEWAY)
                return "on-link" if hop is None else socket.inet_ntoa(hop)
        return None


class Monitor:
    """Hears of every change of interfaces, addresses, routes and rules."""

    def __init__(self) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
        self._socket.bind((0, _GROUPS))

    def fileno(self) -> int:
        """For an event loop."""
        return self._socket.fileno()

    def close(self) -> None:
        """Release the socket."""
        self._socket.close()

    def changed(self) -> Iterator[Interface]:
        """Read what has come in, or some of a flood; the interfaces that it names. Raises OSError
        when the kernel had to drop messages (ENOBUFS)."""
        for _attempt in range(AT_ONCE):
            try:
                data = self._socket.recv(RECEIVE_BYTES)
            except BlockingIOError:
                return
            for kind, _unused, body in messages(data):
                if kind in (_NEWLINK, _DELLINK):
                    seen = _interface(body)
                    present = kind == _NEWLINK
                    yield Interface(seen.name, seen.index, seen.running and present, present)


def _interface(body: bytes) -> Interface:
    _unused, _unused, index, flags, _unused = _LINK.unpack_from(body)
    name = dict(attributes(body[_LINK.size :])).get(_IFLA_IFNAME, b"").rstrip(b"\0").decode()
    return Interface(name, index, bool(flags & _UP and flags & _LOWER_UP))
