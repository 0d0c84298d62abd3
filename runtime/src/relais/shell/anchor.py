# SPDX-License-Identifier: GPL-3.0-or-later
"""What a gateway and its anchor say to each other: 48 bytes each way, signed.

    0   4  magic "rlA1"
    4   1  what it is: 1 a question, 2 an answer
    5   3  zero
    8   8  session: drawn by the asker when it starts
    16  8  sequence
    24  8  milliseconds since 1970, UTC, by the asker's clock
    32 16  HMAC-SHA-256 of all that stands before, truncated (RFC 2104, 5)

All numbers in network byte order. An answer repeats the question with another second field, so it
is never larger than the question, and a question that is sent back is no answer.
"""

from __future__ import annotations

import hmac
import secrets
import struct
from pathlib import Path

KEY_FILE = "anchor.key"
MIN_KEY_LENGTH = 32
MAX_KEYS = 2
FRESH_MS = 120_000
"""How far the clocks of the two may be apart; a recorded question is worthless afterwards."""
_QUESTION, _ANSWER = 1, 2
_BODY = struct.Struct(">4sB3xQQQ")
_MAGIC = b"rlA1"
_MAC_BYTES = 16
SIZE = _BODY.size + _MAC_BYTES


class KeyFileError(ValueError):
    """The file holds no usable key; the message never shows what it holds."""


def read_keys(path: Path) -> tuple[bytes, ...]:
    """The keys of a file, one a line: the first is for asking, each is good for answering.

    Raises KeyFileError.
    """
    try:
        lines = path.read_bytes().split()
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read: {error.strerror}") from None
    if not 1 <= len(lines) <= MAX_KEYS:
        raise KeyFileError(f"{path}: must hold one key, or {MAX_KEYS} while the key is changed")
    if any(len(line) < MIN_KEY_LENGTH for line in lines):
        raise KeyFileError(f"{path}: a key must have {MIN_KEY_LENGTH} characters or more")
    return tuple(lines)


class Asker:
    """The gateway's side: makes questions and recognises their answers."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._session = secrets.randbits(64)

    def question(self, sequence: int, wall_ms: int) -> bytes:
        """A signed question with this number."""
        body = _BODY.pack(_MAGIC, _QUESTION, self._session, sequence, wall_ms)
        return body + _mac(self._key, body)

    def answered(self, message: bytes) -> int | None:
        """The number of the question that a message answers; None if it is no answer to us."""
        if len(message) != SIZE:
            return None
        body = message[: _BODY.size]
        magic, kind, session, sequence, _unused = _BODY.unpack(body)
        if magic != _MAGIC or kind != _ANSWER or session != self._session:
            return None
        if not hmac.compare_digest(message[_BODY.size :], _mac(self._key, body)):
            return None
        return int(sequence)


def answer(message: bytes, keys: tuple[bytes, ...], wall_ms: int) -> bytes | None:
    """What the anchor answers; None to anything but a fresh question signed with one of its keys.

    The cheap checks come first, so that noise costs next to nothing.
    """
    if len(message) != SIZE:
        return None
    body = message[: _BODY.size]
    magic, kind, session, sequence, asked_ms = _BODY.unpack(body)
    if magic != _MAGIC or kind != _QUESTION or body[5:8] != b"\0\0\0":
        return None
    if abs(wall_ms - asked_ms) > FRESH_MS:
        return None
    for key in keys:
        if hmac.compare_digest(message[_BODY.size :], _mac(key, body)):
            reply = _BODY.pack(magic, _ANSWER, session, sequence, asked_ms)
            return reply + _mac(key, reply)
    return None


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")[:_MAC_BYTES]
