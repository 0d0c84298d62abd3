# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a rollback is kept. All that a restoration writes has its room on the disk beforehand."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Iterator

from .programs import Failed

SCHEMA = "relais.rollback/1"
# Not below /var/lib/relais: that is the daemon's, which could then choose what root runs.
PLACE = "/var/lib/relais-rollback"
_NOTE_BYTES = 16 * 1024
_RESERVE_BYTES = 256 * 1024


class Store:
    """The folder of the rollback on one machine.

    `armed` is a link to the snapshot that is to be restored; making and removing it is what arms
    and disarms, in one step. `last.json` says what became of the last change.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = Path(str(root).rstrip("/") or "/")
        self.base = Path(f"{self.prefix}{PLACE}")
        self.armed = self.base / "armed"

    @property
    def prefix(self) -> str:
        """What stands before an absolute path of the machine."""
        return "" if str(self.root) == "/" else str(self.root)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One operation at a time, whoever asks."""
        os.makedirs(str(self.base), mode=0o755, exist_ok=True)
        with open(str(self.base / "lock"), "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def snapshot(self, name: str) -> Path:
        """Folder of a snapshot."""
        return self.base / "snapshots" / name

    def pending(self) -> str | None:
        """Identifier of the armed snapshot."""
        try:
            return os.path.basename(os.readlink(str(self.armed)))
        except OSError:
            return None

    def begin(self, name: str, needed_bytes: int) -> Path:
        """Make the folder of a new snapshot; older ones go. Raises Failed when there is no room."""
        shutil.rmtree(str(self.base / "snapshots"), ignore_errors=True)
        new = self.snapshot(name)
        (new / "files").mkdir(mode=0o700, parents=True)
        os.chmod(str(self.base / "snapshots"), 0o700)
        os.chmod(str(new), 0o700)
        _fill(new / "reserve", needed_bytes + _RESERVE_BYTES)
        for note in ("deadline", "progress", "record"):
            _fill(new / note, _NOTE_BYTES)
        return new

    def arm(self, name: str) -> None:
        """Make the snapshot the one to restore. From here on it is restored unless confirmed."""
        os.sync()
        new = self.base / "armed.new"
        with contextlib.suppress(OSError):
            new.unlink()
        os.symlink(f"snapshots/{name}", str(new))
        os.rename(str(new), str(self.armed))
        _sync_folder(self.base)

    def disarm(self) -> None:
        """Forget the armed snapshot; its folder stays until the next one."""
        with contextlib.suppress(FileNotFoundError):
            self.armed.unlink()
        _sync_folder(self.base)

    def discard(self, name: str) -> None:
        """Remove a snapshot that could not be made completely."""
        shutil.rmtree(str(self.snapshot(name)), ignore_errors=True)

    def release_reserve(self, name: str) -> None:
        """Give the room back that the restoration needs."""
        with contextlib.suppress(OSError):
            (self.snapshot(name) / "reserve").unlink()

    def finish(self, name: str, record: dict[str, Any]) -> None:
        """Leave the record of what became of a change, without needing room."""
        prepared = self.snapshot(name) / "record"
        try:
            if not prepared.exists():
                _fill(prepared, _NOTE_BYTES)
            os.truncate(str(prepared), note(prepared, record))
            os.chmod(str(prepared), 0o644)
            os.rename(str(prepared), str(self.base / "last.json"))
        except OSError:
            return  # the journal has it too

    def last(self) -> dict[str, Any] | None:
        """The record of the last change; None when there is none that can be read."""
        return read(self.base / "last.json")


def note(path: Path, document: dict[str, Any]) -> int:
    """Write a document into a file that has its room already; return how long it is."""
    text = json.dumps(document, indent=1).encode() + b"\n"
    descriptor = os.open(str(path), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, text.ljust(_NOTE_BYTES), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return len(text)


def read(path: Path) -> dict[str, Any] | None:
    """Return a document; None when it is missing or was cut short."""
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def wall(at: float | None = None) -> str:
    """An instant in UTC, for people."""
    moment = datetime.fromtimestamp(time.time() if at is None else at, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def boot_id() -> str:
    """What tells this boot from another; proc(5)."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def uptime() -> float:
    """Seconds since the boot; no change of the clock moves it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _fill(path: Path, size: int) -> None:
    """Take room on the disk. Raises Failed when there is too little."""
    try:
        with open(str(path), "wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)
            file.write(b" " * min(size, _NOTE_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(str(path), 0o600)
    except OSError as error:
        raise Failed(f"{path.parent}: {error.strerror}") from error


def _sync_folder(path: Path) -> None:
    descriptor = os.open(str(path), os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
