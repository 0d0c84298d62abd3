# SPDX-License-Identifier: GPL-3.0-or-later
"""The office at work: `python3 -m bench.load FILE`, in the LAN's namespace.

All at the same time: new UDP requests to a vital and to an ordinary service, new TCP connections,
one UDP flow that never changes its ports, and as many open TCP sessions as it is told to hold.
Words on standard input: `open GENERATION COUNT STREAM_PORT`, `quiet`, `work`, `check`, `stop`. Each
0.2 s a line of JSON tells how things are; at the end FILE has every request, in seconds of the
monotonic clock.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import json
import os
import random
import resource
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from bench import wire
from bench.loop import Loop

Sample = list[Any]  # [sent, answered or None, address that the server saw or None]
TELL_EVERY_S = 0.2
SWEEP_EVERY_S = 0.05
OPEN_EVERY_S = 0.002
STALL_S = 0.5


class Requests:
    """Requests of one kind, each from a fresh port; one without an answer in time has failed."""

    def __init__(self, loop: Loop, kind: int, port: int, from_ports: range) -> None:
        self._loop, self._kind, self._port = loop, kind, port
        # Runs follow each other: each begins elsewhere in the range.
        self._from_ports = itertools.cycle(from_ports)
        skipped = random.SystemRandom().randrange(len(from_ports))
        next(itertools.islice(self._from_ports, skipped, skipped), None)
        self._waiting: deque[tuple[Sample, socket.socket]] = deque()
        self.samples: list[Sample] = []
        self.last_failed = 0.0
        self.last_good = 0.0
        self.via: str | None = None
        self.via_since = 0.0

    def ask(self) -> None:
        channel = socket.socket(socket.AF_INET, self._kind)
        channel.setblocking(False)
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sample: Sample = [time.monotonic(), None, None]
        self.samples.append(sample)
        try:
            channel.bind(("", next(self._from_ports)))
            channel.connect_ex((wire.HOST, self._port))
            if self._kind == socket.SOCK_DGRAM:
                channel.send(b"?")
        except OSError:
            self._failed(sample, channel)
            return
        self._loop.watch(channel.fileno(), lambda: self._heard(sample, channel))
        self._waiting.append((sample, channel))

    def _heard(self, sample: Sample, channel: socket.socket) -> None:
        try:
            data = channel.recv(64)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._failed(sample, channel)
            return
        self._loop.close(channel)
        sample[1], sample[2] = time.monotonic(), data.decode().strip("?\n")
        self.last_good = max(self.last_good, sample[0])
        if sample[2] != self.via:
            self.via, self.via_since = sample[2], sample[0]

    def _failed(self, sample: Sample, channel: socket.socket) -> None:
        self._loop.close(channel)
        self.last_failed = max(self.last_failed, sample[0])

    def sweep(self) -> None:
        """Give up what has waited too long."""
        oldest = time.monotonic() - wire.FAILED_AFTER_S
        while self._waiting and self._waiting[0][0][0] < oldest:
            sample, channel = self._waiting.popleft()
            if channel.fileno() >= 0:
                self._failed(sample, channel)

    def state(self) -> dict[str, Any]:
        return {
            "via": self.via,
            "via_since": self.via_since,
            "failed": self.last_failed,
            "good": self.last_good,
        }


class Fixed:
    """One UDP flow with a fixed 5-tuple, as a call has; a late answer still counts."""

    def __init__(self, loop: Loop) -> None:
        self.samples: list[Sample] = []
        self._channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._channel.setblocking(False)
        self._channel.connect((wire.HOST, wire.FIXED_PORT))
        loop.watch(self._channel.fileno(), self._heard)

    def send(self) -> None:
        self.samples.append([time.monotonic(), None, None])
        with contextlib.suppress(OSError):
            self._channel.send((len(self.samples) - 1).to_bytes(4, "big"))

    def _heard(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                data = self._channel.recv(64)
                sample = self.samples[int.from_bytes(data[:4], "big")]
                sample[1], sample[2] = time.monotonic(), data[4:].decode()


class Session:
    """One open TCP connection. A reader only reads; an idle one has nothing to say or to hear."""

    def __init__(self, loop: Loop, generation: int, port: int) -> None:
        self._loop = loop
        self._idle = port == wire.IDLE_PORT
        self.facts: dict[str, Any] = {
            "generation": generation,
            "kind": "idle" if self._idle else "reads",
            "opened": time.monotonic(),
            "via": None,
            "told": None,
            "how": None,
            "last_data": None,
            "stalls": [],
            "answered_check": None,
        }
        self._channel = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._channel.setblocking(False)
        self._channel.connect_ex((wire.HOST, port))
        loop.watch(self._channel.fileno(), self._heard)

    def _heard(self) -> None:
        facts, now = self.facts, time.monotonic()
        try:
            data = self._channel.recv(65536)
        except BlockingIOError:
            return
        except OSError as error:
            self._ended(now, "reset" if isinstance(error, ConnectionResetError) else str(error))
            return
        if not data:
            self._ended(now, "end of file")
            return
        if facts["via"] is None:
            facts["via"] = data.partition(b"\n")[0].decode()
        elif self._idle:
            facts["answered_check"] = now
        last = facts["last_data"]
        if not self._idle and last is not None and now - last > STALL_S:
            facts["stalls"].append([last, now])
        facts["last_data"] = now

    def _ended(self, now: float, how: str) -> None:
        self.facts["told"], self.facts["how"] = now, how
        self._loop.close(self._channel)

    def check(self) -> None:
        """An idle session says one word: does the other end still answer?"""
        if self._idle and self.facts["told"] is None:
            with contextlib.suppress(OSError):
                self._channel.send(b"?")


class Office:
    """All of the load, and the words it listens to."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.loop = Loop()
        self.requests = {
            kind: Requests(self.loop, protocol, port, wire.PORTS[kind])
            for kind, protocol, port in (
                ("udp", socket.SOCK_DGRAM, wire.ORDINARY_PORT),
                ("vital", socket.SOCK_DGRAM, wire.VITAL_PORT),
                ("tcp", socket.SOCK_STREAM, wire.CONNECT_PORT),
            )
        }
        self.fixed = Fixed(self.loop)
        self.sessions: list[Session] = []
        self.asked = 0
        self._quiet = False
        self._words = ""

    def start(self) -> None:
        now = time.monotonic() + 0.05
        requests = self.requests
        self.loop.every(wire.FIXED_EVERY_S, self._unless_quiet(self.fixed.send), now)
        for index, kind in enumerate(("udp", "vital")):
            first = now + 0.003 + 0.01 * index
            asks = self._unless_quiet(requests[kind].ask)
            self.loop.every(wire.REQUEST_EVERY_S, asks, first)
        connects = self._unless_quiet(requests["tcp"].ask)
        self.loop.every(wire.CONNECT_EVERY_S, connects, now + 0.007)
        for each in requests.values():
            self.loop.every(SWEEP_EVERY_S, each.sweep, now)
        self.loop.every(TELL_EVERY_S, self.tell, now)
        os.set_blocking(sys.stdin.fileno(), False)
        self.loop.watch(sys.stdin.fileno(), self._listen)
        self.loop.run()

    def _unless_quiet(self, action: Callable[[], None]) -> Callable[[], None]:
        return lambda: None if self._quiet else action()

    def tell(self) -> None:
        generations: dict[int, dict[str, int]] = {}
        for session in self.sessions:
            of = generations.setdefault(
                session.facts["generation"], {"asked": 0, "open": 0, "told": 0}
            )
            of["asked"] += 1
            of["open"] += session.facts["via"] is not None
            of["told"] += session.facts["told"] is not None
        state = {kind: requests.state() for kind, requests in self.requests.items()}
        print(json.dumps({"at": time.monotonic(), **state, "sessions": generations}), flush=True)

    def _listen(self) -> None:
        data = os.read(sys.stdin.fileno(), 4096)
        if not data:
            self.stop()
        self._words += data.decode()
        *lines, self._words = self._words.split("\n")
        for line in lines:
            self._obey(line.split())

    def _obey(self, words: list[str]) -> None:
        match words:
            case ["open", generation, count, port]:
                start = time.monotonic()
                for index in range(int(count)):
                    wanted = wire.IDLE_PORT if index % 2 else int(port)
                    self.loop.at(start + index * OPEN_EVERY_S, self._opens(int(generation), wanted))
            case ["quiet" | "work" as word]:
                self._quiet = word == "quiet"
            case ["check"]:
                for session in self.sessions:
                    session.check()
            case ["stop"]:
                self.stop()
            case _:
                raise SystemExit(f"load: no such word: {words}")

    def _opens(self, generation: int, port: int) -> Callable[[], None]:
        return lambda: self.sessions.append(Session(self.loop, generation, port))

    def stop(self) -> None:
        self.loop.stop()
        with open(self.path, "w", encoding="utf-8") as output:
            json.dump(self.record(), output)

    def record(self) -> dict[str, Any]:
        late = sorted(self.loop.late_s) or [0.0]
        return {
            "ended": time.monotonic(),
            "late_ms": {
                "median": late[len(late) // 2] * 1e3,
                "p99": late[len(late) * 99 // 100] * 1e3,
                "most": late[-1] * 1e3,
            },
            "requests": {kind: each.samples for kind, each in self.requests.items()},
            "fixed": self.fixed.samples,
            "sessions": [session.facts for session in self.sessions],
        }


if __name__ == "__main__":
    _unused, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    gc.disable()  # a collection would be heard as an outage
    Office(sys.argv[1]).start()
