# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais throughput`: measures what unmetered lines carry, and shows what was measured."""

from __future__ import annotations

import argparse
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from relais.cli_failure import fail
from relais.shell import clock
from relais.shell.config_file import CONFIG
from relais.shell.recordings import JOURNAL
from relais.shell.state_file import STATE

if TYPE_CHECKING:
    from relais.core.model import Wan
    from relais.throughput.settings import Settings

DONE, NEGATIVE, USAGE = 0, 1, 2


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser of `relais`."""
    from relais.throughput.settings import FILE

    throughput = commands.add_parser("throughput", help="what the lines carry, measured")
    verbs = throughput.add_subparsers(required=True, metavar="VERB")
    run = verbs.add_parser("run", help="measure the unmetered lines, one after the other")
    run.add_argument("--wan", metavar="WAN", help="this one only")
    run.add_argument("--now", action="store_true", help="outside of its hours too")
    run.add_argument(
        "--scheduled", action="store_true", help="that nothing may be measured is fine"
    )
    run.set_defaults(run=_run)
    listing = verbs.add_parser("list", help="what was measured")
    listing.add_argument("--journal", type=Path, default=JOURNAL, metavar="FILE")
    listing.set_defaults(run=_list)
    check = verbs.add_parser("check", help="check the settings")
    check.set_defaults(run=_check)
    for verb in (run, check):
        verb.add_argument("--settings", type=Path, default=FILE, metavar="FILE")
    run.add_argument("--config", type=Path, default=CONFIG, metavar="FILE")
    run.add_argument("--state", type=Path, default=STATE, metavar="FILE")
    for verb in (run, listing, check):
        verb.add_argument("--json", action="store_true", help="for programs")


def _check(arguments: argparse.Namespace) -> int:
    from relais.core.fields import ConfigError
    from relais.shell.document_file import load
    from relais.throughput.settings import parse_settings

    try:
        load(arguments.settings, parse_settings)
    except ConfigError as error:
        return fail(arguments, "settings", f"{arguments.settings}: {error}", USAGE)
    return _show(arguments, {"ok": True}, f"{arguments.settings}: good")


def _run(arguments: argparse.Namespace) -> int:
    from relais.core.fields import ConfigError
    from relais.shell.config_file import load_config
    from relais.shell.document_file import load
    from relais.throughput.settings import parse_settings

    try:
        settings = load(arguments.settings, parse_settings)
        config = load_config(arguments.config)
    except ConfigError as error:
        return fail(arguments, "settings", str(error), USAGE)
    names = [wan.name for wan in config.wans]
    if arguments.wan not in (None, *names):
        message = f"{arguments.wan!r} is no WAN of this gateway; known: {', '.join(names)}"
        return fail(arguments, "unknown_wan", message, USAGE)
    now = clock.wall_now().astimezone(ZoneInfo(config.timezone))
    if not arguments.now and not settings.within_hours(now.time()):
        hours = f"{settings.begins:%H:%M}-{settings.ends:%H:%M}"
        message = f"it is {now:%H:%M}, and lines are filled from {hours} only; --now does it anyway"
        return fail(arguments, "not_now", message, DONE if arguments.scheduled else NEGATIVE)
    wans = [wan for wan in config.wans if arguments.wan in (None, wan.name)]
    chosen = [wan for wan in wans if not wan.metered] or wans
    told = [_measured(wan, settings, arguments.state) for wan in chosen]
    if arguments.json:
        print(json.dumps({"measured": told}, indent=1))
    else:
        print("\n".join(_line(one) for one in told))
    measured = any(one["reason"] is None for one in told)
    return DONE if measured or arguments.scheduled else NEGATIVE


def _measured(wan: Wan, settings: Settings, state_path: Path) -> dict[str, Any]:
    """One line, both ways, told to the daemon, who keeps it; or why there is no figure."""
    from relais.shell.control_client import ControlClient
    from relais.shell.state_file import look
    from relais.throughput import rules
    from relais.throughput.transfer import Transfer, TransferError, Way

    def state() -> Mapping[str, Any]:
        seen = look(state_path, JOURNAL)
        if seen.silent is not None or seen.state is None:
            raise TransferError(seen.silent or "relaisd is silent")
        return seen.state

    told: dict[str, Any] = {"wan": wan.name, "down_mbit": None, "up_mbit": None, "bytes": 0}
    told |= {"sold_down_mbit": wan.down_mbit, "sold_up_mbit": wan.up_mbit, "reason": None}
    told |= {"seconds": settings.seconds, "connections": settings.connections}
    try:
        reason = rules.refusal(wan, state())
        if reason is not None:
            raise TransferError(reason)
        for way, url in ((Way.DOWN, settings.download_url), (Way.UP, settings.upload_url)):
            if url is None:
                continue
            transfer = Transfer(wan, way, url, settings.seconds, settings.connections)
            samples = transfer.run(lambda: rules.broken_off(wan, state()))
            told[f"{way}_mbit"] = round(rules.steady_mbit(samples), 1)
            told["bytes"] += samples[-1][1]
    except (TransferError, ValueError) as error:
        return {**told, "reason": str(error)}
    ControlClient().call("measured", **{key: told[key] for key in told if key != "reason"})
    return told


def _line(told: dict[str, Any]) -> str:
    if told["reason"] is not None:
        return f"{told['wan']}: not measured: {told['reason']}"
    return f"{told['wan']}: {figures(told)}"


def figures(told: dict[str, Any]) -> str:
    """Both ways against what was sold, for people."""
    parts = []
    for way in ("down", "up"):
        mbit, sold = told[f"{way}_mbit"], told[f"sold_{way}_mbit"]
        if mbit is not None:
            share = "" if not sold else f" of {sold:g} sold ({100 * mbit / sold:.0f} %)"
            parts.append(f"{mbit:g} Mbit/s {way}{share}")
    return ", ".join(parts)


def _list(arguments: argparse.Namespace) -> int:
    from relais.throughput.kept import measurements

    try:
        found = measurements(arguments.journal)
    except (sqlite3.Error, OSError) as error:
        return fail(arguments, "journal", f"{arguments.journal}: {error}", NEGATIVE)
    if not found:
        return _show(arguments, {"measured": []}, "nothing was measured yet")
    lines = [f"{one['at']}  {one['wan']:<12} {figures(one)}" for one in found]
    return _show(arguments, {"measured": found}, "\n".join(lines))


def _show(arguments: argparse.Namespace, result: dict[str, Any], text: str) -> int:
    print(json.dumps(result, indent=1) if arguments.json else text)
    return DONE
