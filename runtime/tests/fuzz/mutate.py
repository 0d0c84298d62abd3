# SPDX-License-Identifier: GPL-3.0-or-later
"""Inputs that nobody would send on purpose: seeded, so that each can be made again."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 255, 256, 65536, 2**31, 2**63, 2**64, 10**400, -(10**400),
    0.0, -0.0, 1e-320, 1e308, float("inf"), float("nan"), "", " ", "\0", "\n", "\r\n\r\n",
    "a" * 5000, "\ud800", "\u202e", "é", "..", ".a", "a..b", "/../..", "fibre", "lte", "default",
    "auto", "force", "1.2.3.4", "1.2.3.4/33", "::", "fe80::1%1", "0x10", "1e9", "-1", "{}", "%s%n",
    "'; drop", "$(id)",
    [], {}, [[]], [None], {"": None}, {"wan": {"wan": {}}}, ["fibre", "fibre"], [[[[[[[]]]]]]],
)  # fmt: skip
BYTES = (b"", b"\0", b"\xff" * 4, b"\r\n", b"\n", b"\0" * 64, b"9" * 400, b"\x7f\xff\xff\xff")


def documents(random: Random, base: Any) -> Iterator[Any]:
    """Copies of a JSON document without end, each changed in one to four places."""
    while True:
        document = copy.deepcopy(base)
        for _unused in range(random.randint(1, 4)):
            document = _changed(random, document)
        yield document


def texts(random: Random, base: Any) -> Iterator[bytes]:
    """The same as JSON text, half of it broken as text too."""
    for document in documents(random, base):
        text = json.dumps(document).encode()
        yield text if random.random() < 0.5 else changed_bytes(random, text)


def messages(random: Random, samples: list[bytes]) -> Iterator[bytes]:
    """Copies of good messages without end, each changed in one to four places; some are noise."""
    while True:
        message = random.choice(samples)
        if random.random() < 0.1:
            message = random.randbytes(random.randint(0, 256))
        for _unused in range(random.randint(1, 4)):
            message = changed_bytes(random, message)
        yield message[:2048]


def changed_bytes(random: Random, data: bytes) -> bytes:
    """One change: a bit, a byte, a cut, something in between, or a part twice."""
    place = random.randint(0, len(data))
    other = random.randint(place, len(data))
    match random.randrange(6):
        case 0 if data:
            place = random.randrange(len(data))
            return (
                data[:place] + bytes([data[place] ^ 1 << random.randrange(8)]) + data[place + 1 :]
            )
        case 1:
            return data[:place] + random.randbytes(1) + data[place + 1 :]
        case 2:
            return data[:place]
        case 3:
            return data[:place] + random.choice(BYTES) + data[place:]
        case 4:
            return data[:place] + data[other:]
        case _:
            return data[:other] + data[place:other] + data[other:]


def _changed(random: Random, document: Any) -> Any:
    """The document with one place of it replaced, taken away, doubled or made up."""
    places = list(_places(document))
    if not places:
        return random.choice(NASTY)
    container, key = random.choice(places)
    match random.randrange(5):
        case 0:
            del container[key]
        case 1 if isinstance(container, list):
            container.insert(0, copy.deepcopy(container[key]))
        case 1:
            container[f"{key}x"] = container[key]
        case 2:
            other, place = random.choice(places)
            if isinstance(other, dict) or place < len(other):
                container[key] = copy.deepcopy(other[place])
        case _:
            container[key] = copy.deepcopy(random.choice(NASTY))
    return document


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys: Any = value if isinstance(value, dict) else range(len(value)) if _listed(value) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _listed(value: Any) -> bool:
    return isinstance(value, list)
