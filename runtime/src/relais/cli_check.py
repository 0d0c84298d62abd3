# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais check`: a plugin for Nagios, Icinga and Centreon, by NRPE or SNMP.

Its exit status is that of plugins: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from relais.core.supervision.verdict import Status, Verdict, check_all, check_service, check_wan
from relais.shell.recordings import JOURNAL
from relais.shell.state_file import STATE, look


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser of `relais`."""
    check = commands.add_parser("check", help="one line and exit status of a monitoring plugin")
    check.add_argument(
        "what", nargs="*", metavar="wan NAME | service NAME", help="one only (else everything)"
    )
    check.add_argument("--state", type=Path, default=STATE, metavar="FILE")
    check.add_argument("--journal", type=Path, default=JOURNAL, metavar="FILE")
    check.add_argument("--json", action="store_true", help="for other programs")
    check.set_defaults(run=_check)


def _check(arguments: argparse.Namespace) -> int:
    verdict = _verdict(arguments)
    if arguments.json:
        told = {"status": verdict.status.name, "text": verdict.text, "figures": verdict.figures}
        print(json.dumps(told))
    else:
        print(verdict.line())
    return int(verdict.status)


def _verdict(arguments: argparse.Namespace) -> Verdict:
    seen = look(arguments.state, arguments.journal)
    match arguments.what:
        case []:
            return check_all(seen)
        case ["wan", name]:
            return check_wan(seen, name)
        case ["service", name]:
            return check_service(seen, name)
    wrong = " ".join(arguments.what)
    return Verdict(Status.UNKNOWN, f"{wrong!r} is not understood; write wan NAME or service NAME")
