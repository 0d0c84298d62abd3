# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais drill run` and `relais drill check`: a live failover drill on this gateway."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from relais.core.drill.model import EVERY_WAN, KINDS, MAX_SECONDS, MIN_SECONDS, TOTAL
from relais.core.drill.words import in_words
from relais.core.fields import ConfigError
from relais.core.model import Config
from relais.shell.config_file import CONFIG, load_config
from relais.shell.control_client import ControlClient
from relais.shell.drill.checks import Options, Refused, check
from relais.shell.drill.client_process import ClientDied
from relais.shell.drill.command import CommandError
from relais.shell.drill.runner import CannotMeasure, Interrupted, run_drill
from relais.shell.drill.store import EVIDENCE, Busy, save, single_drill

USAGE = 2
Subparsers = argparse._SubParsersAction


def register(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the `drill` command."""
    parser = subparsers.add_parser("drill", help="cut a WAN for a while and measure what is felt")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    run = verbs.add_parser("run", help="run a drill and keep its evidence")
    run.add_argument("--output", type=Path, metavar="FILE", help="write the evidence here as well")
    run.set_defaults(run=_run)
    ask = verbs.add_parser("check", help="only say whether the drill may run now")
    ask.set_defaults(run=_check)
    for verb in (run, ask):
        verb.add_argument("--wan", help=f"the WAN to break; not with --kind {TOTAL}")
        verb.add_argument(
            "--kind", required=True, choices=KINDS, help=f"how to break it; {TOTAL}: every WAN"
        )
        verb.add_argument(
            "--seconds", type=int, default=20, help=f"{MIN_SECONDS} to {MAX_SECONDS} (default 20)"
        )
        verb.add_argument("--budget-ms", type=int, help="longest outage that passes")
        verb.add_argument(
            "--ignore-window", action="store_true", help="run outside the windows too"
        )
        verb.add_argument("--config", type=Path, default=CONFIG)
        verb.add_argument("--json", action="store_true", help="for programs")


def _run(arguments: argparse.Namespace) -> int:
    return _answer(arguments, _run_and_keep)


def _check(arguments: argparse.Namespace) -> int:
    return _answer(arguments, _only_check)


def _answer(arguments: argparse.Namespace, act: Callable[[argparse.Namespace, Config], int]) -> int:
    """Do it, and turn every foreseen failure into one message."""
    if arguments.wan is None and arguments.kind != TOTAL:
        _fail(arguments, "usage", f"--wan is needed with --kind {arguments.kind}", [])
        return USAGE
    try:
        return act(arguments, load_config(arguments.config))
    except Refused as error:
        return _fail(arguments, "refused", str(error), error.problems)
    except Busy as error:
        return _fail(arguments, "refused", f"the drill was refused: {error}", [str(error)])
    except ConfigError as error:
        problems = [str(problem) for problem in error.problems]
        message = f"{arguments.config} cannot be used: {'; '.join(problems)}"
        return _fail(arguments, "bad_config", message, problems)
    except CannotMeasure as error:
        return _fail(arguments, "baseline", str(error), [])
    except Interrupted as error:
        return _fail(arguments, "interrupted", f"{error}; the fault was ended", [])
    except (CommandError, ClientDied, OSError) as error:
        return _fail(arguments, "failed", f"the drill could not be carried out: {error}", [])


def _fail(arguments: argparse.Namespace, code: str, message: str, problems: list[str]) -> int:
    if arguments.json:
        error: dict[str, object] = {"code": code, "message": message}
        if problems:
            error["problems"] = problems
        print(json.dumps({"error": error}))
    elif problems:
        heading = message.partition(": ")[0]
        print(f"relais: {heading}:", *(f"- {one}" for one in problems), sep="\n", file=sys.stderr)
    else:
        print(f"relais: {message}", file=sys.stderr)
    return 1


def _options(arguments: argparse.Namespace) -> Options:
    return Options(
        wan=arguments.wan or (EVERY_WAN if arguments.kind == TOTAL else ""),
        kind=arguments.kind,
        seconds=arguments.seconds,
        budget_ms=arguments.budget_ms,
        windows=not arguments.ignore_window,
    )


def _only_check(arguments: argparse.Namespace, config: Config) -> int:
    with single_drill():
        check(config, _options(arguments), ControlClient())
    print(json.dumps({"ok": True, "problems": []}) if arguments.json else "the drill may run now")
    return 0


def _run_and_keep(arguments: argparse.Namespace, config: Config) -> int:
    _end_well_on_signals()
    evidence = run_drill(config, _options(arguments), ControlClient(), _say)
    kept = EVIDENCE / f"{evidence['id']}.json"
    save(evidence, kept)
    if arguments.output:
        save(evidence, arguments.output)
    if arguments.json:
        print(json.dumps(evidence, ensure_ascii=False))
    else:
        print(in_words(evidence), f"evidence: {kept}", sep="\n")
    return 0 if evidence["verdict"] == "pass" else 1


def _say(text: str) -> None:
    # Whoever listened may be gone, with the controller or its connection: the drill goes on.
    with contextlib.suppress(OSError):
        print(f"drill: {text}", file=sys.stderr, flush=True)


def _end_well_on_signals() -> None:
    """The first signal ends the fault and the drill; later ones do not disturb the tidying."""

    def on_signal(number: int, _frame: object) -> None:
        for one in ending:
            signal.signal(one, signal.SIG_IGN)
        raise Interrupted(f"interrupted by {signal.Signals(number).name}")

    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for one in ending:
        signal.signal(one, on_signal)
