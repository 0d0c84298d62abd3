# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one door to other programs of the gateway."""

from __future__ import annotations

import json
import subprocess
from typing import Any, Sequence

TIMEOUT_S = 30
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Failed(Exception):
    """What cannot be done, in words for the engineer."""


def attempt(argv: Sequence[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program whose failure is an answer; one that is missing or hangs fails too."""
    environment = {"PATH": _PATH, "LC_ALL": "C.UTF-8"}
    try:
        return subprocess.run(  # noqa: S603 - no shell, and every program is named in this package
            argv,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(argv, 124, "", f"no answer within {TIMEOUT_S} s")
    except OSError as error:
        return subprocess.CompletedProcess(argv, 127, "", str(error))


def run(argv: Sequence[str], stdin: str = "") -> str:
    """Return the output of a program. Raises Failed with its own words."""
    done = attempt(argv, stdin)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip() or f"exit status {done.returncode}"
        raise Failed(f"{' '.join(argv)}: {words}")
    return done.stdout


def read_json(argv: Sequence[str]) -> Any:
    """Return the JSON that a program prints; an empty list when it fails or prints nothing."""
    done = attempt(argv)
    return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else []
