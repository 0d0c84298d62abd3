# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking a busy PBX again, and never twice for what may have been done already."""

from __future__ import annotations

import time
from typing import Callable

from .errors import ThreeCxError
from .transport import Reply, Unanswered

TOKEN = "/connect/token"  # noqa: S105 - an address
_PATIENCE_S = 200
_PAUSES_S = (1, 2, 4, 8, 16)


def patiently(address: str, method: str, path: str, send: Callable[[], Reply]) -> Reply:
    """Send a request, and again after what the PBX asks for while it is busy.

    A request whose answer was lost is sent once more where that does no harm.
    """
    waited_s, lost = 0.0, 0
    for pause_s in (*_PAUSES_S, None):
        asked_s = 0.0
        try:
            reply = send()
            if not _is_busy(method, path, reply):
                return reply
            asked_s = _retry_after_s(reply)
        except Unanswered as error:
            lost += 1
            if not _is_repeatable(method, path):
                raise _uncertain(method, path, error) from error
            if lost > 1:
                raise
        pause_s = None if pause_s is None else max(pause_s, asked_s)
        if pause_s is None or waited_s + pause_s > _PATIENCE_S:
            raise _busy(address, asked_s)
        time.sleep(pause_s)
        waited_s += pause_s
    raise _busy(address, 0)


def plain(path: str) -> str:
    """Return a path as it is told to people, without its query."""
    return path.partition("?")[0].lstrip("/")


def _is_repeatable(method: str, path: str) -> bool:
    return method == "GET" or path == TOKEN


def _is_busy(method: str, path: str, reply: Reply) -> bool:
    """Tell whether to ask again. What creates is not sent twice: after 503 it may be done."""
    return reply.status == 429 or (reply.status == 503 and (method != "POST" or path == TOKEN))


def _retry_after_s(reply: Reply) -> float:
    value = reply.headers.get("retry-after", "").strip()
    return float(value) if value.isdigit() else 0.0


def _uncertain(method: str, path: str, error: Unanswered) -> ThreeCxError:
    return ThreeCxError(
        f"{error} Whether {method} {plain(path)} was carried out is not known: "
        "run the task again, it changes only what is missing.",
        "unanswered",
    )


def _busy(address: str, asked_s: float) -> ThreeCxError:
    more = f" and asks for {asked_s:g} s of patience" if asked_s else ""
    return ThreeCxError(
        f"The PBX at {address} is too busy{more}. "
        "Run fewer tasks at a time against it (throttle: 1), or later.",
        "busy",
    )
