# SPDX-License-Identifier: GPL-3.0-or-later
"""The `relais` command. Exit status: 0 done, 1 a negative answer, 2 wrong usage, 3 no daemon."""

from __future__ import annotations

import argparse
import faulthandler
import importlib
import json
import logging
import os
import sys
from pathlib import Path

from relais import __version__
from relais.cli_anchor import credential
from relais.cli_failure import fail
from relais.cli_tables import events_text, status_text, why_text
from relais.core.fields import ConfigError
from relais.core.model import Admin, Config, ProbeKind
from relais.shell.anchor import KEY_FILE, KeyFileError, read_keys
from relais.shell.config_file import CONFIG, find_config, load_config
from relais.shell.control_client import ControlClient, ControlError, DaemonUnreachable
from relais.shell.last_change import last_change

DONE, NEGATIVE, USAGE, NO_DAEMON = 0, 1, 2, 3
_ROOMS = (
    "alerts",
    "anchor",
    "check",
    "drill",
    "export",
    "incidents",
    "metrics",
    "replay",
    "report",
    "simulate",
    "sla",
    "telephony",
    "throughput",
    "verify",
)
"""Commands with a module of their own, `relais.cli_NAME`."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    words = sys.argv[1:] if argv is None else list(argv)
    asked = next((word for word in words if word not in ("-h", "--help")), None)
    arguments = _parser(asked).parse_args(words)
    try:
        status: int = arguments.run(arguments)
    except DaemonUnreachable as error:
        return fail(arguments, "no_daemon", str(error), NO_DAEMON)
    except ControlError as error:
        return fail(arguments, error.code, str(error), NEGATIVE)
    except BrokenPipeError:
        return DONE
    return status


def _parser(asked: str | None) -> argparse.ArgumentParser:
    """The parser of all commands; of those in rooms of their own only the one that is asked for
    is imported, or each when none is: agents ask `status` often, and it needs no simulator.
    """
    parser = argparse.ArgumentParser(prog="relais", description="WAN failover of this gateway.")
    parser.add_argument("--version", action="version", version=f"relais {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_questions(commands)
    check = commands.add_parser("check-config", help="check a configuration file")
    check.add_argument("file", type=Path)
    check.add_argument("--json", action="store_true")
    check.set_defaults(run=_check_config)
    daemon = commands.add_parser("daemon", help="run relaisd in the foreground")
    daemon.add_argument("--config", type=Path, default=CONFIG)
    daemon.set_defaults(run=_daemon, json=False)
    for command in _ROOMS:
        if asked in (None, command):
            importlib.import_module(f"relais.cli_{command}").register(commands)
        else:
            commands.add_parser(command)
    return parser


def _add_questions(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    status = commands.add_parser("status", help="what works now")
    status.set_defaults(run=_status)
    why = commands.add_parser("why", help="why a service uses the WAN it uses")
    why.add_argument("service", nargs="?")
    why.set_defaults(run=_why)
    link = commands.add_parser("link", help="let a WAN work, keep new flows off it, or force it")
    link.add_argument("wan")
    link.add_argument("mode", choices=[str(mode) for mode in Admin])
    link.add_argument("--for", dest="for_s", type=seconds, help="until then: 90s, 30m, 2h, 1d")
    link.set_defaults(run=_link)
    events = commands.add_parser("events", help="what happened lately")
    events.add_argument("--after", type=int, default=0, help="only events behind this number")
    events.set_defaults(run=_events)
    for command in (status, why, link, events):
        command.add_argument("--json", action="store_true", help="for programs")


def seconds(text: str) -> int:
    """`90s`, `30m`, `2h`, `1d` or plain seconds, as a number of seconds."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    if not number.isdigit() or int(number) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write 90s, 30m, 2h or 1d")
    return int(number) * units[unit]


def _show(arguments: argparse.Namespace, result: dict[str, object], text: str) -> int:
    print(json.dumps(result, indent=1) if arguments.json else text)
    return DONE


def _status(arguments: argparse.Namespace) -> int:
    result = {**ControlClient().call("status"), "last_change": last_change()}
    return _show(arguments, result, status_text(result))


def _why(arguments: argparse.Namespace) -> int:
    answer = ControlClient().call("why", service=arguments.service)
    result = {**answer, "last_change": last_change()}
    return _show(arguments, result, why_text(result))


def _link(arguments: argparse.Namespace) -> int:
    wish = {"wan": arguments.wan, "mode": arguments.mode}
    if arguments.for_s is not None:
        wish["for_s"] = arguments.for_s
    result = ControlClient().call("link", **wish)
    text = f"{result['wan']}: {result['before']} to {result['after']}"
    return _show(arguments, result, text if result["changed"] else f"{text} (no change)")


def _events(arguments: argparse.Namespace) -> int:
    result = ControlClient().call("events", after=arguments.after)
    return _show(arguments, result, events_text(result))


def _check_config(arguments: argparse.Namespace) -> int:
    problems = []
    try:
        load_config(arguments.file)
    except ConfigError as error:
        problems = [{"path": p.path, "message": p.message} for p in error.problems]
    if arguments.json:
        print(json.dumps({"ok": not problems, "problems": problems}))
    else:
        lines = [f"{arguments.file}: {p['path']}: {p['message']}" for p in problems]
        print("\n".join(lines) or f"{arguments.file}: good", file=sys.stderr if lines else None)
    return NEGATIVE if problems else DONE


def _daemon(arguments: argparse.Namespace) -> int:
    app = importlib.import_module("relais.app")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.raiseExceptions = False
    if "JOURNAL_STREAM" in os.environ:  # A log that takes nothing must not hold us up.
        os.set_blocking(sys.stderr.fileno(), False)
    faulthandler.enable()  # The watchdog's SIGABRT then leaves a stack in the journal.
    Path("/proc/self/comm").write_text("relaisd", encoding="ascii")
    try:
        file = find_config(arguments.config)
    except ConfigError as error:
        for problem in error.problems:
            print(f"relaisd: {arguments.config}: {problem}", file=sys.stderr)
        return USAGE
    app.run(file, app.Paths(), _anchor_key(file.config))
    return DONE


def _anchor_key(config: Config) -> bytes | None:
    """The key that systemd has handed over; None where no anchor is asked or none can be."""
    if not any(target.probe is ProbeKind.ANCHOR for target in config.targets):
        return None
    path = credential()
    try:
        if path is None:
            raise KeyFileError(f"no credential {KEY_FILE}")
        return read_keys(path)[0]
    except KeyFileError as error:
        logging.error("the anchor is not asked: %s", error)
        return None
