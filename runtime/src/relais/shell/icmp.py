# SPDX-License-Identifier: GPL-3.0-or-later
"""ICMP echo messages (RFC 792, RFC 4443) and the checksum (RFC 1071)."""

from __future__ import annotations

import struct

_ECHO = struct.Struct(">BBHHH")
ECHO_REQUEST, ECHO_REPLY = 8, 0
ECHO_REQUEST6, ECHO_REPLY6 = 128, 129


def echo_request(identifier: int, sequence: int) -> bytes:
    """An IPv4 echo request with eight bytes of data."""
    data = b"relais\0\0"
    bare = _ECHO.pack(ECHO_REQUEST, 0, 0, identifier, sequence) + data
    return _ECHO.pack(ECHO_REQUEST, 0, checksum(bare), identifier, sequence) + data


def echo_request6(identifier: int, sequence: int) -> bytes:
    """An IPv6 echo request; the kernel fills in the checksum (RFC 3542, 3.1)."""
    return _ECHO.pack(ECHO_REQUEST6, 0, 0, identifier, sequence) + b"relais\0\0"


def parse_reply(packet: bytes) -> tuple[int, int] | None:
    """`(identifier, sequence)` of an echo reply as a raw IPv4 socket delivers it, else None."""
    if len(packet) < 20:
        return None
    return _parse(packet[(packet[0] & 0x0F) * 4 :], ECHO_REPLY)


def parse_reply6(packet: bytes) -> tuple[int, int] | None:
    """`(identifier, sequence)` of an ICMPv6 echo reply, else None."""
    return _parse(packet, ECHO_REPLY6)


def _parse(message: bytes, wanted: int) -> tuple[int, int] | None:
    if len(message) < _ECHO.size:
        return None
    kind, _unused, _unused, identifier, sequence = _ECHO.unpack_from(message)
    return (identifier, sequence) if kind == wanted else None


def checksum(data: bytes) -> int:
    """The Internet checksum of `data`."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
