# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON documents as files: what cannot be read is told as what is wrong in them is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from relais.core.fields import ConfigError, Problem

T = TypeVar("T")


def load(path: Path, parse: Callable[[object], T], *, secret: bool = False) -> T:
    """Read and check a file; of a `secret` one no problem shows what stands there. Raises
    ConfigError."""
    return parse(decoded(content(path), secret=secret))


def content(path: Path) -> bytes:
    """The bytes of a file. Raises ConfigError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError([Problem("(file)", f"cannot be read: {error.strerror}")]) from None


def decoded(text: bytes, *, secret: bool = False) -> object:
    """A document before it is checked. Raises ConfigError."""
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        why = "" if secret else f": {error}"
        raise ConfigError([Problem("(document)", f"is not JSON{why}")]) from None
    return document
