# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais telephony`: tells the telephone system that its WAN has changed."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relais.shell.telephony.refresh import Outcome

DONE, NEGATIVE, USAGE = 0, 1, 2
SETTINGS = Path("/etc/relais/telephony.json")


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser of `relais`."""
    telephony = commands.add_parser("telephony", help="the telephone system behind this gateway")
    verbs = telephony.add_subparsers(required=True, metavar="VERB")
    refresh = verbs.add_parser("refresh", help="have its trunks register anew, on the WAN in use")
    refresh.add_argument(
        "--wan", action="append", help="the WAN in use now (else what relaisd says)"
    )
    refresh.add_argument("--folder", type=Path, help="where relaisd tells of a switch")
    refresh.set_defaults(run=_refresh)
    check = verbs.add_parser("check", help="check the settings")
    check.set_defaults(run=_check)
    for verb in (refresh, check):
        verb.add_argument("--settings", type=Path, default=_credential(), metavar="FILE")
        verb.add_argument("--json", action="store_true", help="for programs")


def _credential() -> Path:
    """Where systemd has put the settings (LoadCredential=), else where root keeps them."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return SETTINGS if folder is None else Path(folder) / SETTINGS.name


def _refresh(arguments: argparse.Namespace) -> int:
    # TLS and HTTP are large: no other command of this program carries them.
    from relais.core.fields import ConfigError
    from relais.core.telephony.settings import parse_settings
    from relais.shell.document_file import load
    from relais.shell.telephony.refresh import FOLDER, claim, refresh

    folder: Path = arguments.folder or FOLDER
    wans = tuple(arguments.wan or claim(folder) or ())
    if not wans:
        if arguments.json:
            print(json.dumps({"ok": True, "wans": [], "problems": []}))
        else:
            print("no switch to tell of; name the WAN with --wan to refresh all the same")
        return DONE
    try:
        settings = load(arguments.settings, parse_settings, secret=True)
        while wans:
            outcome = refresh(settings, wans, folder, _say)
            wans = claim(folder) or ()  # systemd starts nothing anew while this runs.
    except ConfigError as error:
        return _fail(arguments, "bad_settings", [str(problem) for problem in error.problems])
    except OSError as error:
        return _fail(arguments, "failed", [str(error)])
    return _show(arguments, outcome)


def _show(arguments: argparse.Namespace, outcome: Outcome) -> int:
    if arguments.json:
        print(json.dumps(outcome.document()))
    else:
        online = [name for name, up in outcome.trunks.items() if up]
        print(f"on {'+'.join(outcome.wans)}; registered: {', '.join(online) or 'no trunk'}")
        if outcome.public_address:
            print("announces {after} instead of {before}".format(**outcome.public_address))
        print(*(f"problem: {problem}" for problem in outcome.problems), sep="\n", end="")
    return NEGATIVE if outcome.problems else DONE


def _check(arguments: argparse.Namespace) -> int:
    from relais.core.fields import ConfigError
    from relais.core.telephony.settings import parse_settings
    from relais.shell.document_file import load

    try:
        load(arguments.settings, parse_settings, secret=True)
    except ConfigError as error:
        return _fail(arguments, "bad_settings", [str(problem) for problem in error.problems])
    print(json.dumps({"ok": True, "problems": []}) if arguments.json else "good")
    return DONE


def _fail(arguments: argparse.Namespace, code: str, problems: list[str]) -> int:
    if arguments.json:
        error = {"code": code, "message": "; ".join(problems), "problems": problems}
        print(json.dumps({"error": error}))
    else:
        lines = (f"relais: {arguments.settings}: {problem}" for problem in problems)
        print(*lines, sep="\n", file=sys.stderr)
    return NEGATIVE


def _say(text: str) -> None:
    print(f"telephony: {text}", file=sys.stderr, flush=True)
