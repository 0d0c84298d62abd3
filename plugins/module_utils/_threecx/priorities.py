# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of outbound rules: no two may have one priority, not even for a moment."""

from __future__ import annotations

from typing import Any

from .client import Client


def make_room(
    client: Client, siblings: list[dict[str, Any]], rule: dict[str, Any] | None, wanted: int
) -> None:
    """Free a place for a rule: those from there on move up by one, as far as they have to.

    The rule itself steps aside first, to a place beyond all others, and those that move start with
    the last, so that no place is ever taken twice.
    """
    own = None if rule is None else rule["Id"]
    taken = {one.get("Priority"): one["Id"] for one in siblings if one["Id"] != own}
    moving = []
    place = wanted
    while place in taken:
        moving.append((taken[place], place + 1))
        place += 1
    if not moving:
        return
    if rule is not None:
        aside = max([*(each or 0 for each in taken), rule.get("Priority") or 0, place]) + 1
        client.patch(f"OutboundRules({own})", {"Priority": aside})
    for identity, free in reversed(moving):
        client.patch(f"OutboundRules({identity})", {"Priority": free})
