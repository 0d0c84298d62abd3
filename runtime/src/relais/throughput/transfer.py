# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes through one line and no other, as many as it carries, for some seconds."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from relais import __version__
from relais.core.model import Wan
from relais.throughput.rules import Sample

CHUNK = 65_536
LOOK_EVERY_S = 0.1
PATIENCE_S = 5.0
"""For a connection, and for each piece of an answer."""
HEADERS = {"User-Agent": f"relais/{__version__}", "Accept-Encoding": "identity"}
Watch = Callable[[], str | None]


class Way(StrEnum):
    """Seen from the office."""

    DOWN = "down"
    UP = "up"


class TransferError(RuntimeError):
    """There is no figure; the message says why."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """How bytes are moved: `address` of the other end, over how many connections."""

    wan: Wan
    way: Way
    url: str
    seconds: float
    connections: int

    def run(self, watch: Watch) -> tuple[Sample, ...]:
        """Samples of the bytes moved. `watch` is asked all along, and its word ends everything.

        Raises TransferError.
        """
        crew = _Crew(self, urlsplit(self.url))
        began = time.monotonic()
        samples: list[Sample] = [(0.0, 0)]
        try:
            crew.start()
            while samples[-1][0] < self.seconds:
                time.sleep(LOOK_EVERY_S)
                samples.append((time.monotonic() - began, crew.moved))
                reason = watch() or crew.failed
                if reason is not None:
                    raise TransferError(reason)
        finally:
            crew.stop()
        return tuple(samples)


class _Crew:
    """Threads that each move bytes over a connection of their own, until they are told to stop."""

    def __init__(self, transfer: Transfer, url: SplitResult) -> None:
        self._transfer = transfer
        self._url = url
        self._over = threading.Event()
        self._counts = [0] * transfer.connections
        self._threads: list[threading.Thread] = []
        self.failed: str | None = None

    @property
    def moved(self) -> int:
        """Bytes of payload so far."""
        return sum(self._counts)

    def start(self) -> None:
        """Look the other end up once, so that all go to the same."""
        ends = _ends(self._url)
        for place in range(self._transfer.connections):
            thread = threading.Thread(target=self._work, args=(place, ends), daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(timeout=PATIENCE_S + 1)

    def _work(self, place: int, ends: list[_End]) -> None:
        try:
            while not self._over.is_set():
                with contextlib.closing(self._connected(ends)) as connection:
                    while connection.sock is not None and not self._over.is_set():
                        self._exchange(connection, place)
        except (OSError, http.client.HTTPException, TransferError) as error:
            if not self._over.is_set() and self.failed is None:
                self.failed = f"{self._url.hostname}: {error!s}"

    def _exchange(self, connection: http.client.HTTPConnection, place: int) -> None:
        path = self._url.path or "/"
        target = f"{path}?{self._url.query}" if self._url.query else path
        if self._transfer.way is Way.UP:
            body = self._zeros(place)
            connection.request("POST", target, body, HEADERS, encode_chunked=True)
        else:
            connection.request("GET", target, headers=HEADERS)
        answer = connection.getresponse()
        if answer.status >= 300:
            raise TransferError(f"answers {answer.status} {answer.reason}")
        while not self._over.is_set():
            piece = answer.read(CHUNK)
            if not piece:
                return
            if self._transfer.way is Way.DOWN:
                self._counts[place] += len(piece)

    def _zeros(self, place: int) -> Iterator[bytes]:
        piece = bytes(CHUNK)
        while not self._over.is_set():
            yield piece
            self._counts[place] += len(piece)

    def _connected(self, ends: list[_End]) -> http.client.HTTPConnection:
        """A connection whose packets leave by the line and by no other (as a probe's do)."""
        host = self._url.hostname or ""
        connection = http.client.HTTPConnection(host, timeout=PATIENCE_S)
        connection.auto_open = 0  # One that it opened by itself would leave by any line.
        wan = self._transfer.wan
        error: OSError | None = None
        for family, address in ends:
            channel = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
            try:
                channel.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, wan.mark)
                name = os.fsencode(wan.interface)
                channel.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
                channel.settimeout(PATIENCE_S)
                channel.connect(address)
                if self._url.scheme == "https":
                    secure = ssl.create_default_context()
                    connection.sock = secure.wrap_socket(channel, server_hostname=host)
                else:
                    connection.sock = channel
            except OSError as failure:
                channel.close()
                error = failure
                continue
            return connection
        raise TransferError(f"cannot be reached by {wan.name}: {error}")


_End = tuple[int, tuple[object, ...]]


def _ends(url: SplitResult) -> list[_End]:
    """IPv4 first: every line has it. Raises TransferError for a name that nobody knows."""
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(url.hostname, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise TransferError(f"{url.hostname}: {error.strerror}") from None
    return sorted(((int(one[0]), one[4]) for one in found), key=lambda one: one[0])
