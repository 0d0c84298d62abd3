# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais export`: what a journal keeps, for other programs; works without the daemon."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from relais.cli_failure import fail
from relais.core.history.model import STEPS_S
from relais.shell.export import FORMATS, TABLES, Wanted
from relais.shell.recordings import JOURNAL
from relais.shell.verify import JournalError, read_only

Subparsers = argparse._SubParsersAction
DONE, NEGATIVE, USAGE = 0, 1, 2
ALWAYS = datetime(9999, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def register(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the `export` command."""
    parser = subparsers.add_parser("export", help="what the journal keeps, for other programs")
    parser.add_argument("--from", dest="begin", type=_instant, default=EPOCH, metavar="WHEN")
    parser.add_argument(
        "--to", dest="end", type=_end, default=ALWAYS, metavar="WHEN",
        help="2026-11-01 (all of that day) or 2026-11-01T09:00:00Z (until then)",
    )  # fmt: skip
    parser.add_argument("--format", choices=list(FORMATS), default="jsonl", help="(jsonl)")
    parser.add_argument(
        "--table", choices=list(TABLES), action="append", help="only these; may be repeated"
    )
    parser.add_argument("--step", type=int, choices=STEPS_S, default=60, help="of rolls, s (60)")
    parser.add_argument("--journal", type=Path, default=JOURNAL, metavar="FILE")
    parser.add_argument("--output", type=Path, metavar="FILE", help="instead of standard output")
    parser.add_argument("--json", action="store_true", help="tell errors for programs")
    parser.set_defaults(run=_run)


def _instant(text: str) -> datetime:
    """A day's beginning or an instant, UTC unless it says otherwise."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        told = f"{text!r} is no time; write 2026-11-01 or 2026-11-01T09:00:00Z"
        raise argparse.ArgumentTypeError(told) from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _end(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _instant(text)
    return datetime.combine(day, time(), tzinfo=UTC) + timedelta(days=1)


def _run(arguments: argparse.Namespace) -> int:
    try:
        _write(arguments)
    except JournalError as error:
        status = NEGATIVE if error.code == "no_journal" else USAGE
        return fail(arguments, error.code, str(error), status)
    except (sqlite3.Error, ValueError) as error:
        return fail(arguments, "bad_input", f"{arguments.journal}: {error}", USAGE)
    except BrokenPipeError:
        raise
    except OSError as error:
        return fail(arguments, "bad_input", f"{arguments.output}: {error.strerror}", USAGE)
    return DONE


def _write(arguments: argparse.Namespace) -> None:
    tables = tuple(arguments.table or TABLES)
    if arguments.format == "csv" and len(tables) != 1:
        raise JournalError("usage", "csv has the columns of one table: name it with --table")
    if arguments.format == "openmetrics" and "rolls" not in tables:
        raise JournalError("usage", "openmetrics tells rolls only")
    begin_ms, end_ms = (int(at.timestamp() * 1000) for at in (arguments.begin, arguments.end))
    wanted = Wanted(tables, begin_ms, end_ms, arguments.step)
    with closing(read_only(arguments.journal)) as opened:
        opened.execute("BEGIN")  # One picture, while the daemon goes on writing.
        lines = FORMATS[arguments.format](opened, wanted)
        if arguments.output is None:
            sys.stdout.writelines(lines)
        else:
            with arguments.output.open("w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
