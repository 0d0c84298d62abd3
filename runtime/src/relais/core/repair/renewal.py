# SPDX-License-Identifier: GPL-3.0-or-later
"""A dead line whose lease looks valid: when to ask the operator for the lease anew.

An operator that restarts his equipment, or loses his table of leases, sends nothing to an address
of which he does not know, while its lease has hours left (RFC 2131, 4.4.5 renews at half of it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from relais.core.evidence import BENCH_MISSES
from relais.core.link import Link
from relais.core.model import Target
from relais.core.quality import Quality
from relais.core.transitions import LinkState

FIRST_MS = 15_000.0
MOST_MS = 900_000.0
"""So long after the line died, then after pauses that double up to this."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A dead line: since when, how often was asked, and when to ask next; monotonic ms."""

    since_ms: float
    times: int
    next_ms: float


def dead_since_ms(link: Link, targets: Sequence[Target]) -> float | None:
    """Since when nobody answers although DHCP gave all that an IPv4 packet needs; None otherwise.

    A line whose IPv6 still works is not down, but partial.
    """
    if link.wan.address is not None or not link.usable:
        return None
    if link.state is LinkState.DOWN:
        return link.since_ms
    records = zip(targets, link.targets, strict=True)
    missed = [record.missed for target, record in records if target.family == "IPv4"]
    silent = bool(missed) and min(missed) >= BENCH_MISSES
    return link.quality_since_ms if silent and link.quality is Quality.PARTIAL else None


def ask(
    links: Mapping[str, Link], targets: Sequence[Target], asked: Mapping[str, Asked], now_ms: float
) -> tuple[dict[str, Asked], tuple[str, ...]]:
    """The lines to ask for now, and what is remembered; a line that was back begins anew."""
    after: dict[str, Asked] = {}
    due: list[str] = []
    for name, link in links.items():
        since_ms = dead_since_ms(link, targets)
        if since_ms is None:
            continue
        known = asked.get(name)
        if known is None or known.since_ms != since_ms:
            known = Asked(since_ms, 0, since_ms + FIRST_MS)
        if now_ms >= known.next_ms:
            due.append(name)
            pause_ms = min(FIRST_MS * 2 ** (known.times + 1), MOST_MS)
            known = Asked(since_ms, known.times + 1, now_ms + pause_ms)
        after[name] = known
    return after, tuple(due)
