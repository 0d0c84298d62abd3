# SPDX-License-Identifier: GPL-3.0-or-later
"""A small event loop for the drill's client: one thread, epoll, a heap of deadlines."""

from __future__ import annotations

import heapq
import selectors
import socket
from collections.abc import Callable
from itertools import count

from relais.shell.clock import monotonic_ms

Callback = Callable[[], None]
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Loop:
    """Calls back when a socket is ready or a moment (`CLOCK_MONOTONIC` ms) has come."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._due: list[tuple[float, int, Callback]] = []
        self._order = count()
        self._stopped = False

    def at(self, moment_ms: float, callback: Callback) -> None:
        """Call back once at a moment."""
        heapq.heappush(self._due, (moment_ms, next(self._order), callback))

    def every(self, period_ms: float, start_ms: float, callback: Callback) -> None:
        """Call back on a fixed grid; a beat that a busy machine missed is left out, not made up."""

        def beat(due_ms: float) -> None:
            callback()
            late = max(0.0, monotonic_ms() - due_ms)
            following = due_ms + period_ms * (1 + late // period_ms)
            self.at(following, lambda: beat(following))

        self.at(start_ms, lambda: beat(start_ms))

    def watch(self, sock: socket.socket | int, events: int, callback: Callback) -> None:
        """Call back whenever a socket (or descriptor) is ready; replaces an earlier watch."""
        try:
            self._selector.modify(sock, events, callback)
        except KeyError:
            self._selector.register(sock, events, callback)

    def forget(self, sock: socket.socket | int) -> None:
        """Stop watching; harmless when it was not watched."""
        try:
            self._selector.unregister(sock)
        except KeyError:
            return

    def stop(self) -> None:
        """Return from `run` after this round."""
        self._stopped = True

    def run(self) -> None:
        """Call back until stopped."""
        while not self._stopped:
            wait_ms = self._due[0][0] - monotonic_ms() if self._due else 1000.0
            for key, _unused in self._selector.select(max(0.0, wait_ms / 1000)):
                key.data()
            while self._due and self._due[0][0] <= monotonic_ms():
                heapq.heappop(self._due)[2]()
