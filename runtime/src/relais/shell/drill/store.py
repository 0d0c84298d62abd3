# SPDX-License-Identifier: GPL-3.0-or-later
"""Where drills leave things: the lock that keeps them single, the evidence that outlives them."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

LOCK = Path("/run/relais/drill.lock")
EVIDENCE = Path("/var/lib/relais/drills")


class Busy(Exception):
    """Another drill holds the lock."""


@contextmanager
def single_drill(lock: Path = LOCK) -> Iterator[None]:
    """Hold the lock; the kernel frees it when the process ends, however it ends. Raises Busy."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy("another drill is running on this gateway; wait for it to end") from error
        yield


def save(evidence: Mapping[str, object], path: Path) -> None:
    """Write an evidence file in one step, readable by all: it holds no secret."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps(evidence, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.chmod(0o644)
    fresh.replace(path)
