# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that only wait: `idle.py ADDRESS PORT COUNT` opens so many TCP connections to an echo
host, prints `open`, and when all have been told something, how many were reset (`20 reset`)."""

from __future__ import annotations

import socket
import sys


def run(address: str, port: int, count: int) -> int:
    """How many of the connections end by a reset."""
    opened = [socket.create_connection((address, port), 5) for _unused in range(count)]
    for one in opened:
        one.send(b"x")
        one.recv(1)
        one.settimeout(60)
    print("open", flush=True)
    resets = 0
    for one in opened:
        try:
            one.recv(1)
        except ConnectionResetError:
            resets += 1
        except TimeoutError:
            continue
    return resets


if __name__ == "__main__":
    print(f"{run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))} reset", flush=True)
