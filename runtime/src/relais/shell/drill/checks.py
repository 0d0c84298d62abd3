# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking this gateway whether a drill may run: everything `core.drill.prechecks` needs to know."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from relais.core.drill.model import Request
from relais.core.drill.prechecks import problems, request_problems
from relais.core.model import Config
from relais.shell.clock import wall_now
from relais.shell.control_client import ControlClient, ControlError, DaemonUnreachable
from relais.shell.drill import faults
from relais.shell.drill.command import CommandError, run

PROGRAMS = ("conntrack", "ip", "nft", "nsenter", "systemctl", "systemd-run")


class Refused(Exception):
    """The drill may not run; nothing was touched. `problems` holds every reason."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("the drill was refused: " + "; ".join(reasons))
        self.problems = reasons


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller asked for; `budget_ms` None takes the configuration's."""

    wan: str
    kind: str
    seconds: int
    budget_ms: int | None = None
    windows: bool = True


def request_of(config: Config, options: Options) -> Request:
    """The drill asked for, completed from the configuration."""
    drill = config.drill
    budgets = drill.budget_ms if drill else {}
    return Request(
        wan=options.wan,
        kind=options.kind,
        seconds=options.seconds,
        budget_ms=budgets.get(options.kind) if options.budget_ms is None else options.budget_ms,
        services=tuple(service.name for service in drill.services) if drill else (),
        windows=drill.windows if drill and options.windows else (),
        metered=frozenset(wan.name for wan in config.wans if wan.metered),
    )


def check(config: Config, options: Options, control: ControlClient) -> dict[str, Any]:
    """The daemon's status when the drill may run now. Raises Refused with every reason."""
    request = request_of(config, options)
    reasons = _machine_problems()
    if request.total and not reasons:
        reasons += _remote_problems(config)
    status: dict[str, Any] = {}
    try:
        now = wall_now().astimezone(ZoneInfo(config.timezone))
    except (ZoneInfoNotFoundError, ValueError):
        now = wall_now()
        if request.windows:
            reasons.append(
                f"time zone {config.timezone!r} is unknown here, so the windows cannot be read; "
                "install the package tzdata"
            )
    try:
        status = control.call("status")
    except (DaemonUnreachable, ControlError) as error:
        reasons += [str(error), *request_problems(request, now)]
    else:
        reasons += problems(request, status, now)
    if reasons:
        raise Refused(reasons)
    return status


def remote_managers(config: Config) -> list[str]:
    """Who manages the gateway by SSH right now, when nobody does so but through a WAN."""
    wans = {wan.interface for wan in config.wans}
    try:
        listed = run("ss", "-Htn", "state", "established", "( sport = :22 )")
        peers = {line.split()[-1].rpartition(":")[0].strip("[]") for line in listed.splitlines()}
        peers = {peer.removeprefix("::ffff:").partition("%")[0] for peer in peers}
        ways = {peer: run("ip", "route", "get", peer) for peer in peers}
    except CommandError:
        return []
    far = [peer for peer, way in ways.items() if any(f" dev {wan} " in way for wan in wans)]
    return sorted(far) if len(far) == len(ways) else []


def _remote_problems(config: Config) -> list[str]:
    """While every WAN is cut nobody out there could help: the fault must surely end by itself."""
    managers = remote_managers(config)
    problem = faults.expiry_problem() if managers else None
    if problem is None:
        return []
    return [f"the gateway is managed through a WAN only ({', '.join(managers)}), and {problem}"]


def _machine_problems() -> list[str]:
    found = []
    if os.geteuid() != 0:
        found.append("a drill needs root; run it with sudo")
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        found.append(f"programs are missing on this gateway: {', '.join(missing)}")
    elif faults.active():
        found.append("the fault of an earlier drill is still in; it ends by itself, then try again")
    return found
