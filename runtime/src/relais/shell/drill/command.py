# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place where a drill starts programs: argument lists, no shell, a time limit."""

from __future__ import annotations

import subprocess

LIMIT_S = 20.0


class CommandError(Exception):
    """A program failed or is missing; the message is the program's own last words."""


def run(*argv: str, text: str | None = None) -> str:
    """Run a program to its end and return what it printed. Raises CommandError."""
    try:
        done = subprocess.run(  # noqa: S603
            argv, input=text, capture_output=True, text=True, check=False, timeout=LIMIT_S
        )
    except FileNotFoundError as error:
        raise CommandError(f"{argv[0]}: not found; install it on the gateway") from error
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"{argv[0]}: no end within {LIMIT_S:.0f} s") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise CommandError(f"{' '.join(argv)}: {said[-1] if said else f'exit {done.returncode}'}")
    return done.stdout


def succeeds(*argv: str) -> bool:
    """Whether a program ends well; for questions and for removing what may be gone already."""
    try:
        run(*argv)
    except CommandError:
        return False
    return True
