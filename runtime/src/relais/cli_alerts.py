# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais alerts`: tells people of incidents, and shows what was told."""

from __future__ import annotations

import argparse
import functools
import json
import os
import pwd
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from relais.cli_failure import fail

if TYPE_CHECKING:
    from relais.alerts.channels import Run
    from relais.alerts.outbox import Entry
    from relais.alerts.settings import Settings

DONE, NEGATIVE, USAGE = 0, 1, 2
SETTINGS = Path("/etc/relais/alerts.json")
USER = "relais-alerts"
COMMAND = Path("/usr/local/bin/relais")
LOOK_EVERY_S = 1.0
_STATES = {"waiting": "waits", "sending": "is leaving", "sent": "sent", "dropped": "dropped"}


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser of `relais`."""
    alerts = commands.add_parser("alerts", help="who is told of incidents, and was told")
    verbs = alerts.add_subparsers(required=True, metavar="VERB")
    run = verbs.add_parser("run", help="tell people of incidents, until it is ended")
    run.set_defaults(run=_run, json=False)
    listing = verbs.add_parser("list", help="what was told, and what waits")
    listing.set_defaults(run=_list)
    test = verbs.add_parser("test", help="send a test to every target now")
    test.set_defaults(run=_test)
    check = verbs.add_parser("check", help="check the settings")
    check.set_defaults(run=_check)
    for verb in (run, test, check):
        verb.add_argument("--settings", type=Path, default=SETTINGS, metavar="FILE")
    for verb in (run, listing):
        verb.add_argument("--outbox", type=Path, metavar="FILE", help="where messages are kept")
    run.add_argument("--journal", type=Path, metavar="FILE", help="the daemon's journal")
    run.add_argument("--state", type=Path, metavar="FILE", help="the daemon's state")
    for verb in (listing, test, check):
        verb.add_argument("--json", action="store_true", help="for programs")


def _settings(arguments: argparse.Namespace) -> Settings | None:
    """The settings; None, and every problem told, when they are no good."""
    from relais.alerts.settings import parse_settings
    from relais.core.fields import ConfigError
    from relais.shell.document_file import load

    try:
        return load(arguments.settings, parse_settings, secret=True)
    except ConfigError as error:
        problems = [str(problem) for problem in error.problems]
    if arguments.json:
        told = {"code": "bad_settings", "message": "; ".join(problems), "problems": problems}
        print(json.dumps({"error": told}))
    else:
        lines = (f"relais: {arguments.settings}: {problem}" for problem in problems)
        print(*lines, sep="\n", file=sys.stderr)
    return None


def _run(arguments: argparse.Namespace) -> int:
    from relais.alerts.outbox import Error
    from relais.alerts.service import OUTBOX, Places, Service
    from relais.shell.clock import wall_now
    from relais.shell.recordings import JOURNAL
    from relais.shell.state_file import STATE
    from relais.shell.systemd import notify

    settings = _settings(arguments)
    if settings is None:
        return USAGE
    places = Places(
        journal=arguments.journal or JOURNAL,
        state=arguments.state or STATE,
        outbox=arguments.outbox or OUTBOX,
    )
    before = os.umask(0o077)  # What it keeps tells who is written to.
    try:
        service = Service(settings, places, _say, wall_now())
    except (Error, OSError) as error:
        _say(f"cannot keep messages in {places.outbox}: {error}")
        return NEGATIVE
    finally:
        os.umask(before)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_what: ended.set())
    release = COMMAND.resolve()
    notify("READY=1", f"STATUS=tells {len(settings.targets)} targets")
    # Another release is begun by ending: systemd starts it.
    while not ended.is_set() and COMMAND.resolve() == release:
        service.tick(wall_now())
        notify("WATCHDOG=1")
        ended.wait(LOOK_EVERY_S)
    notify("STOPPING=1")
    service.stop(wall_now())
    return DONE


def _list(arguments: argparse.Namespace) -> int:
    from relais.alerts.outbox import Error, Outbox
    from relais.alerts.service import OUTBOX

    path = arguments.outbox or OUTBOX
    try:
        entries = Outbox(path).entries() if path.exists() else []
    except (Error, OSError) as error:
        return fail(arguments, "no_outbox", f"{path}: {error}", NEGATIVE)
    if arguments.json:
        print(json.dumps({"alerts": [_document(entry) for entry in entries]}, indent=1))
        return DONE
    for entry in entries:
        print(_line(entry))
    if not entries:
        print("nobody was told of anything yet")
    return DONE


def _document(entry: Entry) -> dict[str, object]:
    from relais.core.instants import rfc3339

    message = entry.message
    return {
        "id": message.id,
        "incident": message.incident,
        "kind": str(message.kind),
        "target": message.target,
        "at": rfc3339(message.at),
        "not_before": None if message.not_before is None else rfc3339(message.not_before),
        "state": entry.state,
        "attempts": entry.attempts,
        "sent_at": None if entry.sent_at is None else rfc3339(entry.sent_at),
        "error": entry.error,
        "title": entry.text.title,
        "body": entry.text.body,
    }


def _line(entry: Entry) -> str:
    from relais.core.instants import rfc3339

    message = entry.message
    sent = f" {rfc3339(entry.sent_at)}" if entry.sent_at else ""
    why = f" ({entry.error})" if entry.error else ""
    state = _STATES.get(entry.state, entry.state)
    what = f"{rfc3339(message.at)}  {message.kind:<9} {message.target}: {state}{sent}{why}"
    return f"{what}  {entry.text.title}"


def _test(arguments: argparse.Namespace) -> int:
    from relais.alerts.channels import send
    from relais.alerts.texts import trial
    from relais.shell.clock import wall_now

    settings = _settings(arguments)
    if settings is None:
        return NEGATIVE
    text = trial(settings, wall_now())
    run = _as_service()
    results = {target.name: send(target, text, settings, run) for target in settings.targets}
    if arguments.json:
        told = [{"target": name, "ok": not e, "error": e} for name, e in results.items()]
        print(json.dumps({"ok": not any(results.values()), "targets": told}))
    else:
        print(*(f"{name}: {error or 'taken'}" for name, error in results.items()), sep="\n")
    return NEGATIVE if any(results.values()) else DONE


def _as_service() -> Run:
    """Root tries with the rights that the service has; anybody else with their own."""
    from relais.alerts.channels import run

    there = any(one.pw_name == USER for one in pwd.getpwall())
    return functools.partial(run, user=USER) if there and os.geteuid() == 0 else run


def _check(arguments: argparse.Namespace) -> int:
    if _settings(arguments) is None:
        return NEGATIVE
    print(json.dumps({"ok": True, "problems": []}) if arguments.json else "good")
    return DONE


def _say(text: str) -> None:
    print(f"alerts: {text}", file=sys.stderr, flush=True)
