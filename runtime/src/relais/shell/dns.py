# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest DNS message that proves a path: one question, class IN, type A (RFC 1035, 4.1)."""

from __future__ import annotations

import struct

_HEADER = struct.Struct(">HHHHHH")
_RECURSION_DESIRED = 0x0100
_RESPONSE = 0x8000


def query(identifier: int, name: str) -> bytes:
    """A query for `name`; raises UnicodeError for a name that is no host name."""
    labels = [label.encode("idna") for label in name.rstrip(".").split(".") if label]
    question = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    header = _HEADER.pack(identifier, _RECURSION_DESIRED, 1, 0, 0, 0)
    return header + question + struct.pack(">HH", 1, 1)


def response_to(message: bytes) -> int | None:
    """The identifier that a response answers, whatever its result code; None if it is none."""
    if len(message) < _HEADER.size:
        return None
    identifier, flags, *_unused = _HEADER.unpack_from(message)
    return int(identifier) if flags & _RESPONSE else None
