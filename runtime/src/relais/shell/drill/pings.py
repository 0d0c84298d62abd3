# SPDX-License-Identifier: GPL-3.0-or-later
"""Echo requests of the drill's client to a host of the site's own."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from relais.shell import icmp
from relais.shell.clock import monotonic_ms
from relais.shell.drill.loop import READ, Loop


class Pings:
    """Reports each request as a fresh attempt of the service that is called like the address."""

    def __init__(
        self, loop: Loop, emit: Callable[[list[object]], None], address: str, timeout_ms: float
    ) -> None:
        self._emit, self._address, self._timeout_ms = emit, address, timeout_ms
        six = ":" in address
        family, protocol = (
            (socket.AF_INET6, socket.IPPROTO_ICMPV6)
            if six
            else (socket.AF_INET, socket.IPPROTO_ICMP)
        )
        self._request = icmp.echo_request6 if six else icmp.echo_request
        self._parse = icmp.parse_reply6 if six else icmp.parse_reply
        self._identifier = int.from_bytes(os.urandom(2), "big")
        self._sequence = 0
        self._waiting: dict[int, float] = {}
        self._sock = socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK, protocol)
        loop.watch(self._sock, READ, self._heard)

    def beat(self) -> None:
        """Send one, and give up on those that waited too long."""
        now = monotonic_ms()
        for number in [n for n, at in self._waiting.items() if now - at > self._timeout_ms]:
            self._report(self._waiting.pop(number), None)
        self._sequence = (self._sequence + 1) % 65536
        try:
            message = self._request(self._identifier, self._sequence)
            self._sock.sendto(message, (self._address, 0))
        except OSError:
            self._report(now, None)
        else:
            self._waiting[self._sequence] = now

    def _heard(self) -> None:
        try:
            packet, sender = self._sock.recvfrom(2048)
        except OSError:
            return
        reply = self._parse(packet)
        if reply is None or reply[0] != self._identifier or sender[0] != self._address:
            return
        sent_ms = self._waiting.pop(reply[1], None)
        if sent_ms is not None:
            self._report(sent_ms, monotonic_ms())

    def _report(self, sent_ms: float, answered_ms: float | None) -> None:
        self._emit(["a", self._address, "fresh", sent_ms, answered_ms, 0])
