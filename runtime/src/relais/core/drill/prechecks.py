# SPDX-License-Identifier: GPL-3.0-or-later
"""May this drill run now? Every reason against it at once, each with what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from relais.core.drill.model import (
    EVERY_WAN,
    KINDS,
    MAX_SECONDS,
    MIN_SECONDS,
    TOTAL,
    Request,
)
from relais.core.drill.windows import WindowError, allows

PROVED_WITHIN_MS = 10_000
METERED_PROVED_WITHIN_MS = 180_000  # a metered line is asked rarely, to spare its quota


def problems(request: Request, status: Mapping[str, Any], now: datetime) -> list[str]:
    """Reasons to refuse, from request, `relais.state/1` document and the site's local time."""
    wans: Mapping[str, Any] = status.get("wans", {})
    found = request_problems(request, now)
    if request.wan not in wans and not request.total:
        known = ", ".join(wans) or "none"
        return [*found, f"WAN {request.wan!r} does not exist; known: {known}"]
    found += [
        f"WAN {name} is forced; put it back with 'relais link {name} auto'"
        for name, wan in wans.items()
        if wan.get("admin") == "force"
    ]
    if request.total:
        return found + _light_problems(wans)
    found += _target_problems(request, status)
    found += _backup_problems(request, wans)
    return found


def request_problems(request: Request, now: datetime) -> list[str]:
    """The reasons that need no daemon to find: the request itself, and the hour."""
    found = _window_problems(request, now)
    if request.total and request.wan != EVERY_WAN:
        found.append(f"a drill of kind {TOTAL} cuts every WAN; leave out --wan {request.wan}")
    elif request.wan == EVERY_WAN and not request.total:
        found.append(f"only a drill of kind {TOTAL} cuts every WAN; name one with --wan")
    if request.kind not in KINDS:
        found.append(f"kind {request.kind!r} is unknown; known: {', '.join(KINDS)}")
    if not MIN_SECONDS <= request.seconds <= MAX_SECONDS:
        found.append(f"a fault lasts {MIN_SECONDS} to {MAX_SECONDS} seconds, not {request.seconds}")
    if request.budget_ms is None and request.kind in KINDS:
        found.append(f"no budget for kind {request.kind}; give --budget-ms")
    elif request.budget_ms is not None and request.budget_ms < 1:
        found.append(f"the budget must be at least 1 ms, not {request.budget_ms}")
    if not request.services:
        found.append("no service to drill; 'drill.services' of the configuration is empty")
    return found


def _window_problems(request: Request, now: datetime) -> list[str]:
    try:
        if allows(request.windows, now):
            return []
    except WindowError as error:
        return [str(error)]
    windows = "; ".join(request.windows)
    return [f"now ({now:%a %H:%M}) is outside the drill windows ({windows})"]


def _target_problems(request: Request, status: Mapping[str, Any]) -> list[str]:
    wan = status["wans"][request.wan]
    found = []
    if wan.get("state") != "up":
        found.append(f"WAN {request.wan} is {wan.get('state')}, not up: there is nothing to drill")
    services: Mapping[str, Any] = status.get("services", {})
    used = any(
        choice.get("wan") == request.wan and choice.get("weight", 1) > 0
        for name in request.services
        for choice in services.get(name, {}).get("wans", ())
    )
    if request.services and not used:
        names = ", ".join(request.services)
        found.append(f"none of the drilled services ({names}) uses {request.wan} now")
    return found


def _light_problems(wans: Mapping[str, Any]) -> list[str]:
    """Before everything is cut, something must work, or nothing could be learned from it."""
    if any(wan.get("state") == "up" for wan in wans.values()):
        return []
    states = ", ".join(f"{name} is {wan.get('state')}" for name, wan in wans.items()) or "no WAN"
    return [f"no WAN is up ({states}): there is nothing to drill"]


def _backup_problems(request: Request, wans: Mapping[str, Any]) -> list[str]:
    """Empty when one other WAN is up, proved a moment ago and in use as it pleases the daemon."""
    reasons = []
    for name, wan in wans.items():
        if name == request.wan:
            continue
        rare = name in request.metered
        reason = _unfit(wan, METERED_PROVED_WITHIN_MS if rare else PROVED_WITHIN_MS)
        if reason is None:
            return []
        reasons.append(f"{name} {reason}")
    if not reasons:
        return ["there is no other WAN to take over"]
    return [f"no backup is proved good: {'; '.join(reasons)}"]


def _unfit(wan: Mapping[str, Any], proved_within_ms: int) -> str | None:
    if wan.get("state") != "up":
        return f"is {wan.get('state')}"
    if wan.get("quality") in ("degraded", "partial"):
        return f"is {wan.get('quality')}"
    if wan.get("admin") == "drain":
        return "is drained"
    proved = wan.get("proved_ms_ago")
    if proved is None:
        return "was never proved"
    if proved > proved_within_ms:
        return f"was proved {proved / 1000:.0f} s ago, more than {proved_within_ms // 1000} s"
    return None
