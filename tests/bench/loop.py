# SPDX-License-Identifier: GPL-3.0-or-later
"""A small event loop for the load client: one thread, one clock, nothing hidden in between."""

from __future__ import annotations

import heapq
import select
import socket
import time
from collections.abc import Callable

Heard = Callable[[], None]


class Loop:
    """Calls back when a socket can be read, and at given instants of the monotonic clock."""

    def __init__(self) -> None:
        self.late_s: list[float] = []
        self._epoll = select.epoll()
        self._heard: dict[int, Heard] = {}
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._running = True

    def watch(self, descriptor: int, heard: Heard) -> None:
        self._epoll.register(descriptor, select.EPOLLIN)
        self._heard[descriptor] = heard

    def close(self, channel: socket.socket) -> None:
        """Forget a socket and close it."""
        if self._heard.pop(channel.fileno(), None) is not None:
            self._epoll.unregister(channel.fileno())
        channel.close()

    def at(self, due: float, action: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._due, (due, self._count, action))

    def every(self, period_s: float, action: Callable[[], None], start: float) -> None:
        """Call at each multiple of the period. When late, catch up: nothing is left out."""
        due = start

        def tick() -> None:
            nonlocal due
            self.late_s.append(time.monotonic() - due)
            action()
            due += period_s
            self.at(due, tick)

        self.at(due, tick)

    def stop(self) -> None:
        self._running = False

    def run(self) -> None:
        while self._running:
            wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else 1.0
            for descriptor, _unused in self._epoll.poll(wait, 256):
                heard = self._heard.get(descriptor)
                if heard is not None:
                    heard()
            while self._running and self._due and self._due[0][0] <= time.monotonic():
                heapq.heappop(self._due)[2]()
