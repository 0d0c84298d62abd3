# SPDX-License-Identifier: GPL-3.0-or-later
"""Fills a gateway's table of connections: `connections.py MARK COUNT`, run on the gateway.

Each is an established TCP connection from the LAN, with the mark; prints how many there are.
Message format: linux/netfilter/nfnetlink_conntrack.h.
"""

from __future__ import annotations

import socket
import struct
import sys

sys.path.insert(0, "/opt/relais/current/relais.pyz")

from relais.shell.netlink_socket import ACK, NetlinkSocket, attribute
from relais.shell.nfnetlink import NETLINK_NETFILTER

NEW = (1 << 8) | 0
CREATE = 0x400
NESTED = 0x8000
CLIENT, SERVERS = "192.0.2.10", ("198.51.100.10", "198.51.100.70")
CONFIRMED_ASSURED_SEEN_REPLY = 0x8 | 0x4 | 0x2
ESTABLISHED = 3


def run(mark: int, count: int) -> int:
    """Make them."""
    kernel = NetlinkSocket(NETLINK_NETFILTER)
    fixed = attribute(3, struct.pack(">I", CONFIRMED_ASSURED_SEEN_REPLY))
    fixed += attribute(7, struct.pack(">I", 432_000)) + attribute(8, struct.pack(">I", mark))
    state = attribute(1 | NESTED, attribute(1, bytes([ESTABLISHED])))
    fixed += attribute(4 | NESTED, state)
    for number in range(count):
        port, server = 1024 + number // 2, SERVERS[number % 2]
        there = tuple_(CLIENT, server, port, 8443)
        back = tuple_(server, CLIENT, 8443, port)
        body = struct.pack("=BBH", socket.AF_INET, 0, 0)
        body += attribute(1 | NESTED, there) + attribute(2 | NESTED, back) + fixed
        for _unused in kernel.ask(NEW, ACK | CREATE, body):
            pass
    return count


def tuple_(source: str, target: str, source_port: int, target_port: int) -> bytes:
    """CTA_TUPLE_IP and CTA_TUPLE_PROTO."""
    addresses = attribute(1, socket.inet_aton(source)) + attribute(2, socket.inet_aton(target))
    ports = attribute(1, bytes([socket.IPPROTO_TCP]))
    ports += attribute(2, struct.pack(">H", source_port))
    ports += attribute(3, struct.pack(">H", target_port))
    return attribute(1 | NESTED, addresses) + attribute(2 | NESTED, ports)


if __name__ == "__main__":
    print(run(int(sys.argv[1]), int(sys.argv[2])))
