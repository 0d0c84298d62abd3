# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask for a lease by DHCP as a new host of the LAN does: `lease.py INTERFACE` prints the address
that is offered. Exit status 1: no offer within five seconds."""

from __future__ import annotations

import socket
import struct
import sys

WITHIN_S = 5.0
TRANSACTION = 0x72656C61
COOKIE = bytes.fromhex("63825363")
DISCOVER = bytes.fromhex("350101")
END = b"\xff"


def offer(interface: str) -> str:
    """The address of the first offer (RFC 2131, section 2; answers are broadcast)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(WITHIN_S)
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        channel.bind(("", 68))
        head = struct.pack("!4BIHH16x", 1, 1, 6, 0, TRANSACTION, 0, 0x8000)
        hardware = bytes.fromhex("020000000042").ljust(16, b"\0")
        question = head + hardware + bytes(192) + COOKIE + DISCOVER + END
        channel.sendto(question, ("255.255.255.255", 67))
        while True:
            answer = channel.recv(2048)
            if answer[0] == 2 and answer[4:8] == TRANSACTION.to_bytes(4, "big"):
                return socket.inet_ntoa(answer[16:20])


if __name__ == "__main__":
    try:
        print(offer(sys.argv[1]))
    except OSError as error:
        sys.exit(f"no offer: {error}")
