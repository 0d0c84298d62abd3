# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP connections that stay open: some only read an endless stream, some have nothing to say.

`sessions.py ADDRESS READERS IDLE` prints `ready` when all are open and every reader has read. At
SIGTERM each idle one says a byte and waits for its echo, each reader waits for more. Then it prints
`{"open": n, "reset": n, "ended": n, "silent": n, "longest_pause_ms": n}`: how many are good and how
the others ended (what is 0 is left out), and the longest time that a reader had nothing to read.
"""

from __future__ import annotations

import json
import resource
import selectors
import signal
import socket
import sys
import time
from collections import Counter
from dataclasses import dataclass

STREAM_PORT = 19000
IDLE_PORTS = (443, 5061, 7)
"""Echo ports, of several services."""
ANSWER_WITHIN_S = 5.0


@dataclass
class Session:
    """One connection and what became of it."""

    channel: socket.socket
    reads: bool
    heard: float = 0.0
    longest_s: float = 0.0
    fate: str = ""

    def hear(self, now: float) -> None:
        """Take what has come."""
        try:
            data = self.channel.recv(65536)
        except ConnectionResetError:
            self.fate = "reset"
            return
        except OSError as error:
            self.fate = type(error).__name__
            return
        if not data:
            self.fate = "ended"
            return
        if self.heard:
            self.longest_s = max(self.longest_s, now - self.heard)
        self.heard = now


def opened(address: str, readers: int, idle: int) -> list[Session]:
    """All the connections; an idle one has been answered once."""
    ports = [STREAM_PORT] * readers + [IDLE_PORTS[n % len(IDLE_PORTS)] for n in range(idle)]
    sessions = []
    for port in ports:
        channel = socket.create_connection((address, port), ANSWER_WITHIN_S)
        if port != STREAM_PORT:
            channel.send(b"?")
        channel.recv(65536)
        sessions.append(Session(channel, port == STREAM_PORT))
    return sessions


def watch(sessions: list[Session]) -> None:
    """Read until SIGTERM, then until every session has shown that it lives, or is out of time."""
    asked: list[float] = []
    signal.signal(signal.SIGTERM, lambda *_unused: asked.append(time.monotonic()))
    poll = selectors.DefaultSelector()
    for session in sessions:
        poll.register(session.channel, selectors.EVENT_READ, session)
    print("ready", flush=True)
    while not asked:
        listen(poll)
    for session in sessions:
        if not session.reads and not session.fate:
            session.channel.send(b"?")
    while time.monotonic() < asked[0] + ANSWER_WITHIN_S and any(
        session.heard < asked[0] and not session.fate for session in sessions
    ):
        listen(poll)
    for session in sessions:
        session.fate = session.fate or ("open" if session.heard >= asked[0] else "silent")


def listen(poll: selectors.BaseSelector) -> None:
    """Hear whoever has something to say, for a moment."""
    for key, _unused in poll.select(0.1):
        session: Session = key.data
        session.hear(time.monotonic())
        if session.fate:
            poll.unregister(session.channel)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    all_of_them = opened(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    watch(all_of_them)
    fates = Counter(session.fate for session in all_of_them)
    pause_s = max((s.longest_s for s in all_of_them if s.reads), default=0.0)
    print(json.dumps({**fates, "longest_pause_ms": round(pause_s * 1000)}))
