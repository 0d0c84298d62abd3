# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais incidents`: what was wrong, since when, and what it did. Needs no daemon."""

from __future__ import annotations

import argparse
import json
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

from relais.cli_failure import fail
from relais.core.incidents.model import Class
from relais.core.instants import rfc3339
from relais.shell import clock
from relais.shell.incidents import kept, reason, rebuild
from relais.shell.recordings import JOURNAL
from relais.shell.verify import fingerprint

Subparsers = argparse._SubParsersAction
DONE, NEGATIVE = 0, 1
SCREEN = 20
"""Incidents that a list without further wishes shows: the newest."""


def register(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the `incidents` command."""
    from relais.cli import seconds

    parser = subparsers.add_parser("incidents", help="what was wrong, since when, what it did")
    parser.add_argument("id", nargs="?", metavar="ID", help="all about one incident")
    parser.add_argument("--since", type=seconds, metavar="TIME", help="of the last 12h, 30d")
    parser.add_argument("--open", action="store_true", help="only those that have not ended")
    parser.add_argument("--class", dest="kind", choices=[str(one) for one in Class])
    parser.add_argument(
        "--rebuild", action="store_true", help="from the journal's events alone, and keep that"
    )
    parser.add_argument("--journal", type=Path, default=JOURNAL, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    path: Path = arguments.journal
    try:
        found = rebuild(path) if arguments.rebuild else kept(path)
        word = fingerprint(path)
    except sqlite3.Error as error:
        return fail(arguments, "journal", reason(error, path), NEGATIVE)
    except (OSError, ValueError, KeyError) as error:
        return fail(arguments, "journal", str(error), NEGATIVE)
    chosen = [one for one in found if _wanted(arguments, one)]
    if arguments.id is not None and not chosen:
        message = f"{arguments.id!r} is no incident that {path} keeps; see relais incidents"
        return fail(arguments, "unknown_incident", message, NEGATIVE)
    if arguments.json:
        print(json.dumps({"incidents": chosen, "fingerprint": word}, indent=1))
    else:
        print(_text(arguments, chosen))
    return DONE


def _wanted(arguments: argparse.Namespace, incident: dict[str, Any]) -> bool:
    if arguments.id is not None:
        return bool(incident["id"] == arguments.id)
    if arguments.open and incident["ended_at"] is not None:
        return False
    if arguments.kind not in (None, incident["class"]):
        return False
    if arguments.since is None:
        return True
    first = rfc3339(clock.wall_now() - timedelta(seconds=arguments.since))
    return incident["ended_at"] is None or incident["ended_at"] >= first


def _text(arguments: argparse.Namespace, chosen: list[dict[str, Any]]) -> str:
    from relais.cli_incidents_text import incident_text, list_text

    if arguments.id is not None:
        return incident_text(chosen[0])
    wished = arguments.since or arguments.open or arguments.kind
    shown = chosen if wished else chosen[-SCREEN:]
    text = list_text(shown)
    if len(shown) < len(chosen):
        text += f"\n\n{len(chosen) - len(shown)} older ones: relais incidents --since 30d"
    return text
