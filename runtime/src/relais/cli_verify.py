# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais verify`: has anybody changed what the journal keeps?"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from relais.cli_failure import fail
from relais.cli_tables import table
from relais.shell.recordings import JOURNAL
from relais.shell.verify import JournalError, Verdict, read_fingerprint, verify

Subparsers = argparse._SubParsersAction
DONE, NEGATIVE, USAGE = 0, 1, 2


def register(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the `verify` command."""
    parser = subparsers.add_parser("verify", help="whether the journal is as it was written")
    parser.add_argument("--journal", type=Path, default=JOURNAL, metavar="FILE")
    outside = parser.add_mutually_exclusive_group()
    outside.add_argument(
        "--known", type=Path, metavar="FILE", help="what --json printed earlier, kept elsewhere"
    )
    outside.add_argument("--fingerprint", metavar="WORD", help="from a mail or a report")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    try:
        known = _outside(arguments)
        verdict = verify(arguments.journal, known)
    except JournalError as error:
        status = USAGE if error.code == "bad_input" else NEGATIVE
        return fail(arguments, error.code, str(error), status)
    if arguments.json:
        print(json.dumps({"ok": not verdict.problems, **asdict(verdict)}, indent=1))
    else:
        print(_text(verdict))
    return NEGATIVE if verdict.problems else DONE


def _outside(arguments: argparse.Namespace) -> Mapping[str, tuple[int, str]] | None:
    """What was told outside of the machine earlier."""
    if arguments.fingerprint is not None:
        return read_fingerprint(arguments.fingerprint)
    return None if arguments.known is None else _known(arguments.known)


def _known(path: Path) -> Mapping[str, tuple[int, str]]:
    try:
        heads = json.loads(path.read_text(encoding="utf-8"))["heads"]
        return {head["kind"]: (int(head["n"]), str(head["hash"])) for head in heads}
    except OSError as error:
        raise JournalError("bad_input", f"{path}: cannot be read: {error.strerror}") from error
    except (KeyError, TypeError, ValueError) as error:
        told = f"{path}: is not what `relais verify --json` prints: {error!r}"
        raise JournalError("bad_input", told) from error


def _text(verdict: Verdict) -> str:
    header = ("ROWS OF", "THERE", "DROPPED", "PENDING", "LINK", "DIGEST")
    rows = [
        (one.kind, f"{one.rows}", f"{one.dropped}", f"{one.pending}", f"{one.n}", one.hash)
        for one in verdict.heads
    ]
    lines = [table(header, rows), ""]
    for misfit in verdict.problems:
        place = "" if misfit.n is None else f", link {misfit.n}"
        lines.append(f"{misfit.kind} {misfit.key}{place}: {misfit.what}")
    return "\n".join(lines) + ("" if verdict.problems else "everything is as it was written")
