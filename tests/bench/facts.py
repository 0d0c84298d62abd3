# SPDX-License-Identifier: GPL-3.0-or-later
"""On what machine, and with what software, figures were found."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.run import attempt
from lab.state import CHECKOUT

from bench.site import Site


def machine() -> dict[str, Any]:
    """Processor, memory, kernel, load, and the state of the checkout."""
    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    memory_kb = int(Path("/proc/meminfo").read_text().split()[1])
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": cpu[0].partition(": ")[2] if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory_kb / 1e6, 1),
        "kernel": platform.release(),
        "system": _pretty_name(),
        "python": platform.python_version(),
        "load_before": [round(value, 2) for value in os.getloadavg()],
        "commit": _commit(),
    }


def _pretty_name() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _commit() -> str:
    git = ["git", "-C", str(CHECKOUT)]
    commit = attempt([*git, "rev-parse", "--short", "HEAD"]).stdout.strip()
    changed = attempt([*git, "status", "--porcelain", "--untracked-files=no"]).stdout.strip()
    return f"{commit} with changes" if changed else commit


def versions(site: Site) -> str | None:
    """Version of a contender's software, as its gateway tells it."""
    commands = {
        "relais": ["relais", "--version"],
        "relais-anchor": ["relais", "--version"],
        "keepalived": ["dpkg-query", "-W", "-f", "${Version}", "keepalived"],
        "lsm": ["dpkg-query", "-W", "-f", "${Version}", "lsm"],
        "lsm-fast": ["dpkg-query", "-W", "-f", "${Version}", "lsm"],
    }
    try:
        return site.inside(*commands[site.contender.name]).strip().removeprefix("relais ")
    except (KeyError, LabError):
        return None
