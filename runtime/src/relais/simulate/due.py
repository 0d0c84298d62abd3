# SPDX-License-Identifier: GPL-3.0-or-later
"""When the core next has something to do: the ticks in between would change nothing.

`runtime/tests/simulate/test_skipping.py` holds this against a run that ticks whenever
the daemon would.
"""

from __future__ import annotations

from relais.core import returning, watch
from relais.core.due import due_ms
from relais.core.review import settled
from relais.core.state import REVIEW_MS, State


def effective_ms(state: State, now_ms: float, *, watched: bool) -> float:
    """The instant from which on a tick may have an effect.

    `now_ms` is that of the daemon's last tick, even if it was skipped; `watched`: throughput may
    matter, which the core samples once a second.
    """
    due = returning.due_ms(state)
    review = watched
    for link in state.links.values():
        own = due_ms(link, state.config, now_ms)
        if own < due:
            due = own
        review = review or not settled(link, state.limits, now_ms)
        if link.anchor is not None:
            active = link.wan.name in state.in_use
            review = review or watch.needs_every_second(link, active=active)
            if watch.needs_every_look(link, active=active):
                return now_ms
    return min(due, (now_ms // REVIEW_MS + 1) * REVIEW_MS) if review else due
