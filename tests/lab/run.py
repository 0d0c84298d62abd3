# SPDX-License-Identifier: GPL-3.0-or-later
"""The one door to other programs, and the one way to wait."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from lab.errors import LabError

POLL_S = 0.05


def run(
    argv: Sequence[str], *, stdin: str = "", timeout_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end. Raises LabError with its own words when it fails."""
    result = attempt(argv, stdin=stdin, timeout_s=timeout_s)
    if result.returncode != 0:
        words = (result.stderr or result.stdout).strip() or f"exit status {result.returncode}"
        raise LabError(f"{shlex.join(argv)}: {words}")
    return result


def attempt(
    argv: Sequence[str], *, stdin: str = "", timeout_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a program whose failure is an answer. Raises LabError if it is missing or hangs."""
    try:
        return subprocess.run(
            argv, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except FileNotFoundError as error:
        raise LabError(f"program missing: {argv[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{shlex.join(argv)}: no answer within {timeout_s:g} s") from error


def wait_until(what: str, condition: Callable[[], bool], *, within_s: float) -> None:
    """Poll until the condition holds. Raises LabError naming what was waited for."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not within {within_s:g} s")
        time.sleep(POLL_S)


def say(line: str) -> None:
    """Show progress at once; results go to standard output, progress to standard error."""
    print(f"lab: {line}", file=sys.stderr, flush=True)


def accompany(argv: Sequence[str]) -> int:
    """Run a program with our input and output; its exit status, 128 + n when signal n ended it.

    A machine that shuts down stops every process in it. nsenter then stops itself with its child,
    and nobody would wake it: so it is woken here, finds its child dead, and ends.
    """
    sys.stdout.flush()
    with subprocess.Popen(argv) as child:
        ending = signal.signal(signal.SIGTERM, lambda *_unused: child.terminate())
        try:
            while True:
                _unused, status = os.waitpid(child.pid, os.WUNTRACED)
                if not os.WIFSTOPPED(status):
                    break
                time.sleep(POLL_S)
                child.send_signal(signal.SIGCONT)
        finally:
            signal.signal(signal.SIGTERM, ending)
        child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode
