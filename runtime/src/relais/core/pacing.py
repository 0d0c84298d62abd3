# SPDX-License-Identifier: GPL-3.0-or-later
"""When to probe, and what a metered link may spend on it."""

from __future__ import annotations

from relais.core.link import Burst, Link
from relais.core.quality import DOUBT, Quality
from relais.core.transitions import LinkState

Changes = dict[str, object]
"""Fields of a link that get another value."""
BURST_SPACING_MS = 20.0
PREARM_AFTER_MS = 20.0
"""How long a suspicion stands before the other links are asked to prove themselves."""
METERED_STANDBY_MS = 30_000.0
METERED_ACTIVE_MS = 5000.0
LOST_INTERVAL_MS = 50.0
HICCUP_INTERVAL_MS = 100.0
LOSSY_INTERVAL_MS = 100.0
DOWN_INTERVAL_MS = 1000.0
BIRTH_INTERVAL_MS = 250.0
PROBE_BYTES = 180
"""Both ways, on the wire, for the larger kinds (a DNS query and its answer, a TCP handshake)."""
MONTH_MS = 30 * 86_400_000.0
BUDGET_HOURS = 6
"""Hours' worth of the budget that may be saved up for a bad moment."""


def pace_ms(link: Link, interval_ms: float, *, active: bool) -> float:
    """Time between probes: fast in doubt, sparing on a metered link."""
    metered = link.wan.metered
    match link.state:
        case LinkState.UP if metered:
            return METERED_ACTIVE_MS if active else METERED_STANDBY_MS
        case LinkState.UP:
            return min(interval_ms, LOSSY_INTERVAL_MS) if lossy(link) else interval_ms
        case LinkState.LOST | LinkState.SUSPECT:
            return LOST_INTERVAL_MS
        case LinkState.UNKNOWN:
            return BIRTH_INTERVAL_MS
        case LinkState.DOWN:
            return METERED_STANDBY_MS if metered else DOWN_INTERVAL_MS
        case LinkState.RECOVERING if link.after_hiccup:
            return HICCUP_INTERVAL_MS
        case LinkState.RECOVERING:
            return METERED_ACTIVE_MS if metered else interval_ms


def lossy(link: Link) -> bool:
    """An unmetered line that may be turning bad: more probes tell a brownout from bad luck."""
    doubtful = link.cusum.bad >= DOUBT and link.quality is Quality.GOOD
    return doubtful and link.state is LinkState.UP and not link.wan.metered


def probes(
    link: Link, now_ms: float, interval_ms: float, targets: tuple[str, ...], *, edge: str
) -> tuple[Changes, tuple[str, ...]]:
    """The targets to ask now: a burst's whole round, or the next in turn when it is due.

    A metered link asks only what its budget allows; without budget it asks nothing.
    """
    if not link.usable:
        return {}, ()
    burst = link.burst
    if burst is not None and now_ms >= burst.next_ms:
        left = burst.rounds_left - 1
        later = Burst(burst.start_ms, left, burst.next_ms + BURST_SPACING_MS) if left else None
        asked = (*targets, edge) if link.state is LinkState.SUSPECT else targets
        bill, asked = paid(link, asked, now_ms)
        return {"burst": later, "next_probe_ms": now_ms + interval_ms, **bill}, asked
    if now_ms < link.next_probe_ms:
        return {}, ()
    chosen = targets[link.next_target % len(targets)]
    # The next is due from the last due time, so that a late tick does not slow the probing down.
    due = max(link.next_probe_ms + interval_ms, now_ms)
    bill, asked = paid(link, (chosen,), now_ms)
    return {"next_probe_ms": due, "next_target": link.next_target + 1, **bill}, asked


def roof_bytes(link: Link) -> float:
    """The most that a link's budget may save up; 0 without a budget."""
    return (link.wan.probe_budget_mb or 0.0) * 1_000_000 / MONTH_MS * BUDGET_HOURS * 3_600_000


def paid(link: Link, asked: tuple[str, ...], now_ms: float) -> tuple[Changes, tuple[str, ...]]:
    """Spend the budget of a metered link: a token bucket filled at the month's rate."""
    budget = link.wan.probe_budget_mb
    if budget is None:
        return {}, asked
    per_ms = budget * 1_000_000 / MONTH_MS
    earned = (now_ms - link.tokens_ms) * per_ms
    tokens = min(link.tokens_bytes + earned, roof_bytes(link))
    affordable = asked[: int(tokens // PROBE_BYTES)]
    tokens -= len(affordable) * PROBE_BYTES
    return {"tokens_bytes": tokens, "tokens_ms": now_ms}, affordable
