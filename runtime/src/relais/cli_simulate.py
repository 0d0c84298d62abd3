# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais simulate`: the production core on a virtual clock, against models or a trace."""

from __future__ import annotations

import argparse
import json
import sqlite3
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from relais.cli_failure import fail
from relais.core.fields import ConfigError
from relais.core.model import Config
from relais.core.recording import encode_decision
from relais.shell.config_file import load_config
from relais.shell.simulated import SimulatedJournal
from relais.simulate.measure import summary
from relais.simulate.run import Keeping, simulate
from relais.simulate.scenario import (
    BUILT_IN,
    Scenario,
    default_config,
    fitted,
    parse_scenario,
)
from relais.simulate.show import summary_text
from relais.simulate.stretch import Decision
from relais.simulate.trace import TraceError, parse_trace, replay

Subparsers = argparse._SubParsersAction
MAX_DAYS = 3660.0
BEGIN = date(2026, 11, 1)
"""The first day of a simulated journal: always the same, so that a run can be repeated."""


class BadInput(Exception):
    """A file cannot be used; the message names it and the place in it."""


def register(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the `simulate` command."""
    parser = subparsers.add_parser(
        "simulate", help="run the decisions on simulated links or a recorded trace"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--scenario", choices=list(BUILT_IN), help="a built-in world (noise)")
    what.add_argument("--model", type=Path, metavar="FILE", help="a world of your own")
    what.add_argument("--trace", type=Path, metavar="FILE", help="replay recorded events")
    parser.add_argument("--days", type=_days, default=30.0, help="how long (30)")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same run (1)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="a gateway's configuration")
    parser.add_argument("--decisions", type=Path, metavar="FILE", help="write every decision here")
    parser.add_argument("--journal", type=Path, metavar="FILE", help="keep the run as a journal")
    parser.add_argument(
        "--begin", type=_date, default=BEGIN, metavar="DATE", help=f"its first day ({BEGIN})"
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=_run)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write {BEGIN}") from error


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days <= MAX_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days up to {MAX_DAYS:g}")
    return days


def _run(arguments: argparse.Namespace) -> int:
    try:
        return _replay(arguments) if arguments.trace is not None else _simulate(arguments)
    except BadInput as error:
        return fail(arguments, "bad_input", str(error), 2)


def _simulate(arguments: argparse.Namespace) -> int:
    config, scenario = _world(arguments)
    keeping = None if arguments.journal is None else _keeping(arguments, config)
    try:
        tally, decisions = simulate(config, scenario, arguments.days, arguments.seed, keeping)
    except sqlite3.Error as error:
        raise BadInput(f"{arguments.journal}: cannot be written: {error}") from error
    if arguments.decisions is not None:
        _write(arguments.decisions, decisions)
    result = summary(tally)
    if arguments.json:
        head = {"scenario": scenario.name, "seed": arguments.seed}
        print(json.dumps(head | result, indent=1))
    else:
        print(summary_text(scenario.name, arguments.seed, result))
    return 0


def _keeping(arguments: argparse.Namespace, config: Config) -> Keeping:
    path: Path = arguments.journal
    if path.exists():
        raise BadInput(f"{path}: is there already; a simulated journal needs a file of its own")
    try:
        journal = SimulatedJournal(path, config, arguments.begin)
    except sqlite3.Error as error:
        raise BadInput(f"{path}: cannot be written: {error}") from error
    return Keeping(journal.begin_ms, journal.take)


def _world(arguments: argparse.Namespace) -> tuple[Config, Scenario]:
    config = None if arguments.config is None else _config(arguments.config)
    if arguments.model is None:
        config = config or default_config()
        return config, fitted(BUILT_IN[arguments.scenario or "noise"], config)
    try:
        document = json.loads(_text(arguments.model))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{arguments.model}: is not JSON: {error}") from error
    try:
        return parse_scenario(document, config)
    except ConfigError as error:
        raise BadInput(_all(arguments.model, error)) from error


def _config(path: Path) -> Config:
    try:
        return load_config(path)
    except ConfigError as error:
        raise BadInput(_all(path, error)) from error


def _all(path: Path, error: ConfigError) -> str:
    return "; ".join(f"{path}: {problem}" for problem in error.problems)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is not UTF-8 text") from error


def _replay(arguments: argparse.Namespace) -> int:
    path: Path = arguments.trace
    try:
        decisions = list(replay(parse_trace(_text(path).splitlines())))
    except TraceError as error:
        raise BadInput(f"{path}: {error}") from error
    except ConfigError as error:
        raise BadInput(_all(path, error)) from error
    if arguments.decisions is not None:
        _write(arguments.decisions, decisions)
    if arguments.json:
        print(
            json.dumps({"decisions": [encode_decision(one.at_ms, one.action) for one in decisions]})
        )
    else:
        print(
            "\n".join(
                _line(one) for one in decisions if "what" in encode_decision(one.at_ms, one.action)
            )
        )
    return 0


def _line(decision: Decision) -> str:
    told = encode_decision(decision.at_ms, decision.action)
    return f"{decision.at_ms / 1000:12.3f} s  {told['what']} ({told['why']})"


def _write(path: Path, decisions: Iterable[Decision]) -> None:
    try:
        with path.open("w", encoding="utf-8") as file:
            for decision in decisions:
                file.write(json.dumps(encode_decision(decision.at_ms, decision.action)) + "\n")
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror}") from error
