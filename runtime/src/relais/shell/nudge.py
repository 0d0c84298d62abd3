# SPDX-License-Identifier: GPL-3.0-or-later
"""Make an idle TCP client notice that its connection is gone.

A client that only waits would wait for minutes. We send it one segment that looks as if it came
from its server and that it cannot accept; it must answer with an ACK (RFC 9293, 3.10.7.4). That
ACK has no tracked connection any more, so the ruleset answers it with a reset that carries exactly
the sequence number that the client expects, and the application is told at once.

The segment has a timestamp option, because a stack may silently drop one without it on a
connection that negotiated timestamps (RFC 7323, 3.2; an old value is answered all the same), and
one byte of data, because Linux limits the rate of its answers to bare acknowledgements only.
"""

from __future__ import annotations

import ipaddress
import secrets
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from relais.shell.icmp import checksum

MARK = 0x000000FE
"""Packet mark of a nudge; the ruleset does not track such a packet. No service has this id."""
_ACK = 0x10
_OPTIONS = bytes((1, 1, 8, 10)) + struct.pack(">II", 1, 0)
_TTL = 64


@dataclass(frozen=True, slots=True)
class Connection:
    """A tracked TCP connection as the client sees it."""

    client: str
    client_port: int
    server: str
    server_port: int


def segment(connection: Connection, sequence: int, acknowledged: int) -> bytes:
    """The nudge for one connection as a whole IP packet."""
    source = ipaddress.ip_address(connection.server)
    target = ipaddress.ip_address(connection.client)
    offset = (20 + len(_OPTIONS)) // 4 << 4
    ports = (connection.server_port, connection.client_port)
    bare = struct.pack(">HHIIBBHHH", *ports, sequence, acknowledged, offset, _ACK, 1024, 0, 0)
    tcp = bare + _OPTIONS + b"\0"
    if source.version == 4:
        pseudo = source.packed + target.packed + struct.pack(">BBH", 0, 6, len(tcp))
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, _TTL, 6, 0)
    else:
        pseudo = source.packed + target.packed + struct.pack(">II", len(tcp), 6)
        head = struct.pack(">IHBB", 0x60000000, len(tcp), 6, _TTL)
    total = checksum(pseudo + tcp)
    tcp = tcp[:16] + struct.pack(">H", total) + tcp[18:]
    return head + source.packed + target.packed + tcp


class Nudger:
    """Sends nudges from raw sockets that are opened at the first need."""

    def __init__(self) -> None:
        self._sockets: dict[int, socket.socket] = {}

    def send(self, connections: Iterable[Connection]) -> int:
        """Nudge every client; how many segments left. One that cannot be sent is left out."""
        sent = 0
        for connection in connections:
            packet = segment(connection, secrets.randbits(32), secrets.randbits(32))
            try:
                self._socket(packet[0] >> 4).sendto(packet, (connection.client, 0))
            except OSError:
                continue
            sent += 1
        return sent

    def _socket(self, version: int) -> socket.socket:
        channel = self._sockets.get(version)
        if channel is None:
            family = socket.AF_INET if version == 4 else socket.AF_INET6
            kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
            channel = socket.socket(family, kind, socket.IPPROTO_RAW)
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
            self._sockets[version] = channel
        return channel
