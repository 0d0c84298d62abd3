# SPDX-License-Identifier: GPL-3.0-or-later
"""The anchor's service: answers signed questions over UDP, and nothing else.

One thread, one socket, no memory of anybody: what a packet costs is bounded and small, what does
not fit into the socket's buffer the kernel drops. Nothing is logged for a packet; the counts stand
in the unit's status line.
"""

from __future__ import annotations

import errno
import secrets
import socket
import struct
from pathlib import Path

from relais.shell import systemd
from relais.shell.anchor import SIZE, answer, read_keys
from relais.shell.clock import monotonic_ms, wall_ms

PER_SOURCE_PER_S = 400.0
"""Answers that one address may get: ten gateways behind it. Only recorded questions, replayed with
a forged sender, could ask for more."""
BURST = 200.0
SLOTS = 4096
TOLD_EVERY_MS = 10_000.0
_PKTINFO4 = struct.Struct("=I4s4s")
_PKTINFO6 = struct.Struct("=16sI")
_ANCILLARY = socket.CMSG_SPACE(_PKTINFO4.size) + socket.CMSG_SPACE(_PKTINFO6.size)
Ancillary = list[tuple[int, int, bytes]]


class Limiter:
    """Token buckets for source addresses, in a table that never grows.

    Addresses are spread by a secret number, so that nobody can choose whom he shares one with.
    """

    def __init__(self) -> None:
        self._salt = secrets.token_hex(8)
        self._tokens = [BURST] * SLOTS
        self._at_ms = [0.0] * SLOTS

    def allows(self, source: str, now_ms: float) -> bool:
        """Whether one more answer may go to this address now."""
        slot = hash((self._salt, source)) % SLOTS
        earned = (now_ms - self._at_ms[slot]) * PER_SOURCE_PER_S / 1000
        tokens = min(self._tokens[slot] + earned, BURST)
        self._at_ms[slot] = now_ms
        self._tokens[slot] = tokens - 1 if tokens >= 1 else tokens
        return tokens >= 1


class Responder:
    """A bound socket and what it takes to answer on it."""

    def __init__(self, address: str | None, port: int, keys: tuple[bytes, ...]) -> None:
        self._socket = _bound(address, port)
        self._keys = keys
        self._limiter = Limiter()
        self.answered = self.dropped = 0
        self._told_ms = monotonic_ms()

    @property
    def port(self) -> int:
        """The port it is bound to."""
        return int(self._socket.getsockname()[1])

    def serve(self) -> None:
        """Answer for ever."""
        while True:
            self.serve_one()

    def serve_one(self) -> None:
        """Take one packet, and answer it if it deserves an answer."""
        try:
            message, ancillary, flags, source = self._socket.recvmsg(SIZE + 1, _ANCILLARY)
            reply = None if flags & socket.MSG_TRUNC else answer(message, self._keys, wall_ms())
            now_ms = monotonic_ms()
            if reply is not None and self._limiter.allows(source[0], now_ms):
                # From the address that was asked: the asker hears no other.
                self._socket.sendmsg([reply], _from_there(ancillary), socket.MSG_DONTWAIT, source)
                self.answered += 1
            else:
                self.dropped += 1
        except OSError:  # An error that some router reported, or no room to send: UDP loses it.
            self.dropped += 1
            now_ms = monotonic_ms()
        if now_ms - self._told_ms >= TOLD_EVERY_MS:
            self._told_ms = now_ms
            systemd.notify(f"STATUS=answered {self.answered}, dropped {self.dropped}")

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


def run(address: str | None, port: int, key_file: Path) -> None:
    """Serve until the process is ended. Raises KeyFileError, and OSError when it cannot bind."""
    responder = Responder(address, port, read_keys(key_file))
    systemd.notify("READY=1", "STATUS=listening")
    responder.serve()


def _bound(address: str | None, port: int) -> socket.socket:
    """A socket for one address, or for all, IPv4 and IPv6 alike where the kernel has both."""
    if address is None:
        try:
            return _open(socket.AF_INET6, "::", port)
        except OSError as error:
            if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
                raise
            return _open(socket.AF_INET, "0.0.0.0", port)  # noqa: S104
    return _open(socket.AF_INET6 if ":" in address else socket.AF_INET, address, port)


def _open(family: int, address: str, port: int) -> socket.socket:
    channel = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    try:
        if family == socket.AF_INET6:
            channel.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address != "::"))
            channel.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            channel.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        channel.bind((address, port))
    except OSError:
        channel.close()
        raise
    return channel


_IP_PKTINFO = 8
"""ip(7); Python 3.11 does not name it."""


def _from_there(ancillary: Ancillary) -> Ancillary:
    """Control messages that give the answer the address that was asked as its source, and leave
    the way to the routing table."""
    made: Ancillary = []
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            address, _unused = _PKTINFO6.unpack(data)
            made.append((level, kind, _PKTINFO6.pack(address, 0)))
        elif (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
            _unused, local, _unused = _PKTINFO4.unpack(data)
            made.append((level, kind, _PKTINFO4.pack(0, local, b"\0" * 4)))
    return made
