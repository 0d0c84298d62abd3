# SPDX-License-Identifier: GPL-3.0-or-later
"""What the drill's client sends: single requests from fresh ports, and flows that stay open.

Everything is non-blocking on one `Loop`; any network error is a failed attempt, never an exception.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle, islice

from relais.shell.clock import monotonic_ms
from relais.shell.drill.loop import READ, WRITE, Loop

Emit = Callable[[list[object]], None]
_REOPEN_AFTER_MS = 1000.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER 0: no TIME_WAIT behind us


@dataclass(frozen=True, slots=True)
class Destination:
    """One service as the client exercises it; `probe` is echo, dns or connect."""

    name: str
    protocol: str
    probe: str
    address: str
    port: int
    query: str

    def open(self) -> socket.socket:
        """A socket of the right family and type, non-blocking and not yet connected."""
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        kind = socket.SOCK_STREAM if self.protocol == "tcp" else socket.SOCK_DGRAM
        sock = socket.socket(family, kind | socket.SOCK_NONBLOCK)
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def connect(self, sock: socket.socket) -> None:
        """Begin to connect. Raises OSError when it fails at once."""
        failure = sock.connect_ex((self.address, self.port))
        if failure not in (0, errno.EINPROGRESS):
            raise OSError(failure, os.strerror(failure))

    def request(self) -> tuple[bytes, bytes]:
        """A datagram to send and the key that its answer will have."""
        if self.probe != "dns":
            nonce = os.urandom(16)
            return nonce, nonce
        number = os.urandom(2)
        return number + _dns_question(self.query), number

    def key(self, answer: bytes) -> bytes | None:
        """The key of an answer, None when it is no answer."""
        if self.probe != "dns":
            return answer
        is_response = len(answer) >= 12 and bool(answer[2] & 0x80)
        return answer[:2] if is_response else None


def _dns_question(name: str) -> bytes:
    """Header without its number, and one question for an A record (RFC 1035, 4.1)."""
    labels = b"".join(
        bytes([len(label)]) + label.encode("ascii") for label in name.rstrip(".").split(".")
    )
    return struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)


class FreshPorts:
    """Source ports in turn, below the ephemeral ones: a random port would now and then meet the
    conntrack entry of an earlier request and be steered like it."""

    def __init__(self) -> None:
        self._ports = cycle(range(12_000, 32_000))

    def bind(self, sock: socket.socket) -> None:
        """Give a socket the next port that is free. Raises OSError when none is."""
        for port in islice(self._ports, 100):
            try:
                sock.bind(("", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


class Fresh:
    """One request from a port of its own; reports itself once and is gone."""

    def __init__(
        self, loop: Loop, emit: Emit, to: Destination, ports: FreshPorts, timeout_ms: float
    ) -> None:
        self._loop, self._emit, self._to = loop, emit, to
        self._sent_ms = monotonic_ms()
        self._port = 0
        self._key = b""
        self._open = True
        self._sock = to.open()
        try:
            ports.bind(self._sock)
            to.connect(self._sock)
            self._port = self._sock.getsockname()[1]
            if to.protocol == "udp":
                payload, self._key = to.request()
                self._sock.send(payload)
                loop.watch(self._sock, READ, self._datagram)
            else:
                loop.watch(self._sock, WRITE, self._connected)
        except OSError:
            self._finish(None)
            return
        loop.at(self._sent_ms + timeout_ms, lambda: self._finish(None))

    def _datagram(self) -> None:
        try:
            answer = self._sock.recv(2048)
        except BlockingIOError:
            return
        except OSError:
            self._finish(None)
            return
        if self._to.key(answer) == self._key:
            self._finish(monotonic_ms())

    def _connected(self) -> None:
        if self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._finish(None)
        elif self._to.probe == "connect":
            self._finish(monotonic_ms())
        else:
            try:
                self._sock.send(b"?")
            except OSError:
                self._finish(None)
                return
            self._loop.watch(self._sock, READ, self._echoed)

    def _echoed(self) -> None:
        try:
            answer = self._sock.recv(16)
        except BlockingIOError:
            return
        except OSError:
            answer = b""
        self._finish(monotonic_ms() if answer else None)

    def _finish(self, answered_ms: float | None) -> None:
        if not self._open:
            return
        self._open = False
        self._loop.forget(self._sock)
        self._sock.close()
        self._emit(["a", self._to.name, "fresh", self._sent_ms, answered_ms, self._port])


class FixedUdp:
    """One socket, hence one 5-tuple, for the whole drill."""

    def __init__(self, loop: Loop, emit: Emit, to: Destination, timeout_ms: float) -> None:
        self._loop, self._emit, self._to, self._timeout_ms = loop, emit, to, timeout_ms
        self._waiting: dict[bytes, float] = {}
        self._sock = to.open()
        self._connected = False

    def beat(self) -> None:
        """Send one datagram and give up on those that waited too long."""
        now = monotonic_ms()
        for key in [k for k, sent in self._waiting.items() if now - sent > self._timeout_ms]:
            self._report(self._waiting.pop(key), None)
        payload, key = self._to.request()
        try:
            if not self._connected:
                self._to.connect(self._sock)
                self._connected = True
                self._loop.watch(self._sock, READ, self._answers)
            self._sock.send(payload)
        except OSError:
            self._report(now, None)
        else:
            self._waiting[key] = now

    def _answers(self) -> None:
        try:
            key = self._to.key(self._sock.recv(2048))
        except OSError:  # an ICMP error: the attempt it belongs to will time out
            return
        sent_ms = self._waiting.pop(key, None) if key is not None else None
        if sent_ms is not None:
            self._report(sent_ms, monotonic_ms())

    def _report(self, sent_ms: float, answered_ms: float | None) -> None:
        port = self._sock.getsockname()[1]
        self._emit(["a", self._to.name, "fixed", sent_ms, answered_ms, port])


@dataclass(slots=True)
class _Byte:
    sent_ms: float
    given_up: bool = False


class Stream:
    """A TCP connection: opens, writes single bytes on `beat`, hears them back, or is told."""

    def __init__(self, loop: Loop, to: Destination, listener: StreamListener) -> None:
        self._loop, self._listener = loop, listener
        self._sock = to.open()
        self.up = False
        self.done = False
        self.port = 0
        try:
            to.connect(self._sock)
            self.port = self._sock.getsockname()[1]
            loop.watch(self._sock, WRITE, self._connected)
        except OSError as error:
            self._end(str(error))

    def write(self) -> bool:
        """Write one byte; False when the connection is not up or its buffer is full."""
        if not self.up or self.done:
            return False
        try:
            self._sock.send(b".")
        except BlockingIOError:
            return False
        except OSError as error:
            self._end(error.strerror or str(error))
            return False
        return True

    def _connected(self) -> None:
        failure = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure:
            self._end(os.strerror(failure))
            return
        self.up = True
        self._loop.watch(self._sock, READ, self._readable)
        self._listener.opened()

    def _readable(self) -> None:
        try:
            heard = self._sock.recv(4096)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error.strerror or str(error))
            return
        if heard:
            self._listener.heard(len(heard))
        else:
            self._end("closed by the server")

    def _end(self, why: str) -> None:
        self.done = True
        self._loop.forget(self._sock)
        self._sock.close()
        self._listener.ended(why)


class StreamListener:
    """Who wants to know about a stream."""

    def opened(self) -> None:
        """The handshake is complete."""

    def heard(self, size: int) -> None:
        """So many bytes came back."""

    def ended(self, why: str) -> None:
        """The application was told: reset, error or end of file."""


@dataclass(slots=True)
class FixedTcp(StreamListener):
    """One open connection for the whole drill; opened again when its application was told."""

    loop: Loop
    emit: Emit
    to: Destination
    timeout_ms: float
    stream: Stream | None = None
    waiting: deque[_Byte] = field(default_factory=deque)
    reopen_ms: float = 0.0

    def beat(self) -> None:
        """Write one byte (where the host echoes) and give up on those that waited too long."""
        now = monotonic_ms()
        if self.stream is None:
            if now >= self.reopen_ms:
                self.waiting.clear()
                self.reopen_ms = now + _REOPEN_AFTER_MS
                stream = Stream(self.loop, self.to, self)
                self.stream = None if stream.done else stream
            return
        for byte in self.waiting:
            if not byte.given_up and now - byte.sent_ms > self.timeout_ms:
                byte.given_up = True
                self._report(byte.sent_ms, None)
        if self.to.probe == "echo" and self.stream.write():
            self.waiting.append(_Byte(now))

    def heard(self, size: int) -> None:
        """Answers come in the order of the bytes."""
        now = monotonic_ms()
        for _unused in range(min(size, len(self.waiting))):
            byte = self.waiting.popleft()
            if not byte.given_up:
                self._report(byte.sent_ms, now)

    def ended(self, why: str) -> None:
        """Tell only of a connection that had been open."""
        if self.stream is not None and self.stream.up:
            self.emit(["t", self.to.name, monotonic_ms(), why])
        self.stream = None
        self.reopen_ms = monotonic_ms() + _REOPEN_AFTER_MS

    def _report(self, sent_ms: float, answered_ms: float | None) -> None:
        port = self.stream.port if self.stream else 0
        self.emit(["a", self.to.name, "fixed", sent_ms, answered_ms, port])


@dataclass(slots=True)
class Session(StreamListener):
    """One of many open connections; reports its opening, each answer and its end."""

    emit: Emit
    batch: str
    number: int
    stream: Stream | None = None

    def opened(self) -> None:
        """Report the opening."""
        self.emit(["so", self.batch, self.number, monotonic_ms()])

    def heard(self, size: int) -> None:
        """Report that it works."""
        self.emit(["sh", self.batch, self.number, monotonic_ms()])

    def ended(self, why: str) -> None:
        """Report that the application was told."""
        self.emit(["sx", self.batch, self.number, monotonic_ms(), why])

    def beat(self) -> None:
        """Write one byte."""
        if self.stream is not None:
            self.stream.write()
