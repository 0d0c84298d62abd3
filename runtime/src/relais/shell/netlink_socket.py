# SPDX-License-Identifier: GPL-3.0-or-later
"""netlink(7): requests with their answers, and the attributes that both are made of.

Message formats: linux/netlink.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator

REQUEST, ACK, DUMP = 0x1, 0x4, 0x300
_INTERRUPTED = 0x10
_ERROR, _DONE = 0x2, 0x3
_HEADER = struct.Struct("=IHHII")
_SOL_NETLINK, _GET_STRICT_CHK = 270, 12
_TYPE_MASK = 0x3FFF
RECEIVE_BYTES = 1 << 16
WHOLE_TRIES = 5


class NetlinkSocket:
    """One socket for requests, each answered before the next; not for use by several threads."""

    def __init__(self, protocol: int) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        self._socket.bind((0, 0))
        # A time limit in the kernel: Python's own would cost a poll() for every message.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 2, 0))
        self._sequence = 0
        self._buffer = memoryview(bytearray(RECEIVE_BYTES))

    def strict(self) -> None:
        """Have the kernel heed a dump's filters (NETLINK_GET_STRICT_CHK)."""
        self._socket.setsockopt(_SOL_NETLINK, _GET_STRICT_CHK, 1)

    def close(self) -> None:
        """Release the socket."""
        self._socket.close()

    def ask(self, kind: int, flags: int, payload: bytes) -> Iterator[bytes]:
        """Send one request; the payload of each answer up to its acknowledgement.

        Raises OSError. What does not exist (ENOENT) is an empty answer.
        """
        self._send(kind, flags, payload)
        while True:
            data = self._buffer[: self._socket.recv_into(self._buffer)]
            for answer, sequence, body in messages(data):
                if sequence != self._sequence:
                    continue
                if answer == _DONE:
                    return
                if answer == _ERROR:
                    _raise_errno(body)
                    return
                yield body

    def whole(self, kind: int, payload: bytes) -> list[bytes]:
        """Each answer to a dump during which nothing changed. Raises OSError.

        A dump that the kernel was interrupted in (NLM_F_DUMP_INTR) may lack what has been there all
        the time: it is asked again, and InterruptedError is raised when it never comes out whole.
        """
        for _attempt in range(WHOLE_TRIES):
            found: list[bytes] = []
            seen = 0
            for data in self._packets(kind, payload):
                for answer, flags, _unused, start, end in _headers(data):
                    seen |= flags
                    if answer > _DONE:
                        found.append(bytes(data[start:end]))
            if not seen & _INTERRUPTED:
                return found
        raise InterruptedError(errno.EINTR, "the kernel's tables change all the time")

    def unread(self, kind: int, payload: bytes, most_bytes: int) -> list[bytes]:
        """A dump as it came, for `messages`: a very long one is taken from the kernel first and
        read later. What goes beyond `most_bytes` is left out. Raises OSError."""
        kept: list[bytes] = []
        length = 0
        for data in self._packets(kind, payload):
            if length < most_bytes:
                length += len(data)
                kept.append(bytes(data))
        return kept

    def _send(self, kind: int, flags: int, payload: bytes) -> None:
        self._sequence += 1
        length = _HEADER.size + len(payload)
        header = _HEADER.pack(length, kind, REQUEST | flags, self._sequence, 0)
        self._socket.send(header + payload)

    def _packets(self, kind: int, payload: bytes) -> Iterator[memoryview]:
        """What the kernel sends at a time in answer to a dump, until it is done."""
        self._send(kind, DUMP, payload)
        done = False
        while not done:
            data = self._buffer[: self._socket.recv_into(self._buffer)]
            ours = False
            for answer, _unused, sequence, start, end in _headers(data):
                if sequence != self._sequence:
                    break  # Left from a request that was given up; not mixed with another one's.
                ours = True
                done = done or answer in (_DONE, _ERROR)
                if answer == _ERROR:
                    _raise_errno(bytes(data[start:end]))
            if ours:
                yield data


def messages(data: bytes | memoryview) -> Iterator[tuple[int, int, bytes]]:
    """`(type, sequence number, payload)` of each message in what was received at once."""
    for kind, _unused, sequence, start, end in _headers(data):
        yield kind, sequence, bytes(data[start:end])


def _headers(data: bytes | memoryview) -> Iterator[tuple[int, int, int, int, int]]:
    """`(type, flags, sequence number, first byte of the payload, its end)` of each message."""
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, flags, sequence, _unused = _HEADER.unpack_from(data, offset)
        yield kind, flags, sequence, offset + _HEADER.size, offset + length
        offset += max((length + 3) & ~3, _HEADER.size)


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, padded."""
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + b"\0" * (-length % 4)


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """`(type, value)` of each attribute."""
    offset = 0
    while offset + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, offset)
        if length < 4:
            return
        yield kind & _TYPE_MASK, data[offset + 4 : offset + length]
        offset += (length + 3) & ~3


def _raise_errno(body: bytes) -> None:
    code = -struct.unpack_from("=i", body)[0]
    if code not in (0, errno.ENOENT):
        raise OSError(code, os.strerror(code))
