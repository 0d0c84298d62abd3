# SPDX-License-Identifier: GPL-3.0-or-later
"""A steady stream of datagrams with a fixed 5-tuple; tells what was lost of it.

`steady.py ADDRESS PORT SECONDS [INTERVAL]` sends one numbered datagram each 10 ms (or INTERVAL, in
seconds) to an echo host and prints `{"sent": n, "lost": n}` once the last ones have had a second to
come back. The first line it
prints, `ready`, says that the echo host has answered.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time

INTERVAL_S = 0.01


def run(address: str, port: int, seconds: float, interval_s: float) -> dict[str, int]:
    """Send, listen, count."""
    channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    channel.connect((address, port))
    missing: set[int] = set()
    number = 0
    told = False
    start = due = time.monotonic()
    while (now := time.monotonic()) < start + seconds + 1:
        if now >= due and now < start + seconds:
            missing.add(number)
            channel.send(number.to_bytes(4, "big"))
            number += 1
            due += interval_s
        if select.select([channel], [], [], max(0.0, min(due - time.monotonic(), 0.01)))[0]:
            missing.discard(int.from_bytes(channel.recv(64)[:4], "big"))
            if not told:
                print("ready", flush=True)
                told = True
    return {"sent": number, "lost": len(missing)}


if __name__ == "__main__":
    interval = float(sys.argv[4]) if len(sys.argv) > 4 else INTERVAL_S
    print(json.dumps(run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), interval)))
