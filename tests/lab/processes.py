# SPDX-License-Identifier: GPL-3.0-or-later
"""Start processes that outlive the command, and end only those that are ours."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from lab.errors import LabError
from lab.run import attempt, wait_until
from lab.state import Process

PROC = Path("/proc")


def spawn(what: str, argv: Sequence[str], log: Path, *, cgroups: Sequence[str] = ()) -> Process:
    """Start a program in a session of its own, in the given cgroups, its words in a log."""

    def join_cgroups() -> None:
        for cgroup in cgroups:
            Path(cgroup, "cgroup.procs").write_text(str(os.getpid()))

    with log.open("ab") as output:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=join_cgroups,
        )
    return identify(what, child.pid)


def identify(what: str, pid: int) -> Process:
    """The process that has a pid now. Raises LabError when it is gone already."""
    fields = _stat(pid)
    if fields is None:
        raise LabError(f"{what}: ended at once (pid {pid})")
    return Process(what, pid, int(fields[19]))


def alive(process: Process) -> bool:
    """Whether this very process still runs (a zombie does not)."""
    fields = _stat(process.pid)
    return fields is not None and int(fields[19]) == process.start_time and fields[0] not in "ZX"


def kill(process: Process) -> None:
    """End a process of ours for sure; one that reused its pid is left alone."""
    if alive(process):
        os.kill(process.pid, signal.SIGKILL)
        wait_until(
            f"end of {process.what} ({process.pid})", lambda: not alive(process), within_s=10
        )


def children(pid: int) -> Iterator[int]:
    """Pids of a process's children."""
    for folder in PROC.glob("[0-9]*"):
        fields = _stat(int(folder.name))
        if fields is not None and int(fields[1]) == pid:
            yield int(folder.name)


def residents(namespace: str) -> list[Process]:
    """Processes that live in a network namespace: services, and what exec left running."""
    listed = attempt(["ip", "netns", "pids", namespace])
    found = []
    for text in listed.stdout.split():
        try:
            found.append(identify(f"a process in {namespace}", int(text)))
        except LabError:
            continue  # gone between the listing and the look
    return found


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat from the third (state) on, or None; see proc(5)."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()
