# SPDX-License-Identifier: GPL-3.0-or-later
"""When the core next has something to do: the ticks in between would change nothing.

`runtime/tests/simulate/test_skipping.py` holds this against a run that ticks whenever the daemon would.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from relais.core.evidence import BIRTH_VERDICT_MS, HICCUP_DWELL_MS, SILENCE_FORGET_MS
from relais.core.link import Link
from relais.core.model import Config, Sla
from relais.core.quality import Quality, breach
from relais.core.state import REVIEW_MS, State
from relais.core.transitions import LinkState

TICK_MS = 50.0
FAST_TICK_MS = 10.0
"""The daemon's ticks, in calm and while a link is in doubt."""
_DOUBTFUL = (LinkState.SUSPECT, LinkState.LOST)
CALM_CUSUM = 3.0
"""Below this a single loss cannot raise the alarm before the next whole second."""
NEVER = math.inf


@dataclass(frozen=True, slots=True)
class Outlook:
    """What of a configuration says when a review may find something."""

    config: Config
    strict: Sla | None

    @classmethod
    def of(cls, config: Config) -> Outlook:
        """For one configuration."""
        return cls(config, _strictest(config))

    def due_ms(self, state: State, *, watched: bool) -> float:
        """The instant from which on a tick may have an effect.

        `watched`: throughput may matter, which the core samples once a second.
        """
        now_ms = state.now_ms
        due = NEVER
        review = watched
        for link in state.links.values():
            due = min(due, _due(link, self.config, now_ms))
            review = review or _unsettled(link, self.strict, now_ms)
        return min(due, (now_ms // REVIEW_MS + 1) * REVIEW_MS) if review else due


def pace_ms(state: State) -> float:
    """Time from this tick to the next: the daemon looks more often while in doubt."""
    for link in state.links.values():
        if link.unheard_since_ms is not None or link.state in _DOUBTFUL:
            return FAST_TICK_MS
    return TICK_MS


def _due(link: Link, config: Config, now_ms: float) -> float:
    """When health or probing needs a look at this link."""
    state = link.state
    if state is LinkState.SUSPECT or state is LinkState.LOST:
        return now_ms
    due = NEVER
    if link.usable:
        due = link.next_probe_ms
        if link.burst is not None:
            due = min(due, link.burst.next_ms)
    for sample in link.window.pending:
        if not sample.missed:
            due = min(due, sample.sent_ms + link.window.timeout_ms)
            break
    if state is LinkState.UP:
        return due if link.unheard_since_ms is None else min(due, _silent_ms(link, now_ms))
    return min(due, _doubt_ms(link, config, now_ms))


def _silent_ms(link: Link, now_ms: float) -> float:
    """When a link that sends and hears nothing becomes suspect."""
    limit = max(link.profile.silence_ms, 3 * (link.window.srtt_ms or 0.0))
    due = (link.unheard_since_ms or 0.0) + limit * link.silence_factor
    forget_ms = link.silence_raised_ms + SILENCE_FORGET_MS
    return min(due, forget_ms) if link.silence_factor > 1 and forget_ms >= now_ms else due


def _doubt_ms(link: Link, config: Config, now_ms: float) -> float:
    """When the time of a link that is not up is over."""
    match link.state:
        case LinkState.UNKNOWN:
            return link.since_ms + BIRTH_VERDICT_MS if link.usable else NEVER
        case LinkState.RECOVERING:
            if link.after_hiccup:
                return link.since_ms + HICCUP_DWELL_MS
            return link.since_ms + config.policy.failback_after_s * 1000
        case LinkState.DOWN if link.dark_since_ms is not None:
            waits = (link.dark_since_ms + service.patience_ms for service in config.services)
            return min((due for due in waits if due >= now_ms), default=NEVER)
        case _:
            return NEVER


def _unsettled(link: Link, strict: Sla | None, now_ms: float) -> bool:
    """Whether the review of a whole second could find anything."""
    if (
        link.quality is not Quality.GOOD
        or link.cusum.bad >= CALM_CUSUM
        or link.penalty.suppressed
        or link.admin_until_ms is not None
        or link.sla_since_ms
        or link.sla_broken
        or link.full(now_ms)
    ):
        return True
    for record in link.targets:
        if record.missed > 1:
            return True
    window = link.window
    if window.srtt_ms is None or strict is None:
        return False
    judged = min(window.count, 120)
    newest = (1 << judged) - 1
    answered = (window.answered_bits & newest).bit_count()
    return breach(strict, window.srtt_ms, window.jitter_ms, judged, answered) is not None


def _strictest(config: Config) -> Sla | None:
    """Limits that are broken a little before any service's are."""
    limits = [service.sla for service in config.services if service.sla is not None]
    if not limits:
        return None

    def least(values: list[float | None]) -> float | None:
        return min((value * 0.8 for value in values if value is not None), default=None)

    mos = max((sla.mos + 0.3 for sla in limits if sla.mos is not None), default=None)
    return Sla(
        loss_percent=least([sla.loss_percent for sla in limits]),
        latency_ms=least([sla.latency_ms for sla in limits]),
        jitter_ms=least([sla.jitter_ms for sla in limits]),
        mos=None if mos is None else min(mos, 4.3),
    )
