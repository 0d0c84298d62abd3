# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""Shares of new flows: weights become 100 slots of an nft map."""

from __future__ import annotations

from typing import Any

SLOTS = 100


def slots(weights: list[int]) -> list[int]:
    """Return how many of the slots each weight gets; they add up to `SLOTS`.

    Largest remainder (Hamilton's method); of equal remainders the earlier weight gets the slot.
    """
    total = sum(weights)
    shares = [weight * SLOTS // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(weights[i] * SLOTS % total))
    for index in by_remainder[: SLOTS - sum(shares)]:
        shares[index] += 1
    return shares


def planned_spread(service: str, members: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the map of a balanced service: ranges of slots and the WAN of each."""
    elements = []
    first = 0
    for member, share in zip(members, slots([m["weight"] for m in members]), strict=True):
        if share:
            verdict = f"goto via_{member['wan']}"
            elements.append({"first": first, "last": first + share - 1, "verdict": verdict})
            first += share
    return {
        "service": service,
        "map": f"spread_{service}",
        "chain": f"spread_{service}",
        "slots": SLOTS,
        "elements": elements,
    }
