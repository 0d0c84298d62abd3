# SPDX-License-Identifier: GPL-3.0-or-later
"""A stranger at the door of a gateway, and a listener behind it.

`knock.py knock ADDRESS PORT INSIDE` asks for a new TCP connection each 10 ms, and sends a datagram
to a host behind the gateway; at SIGTERM it prints `{"knocks": n, "answered": n}`. A reset is an
answer too. `knock.py listen` prints `{"heard": n}`, the datagrams that came in, likewise.
"""

from __future__ import annotations

import contextlib
import errno
import json
import signal
import socket
import sys
import time

EVERY_S = 0.01
PATIENCE_S = 1.0
PORT = 9


def knock(address: str, port: int, inside: str) -> dict[str, int]:
    """Knock until SIGTERM."""
    waiting: list[tuple[float, socket.socket]] = []
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    knocks = answered = 0
    with contextlib.suppress(InterruptedError):
        while True:
            door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            door.setblocking(False)
            with contextlib.suppress(OSError):
                door.connect_ex((address, port))
                stranger.sendto(b"?", (inside, PORT))
            knocks += 1
            waiting.append((time.monotonic(), door))
            time.sleep(EVERY_S)
            while waiting and waiting[0][0] < time.monotonic() - PATIENCE_S:
                answered += was_answered(waiting.pop(0)[1])
    answered += sum(was_answered(door) for _unused, door in waiting)
    return {"knocks": knocks, "answered": answered}


def was_answered(door: socket.socket) -> bool:
    """Whether anybody opened, or said that nobody is at home."""
    with door:
        if door.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED:
            return True
        with contextlib.suppress(OSError):
            door.getpeername()
            return True
    return False


def listen() -> dict[str, int]:
    """Count until SIGTERM."""
    channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    channel.bind(("", PORT))
    heard = 0
    with contextlib.suppress(InterruptedError):
        while True:
            channel.recv(64)
            heard += 1
    return {"heard": heard}


def stop(*_unused: object) -> None:
    """Leave whatever is under way."""
    raise InterruptedError


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    print("ready", flush=True)
    if sys.argv[1] == "knock":
        print(json.dumps(knock(sys.argv[2], int(sys.argv[3]), sys.argv[4])))
    else:
        print(json.dumps(listen()))
