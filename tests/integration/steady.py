# SPDX-License-Identifier: GPL-3.0-or-later
"""A steady stream of datagrams with a fixed 5-tuple; tells what was lost of it.

`steady.py ADDRESS PORT SECONDS [INTERVAL]` sends one numbered datagram each 10 ms (or INTERVAL, in
seconds) to an echo host, until the time is over or SIGTERM comes. Once the last ones have had a
second to come back it prints `{"sent": n, "lost": n, "lost_at": [...]}`, the instants of
CLOCK_MONOTONIC at which those left. The first line it prints, `ready`, says that the echo host has
answered.
"""

from __future__ import annotations

import contextlib
import json
import select
import signal
import socket
import sys
import time

INTERVAL_S = 0.01


def run(address: str, port: int, seconds: float, interval_s: float) -> dict[str, object]:
    """Send, listen, count."""
    channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    channel.connect((address, port))
    missing: dict[int, float] = {}
    number = 0
    told = False
    start = due = time.monotonic()
    end = [start + seconds]
    signal.signal(signal.SIGTERM, lambda *_unused: end.__setitem__(0, time.monotonic()))
    while (now := time.monotonic()) < end[0] + 1:
        if now >= due and now < end[0]:
            missing[number] = now
            with contextlib.suppress(OSError):
                channel.send(number.to_bytes(4, "big"))
            number += 1
            due += interval_s
        if select.select([channel], [], [], max(0.0, min(due - time.monotonic(), 0.01)))[0]:
            with contextlib.suppress(OSError):
                missing.pop(int.from_bytes(channel.recv(64)[:4], "big"), None)
            if not told:
                print("ready", flush=True)
                told = True
    return {"sent": number, "lost": len(missing), "lost_at": list(missing.values())}


if __name__ == "__main__":
    interval = float(sys.argv[4]) if len(sys.argv) > 4 else INTERVAL_S
    print(json.dumps(run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), interval)))
