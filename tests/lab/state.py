# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab made, written down before it is made, so that a crash leaves nothing unknown."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lab.errors import LabError

RUN = Path("/run/relais-lab")
DISKS = Path("/var/tmp/relais-lab")
CHECKOUT = Path(__file__).resolve().parents[2]
LAB_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?")
VERSION = 1


@dataclass(frozen=True)
class Process:
    """A process we started; the start time tells it from a later one with the same pid."""

    what: str
    pid: int
    start_time: int


@dataclass
class Record:
    """The bookkeeping of one lab."""

    name: str
    checkout: str = str(CHECKOUT)
    phase: str = "starting"
    suite: str = ""
    source: str = ""
    inventory: str = ""
    host: str = ""
    lan: dict[str, str] = field(default_factory=dict)
    wans: list[dict[str, str]] = field(default_factory=list)
    namespaces: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, list[str]] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    cgroups: list[str] = field(default_factory=list)
    faults: dict[str, list[str]] = field(default_factory=dict)
    version: int = VERSION

    def namespace(self, node: str) -> str:
        """Namespace of a node. Raises LabError listing the nodes there are."""
        if node not in self.namespaces:
            known = ", ".join(self.namespaces)
            raise LabError(f"no node {node!r} in lab {self.name}: choose one of {known}")
        return self.namespaces[node]


@dataclass(frozen=True)
class Places:
    """Where a lab keeps things."""

    name: str

    @property
    def run(self) -> Path:
        return RUN / self.name

    @property
    def record(self) -> Path:
        return self.run / "state.json"

    @property
    def disk(self) -> Path:
        return DISKS / self.name

    @property
    def root(self) -> Path:
        return self.disk / "root"

    @property
    def build(self) -> Path:
        return CHECKOUT / "build" / "lab" / self.name

    @property
    def machine(self) -> str:
        return f"relais-{self.name}"

    def namespace(self, node: str) -> str:
        return f"relais-{self.name}-{node}"


def default_name() -> str:
    """Name of this checkout's lab: two checkouts on one machine do not meet."""
    chosen = os.environ.get("RELAIS_LAB")
    if chosen:
        return checked_name(chosen)
    folder = re.sub(r"[^a-z0-9]+", "-", CHECKOUT.name.lower()).strip("-")[:16].strip("-")
    digest = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:6]
    return f"{folder}-{digest}" if folder else digest


def checked_name(name: str) -> str:
    """The name itself. Raises LabError if it cannot name a lab."""
    if not LAB_NAME.fullmatch(name):
        raise LabError(f"lab name {name!r}: up to 24 small letters, digits and inner dashes")
    return name


def load(places: Places) -> Record | None:
    """The lab's record, or None when there is no such lab."""
    try:
        raw = json.loads(places.record.read_text())
    except FileNotFoundError:
        return None
    if raw.get("version") != VERSION:
        raise LabError(f"{places.record}: written by another version of the lab; run its own down")
    raw["processes"] = [Process(**process) for process in raw["processes"]]
    return Record(**raw)


def save(places: Places, record: Record) -> None:
    """Write the record in one step, so that a reader never sees half of it."""
    temporary = places.record.with_suffix(".new")
    temporary.write_text(json.dumps(asdict(record), indent=2) + "\n")
    temporary.replace(places.record)


def names() -> list[str]:
    """Every lab there is on this machine."""
    return sorted(path.parent.name for path in RUN.glob("*/state.json"))


@contextmanager
def locked(places: Places) -> Iterator[None]:
    """One change to a lab at a time; the lock file leaves with the lab."""
    while True:
        RUN.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = RUN / f"{places.name}.lock"
        try:
            lock = path.open("w")
        except FileNotFoundError:
            continue  # the last lab's down removed the folder in between
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _same_file(lock.fileno(), path):
                continue  # another run removed it while we waited
            try:
                yield
            finally:
                if not places.record.exists():
                    path.unlink(missing_ok=True)
                    remove_if_empty(RUN)
            return


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """Make a new folder and its parents, even while another lab's end removes an empty parent."""
    while True:
        try:
            return folder.mkdir(mode=mode, parents=True)
        except FileNotFoundError:
            continue


def remove_if_empty(folder: Path) -> None:
    """Leave no empty folder behind; one that is in use stays."""
    try:
        folder.rmdir()
    except OSError:
        return
