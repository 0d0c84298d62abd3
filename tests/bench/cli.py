# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the bench."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from lab.errors import LabError
from lab.state import CHECKOUT

from bench import facts, report, results, scenarios
from bench.campaign import Campaign, Results, Settings, plain_of, say
from bench.contenders import CONTENDERS
from bench.scenarios import EXTRAS, SCENARIOS
from bench.site import BUILD

QUICK_CONTENDERS = ("relais", "keepalived", "lsm")
QUICK_SCENARIOS = ("silent", "carrier")
QUICK_BEGIN_S = 125  # the longest quick run, that of lsm, takes 45 s
RESULTS = BUILD / "results.json"
TEXT = BUILD / "results.txt"


def main(argv: Sequence[str]) -> int:
    """Measure and show. Exit status: 0 done, 1 could not measure, 2 wrong usage, 130 interrupted.

    A missed target is a finding, not a failure.
    """
    arguments = _parser().parse_args(argv)
    try:
        if not arguments.render:
            _measure(arguments)
        document = json.loads(RESULTS.read_text())
    except LabError as error:
        say(f"error: {error}")
        return 1
    except FileNotFoundError:
        say(f"error: no {RESULTS.relative_to(CHECKOUT)} yet: run scripts/bench without --render")
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    text = report.text(document)
    TEXT.write_text(text)
    print(text, end="")
    if arguments.write_docs:
        report.write_docs(document)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a first look, in under three minutes")
    parser.add_argument("--runs", type=_count, metavar="N", help="runs of relais (20)")
    parser.add_argument("--peer-runs", type=_count, metavar="N", help="runs of each peer (5)")
    parser.add_argument("--jobs", type=_count, metavar="N", help="runs at the same time (2)")
    parser.add_argument("--replicas", type=_count, metavar="N", help="labs of each contender (1)")
    parser.add_argument(
        "--keep", action="store_true", help="add to the last results, which are of the same commit"
    )
    parser.add_argument(
        "--contender", nargs="+", metavar="NAME", choices=CONTENDERS, help=", ".join(CONTENDERS)
    )
    known = (*SCENARIOS, *EXTRAS)
    parser.add_argument(
        "--scenario", nargs="+", metavar="NAME", choices=known, help=", ".join(known)
    )
    parser.add_argument("--rest-seconds", type=_count, metavar="S", help="length of `rest` (300)")
    parser.add_argument(
        "--render", action="store_true", help="measure nothing, show the last results again"
    )
    parser.add_argument(
        "--write-docs", action="store_true", help="put tables and plot into docs/explanation"
    )
    return parser


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("1 or more")
    return value


def _settings(arguments: argparse.Namespace) -> Settings:
    quick = arguments.quick
    return Settings(
        contenders=arguments.contender or (QUICK_CONTENDERS if quick else tuple(CONTENDERS)),
        scenarios=arguments.scenario or (QUICK_SCENARIOS if quick else (*EXTRAS, *SCENARIOS)),
        runs=arguments.runs or (3 if quick else 20),
        peer_runs=arguments.peer_runs or (2 if quick else 5),
        jobs=arguments.jobs or (3 if quick else 2),
        replicas=arguments.replicas or 1,
        pace=scenarios.QUICK if quick else scenarios.FULL,
        rest_s=arguments.rest_seconds or (20 if quick else 300),
        forwarding_turns=3 if quick else 10,
        forwarding_s=1 if quick else 3,
        begin_within_s=QUICK_BEGIN_S if quick else None,
    )


def _measure(arguments: argparse.Namespace) -> None:
    settings = _settings(arguments)
    compared = "relais" in settings.contenders and plain_of(settings.contenders) is not None
    if list(settings.scenarios) == ["forwarding"] and not compared:
        raise LabError("forwarding compares relais with plain masquerade: --contender relais none")
    _prepare()
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabError("another bench of this checkout is at work") from None
        signal.signal(signal.SIGTERM, _interrupt)
        machine, told = facts.machine(), settings_of(settings)
        found = Results()
        if arguments.keep and RESULTS.exists():
            kept = json.loads(RESULTS.read_text())
            found = results.kept(kept, machine)
            told["contenders"] = {**kept["settings"]["contenders"], **told["contenders"]}
        else:
            shutil.rmtree(BUILD / "samples", ignore_errors=True)
        found.save = partial(_save, told, machine)
        try:
            Campaign(settings, found).run()
        finally:
            if found.runs:
                found.save(found)
                say(f"results are in {RESULTS.relative_to(CHECKOUT)}")


def _save(settings: dict[str, Any], machine: dict[str, Any], found: Results) -> None:
    """Write the results in one step, so that a reader never sees half of them."""
    unfinished = RESULTS.with_suffix(".new")
    document = results.document(settings, machine, found)
    unfinished.write_text(json.dumps(document, indent=1) + "\n")
    unfinished.replace(RESULTS)


def settings_of(settings: Settings) -> dict[str, Any]:
    chosen = {name: CONTENDERS[name].note for name in settings.contenders}
    return {**asdict(settings), "contenders": chosen}


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _prepare() -> None:
    if os.geteuid() != 0:
        raise LabError("needs root: it makes network namespaces and boots machines")
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    if shutil.which("iperf3") is None:
        helper = CHECKOUT / "scripts" / "_prepare"
        subprocess.run(["bash", "-c", '. "$1"', "prepare", str(helper)], check=False)
    if shutil.which("iperf3") is None:
        raise LabError("program missing on this machine: iperf3")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
