# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon that is killed, that hangs, that has no memory, or that lives through a wrong clock."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

DROP_IN = "/run/systemd/system/relaisd.service.d/clock.conf"
DAY_S = 86_400


def test_a_daemon_killed_again_and_again_comes_back_for_ever(office: Any) -> None:
    with office.survives("kill -9, five times") as cut:
        for _attempt in range(5):
            dead = office.daemon()
            office.run(f"kill -KILL {dead}")
            office.lab.wait("another daemon", lambda dead=dead: office.daemon() not in (0, dead))
        office.lab.wait("it answers", lambda: office.status() != {})
        cut()


def test_a_line_cut_as_the_daemon_is_killed_is_left(office: Any) -> None:
    with office.survives("kill -9 as the line is cut") as cut:
        office.run(f"kill -KILL {office.daemon()}")
        cut()


def test_a_daemon_that_hangs_is_ended_by_the_watchdog(office: Any) -> None:
    hung = office.daemon()
    with office.survives("SIGSTOP, the line is cut meanwhile") as cut:
        office.run(f"kill -STOP {hung}")
        cut()
    assert office.daemon() != hung


@contextmanager
def little_memory(name: str, megabytes: float) -> Iterator[Path]:
    """A memory cgroup of the host with a limit, which is empty again at the end."""
    own = dict(
        line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text().splitlines()
    ).get("memory")
    root = Path("/sys/fs/cgroup/memory")
    if own is None or not root.is_dir():
        pytest.skip("needs the memory controller of cgroup v1")
    here = root / own.strip("/")
    group = here / f"relais-lab-{name}"
    group.mkdir()
    try:
        (group / "memory.limit_in_bytes").write_text(str(int(megabytes * 2**20)))
        yield group
    finally:
        for pid in (group / "cgroup.procs").read_text().split():
            (here / "cgroup.procs").write_text(pid)
        group.rmdir()


def killed_for_memory(group: Path) -> int:
    shown = (group / "memory.oom_control").read_text()
    return int(dict(line.split() for line in shown.splitlines())["oom_kill"])


def test_when_memory_runs_out_another_process_is_killed_and_not_the_daemon(office: Any) -> None:
    daemon = office.daemon()
    eat = "import sys; sys.stdin.readline(); b = bytearray(2**30)"
    namespace = office.lab.status()["nodes"]["gw"]["namespace"]
    argv = ["ip", "netns", "exec", namespace, "python3", "-c", eat]
    with (
        office.survives("memory runs out (OOM)") as cut,
        little_memory(office.lab.name, 128) as group,
        subprocess.Popen(argv, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as eater,
    ):
        for pid in (office.outside("relaisd"), eater.pid):
            (group / "cgroup.procs").write_text(str(pid))
        eater.communicate(b"\n")
        assert eater.returncode == -9
        assert killed_for_memory(group) == 1
        cut()
    assert office.daemon() == daemon


def test_a_daemon_that_is_killed_for_memory_comes_back(office: Any) -> None:
    daemon = office.daemon()
    with office.survives("the daemon itself is killed (OOM)") as cut:
        with little_memory(office.lab.name, 0.25) as group:
            (group / "cgroup.procs").write_text(str(office.outside("relaisd")))
            office.lab.wait(
                "the kernel kills it as it answers",
                lambda: (office.status(), killed_for_memory(group))[1] > 0,
            )
        office.lab.wait("another daemon", lambda: office.daemon() not in (0, daemon))
        office.lab.wait("it answers", lambda: office.status() != {})
        cut()


@pytest.fixture
def clock(site: Any) -> Iterator[Any]:
    """Sets the daemon's wall clock, and only that: its monotonic one is the kernel's, as on a
    machine whose time is set."""
    library = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
    if not library.exists():
        pytest.skip("needs the package libfaketime")
    packed = base64.b64encode(library.read_bytes()).decode()
    site.lab.exec("gw", "sh", "-c", "base64 -d > /opt/clock.so", stdin=packed)
    site.run(
        f"mkdir -p {DROP_IN.rpartition('/')[0]}; echo +0 > /run/clock; cat > {DROP_IN} <<'END'\n"
        "[Service]\nEnvironment=LD_PRELOAD=/opt/clock.so FAKETIME_TIMESTAMP_FILE=/run/clock\n"
        "Environment=FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=1\n"
        "Environment=FAKETIME_DISABLE_SHM=1\nEND"
    )
    site.begin()
    yield lambda seconds: site.run(f"echo '{seconds:+d}' > /run/clock")
    site.run(f"rm -f {DROP_IN} /run/clock /opt/clock.so; systemctl daemon-reload")
    site.run("systemctl restart relaisd")


@pytest.mark.parametrize("days", [40, -400])
def test_a_clock_that_jumps_changes_no_decision(site: Any, clock: Any, days: int) -> None:
    before = site.status()["at"]
    with site.survives(f"the clock jumps by {days} days") as cut:
        clock(days * DAY_S)
        after = site.status()["at"]
        assert (after[:7] > before[:7]) if days > 0 else (after[:7] < before[:7])
        cut()
