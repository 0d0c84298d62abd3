# SPDX-License-Identifier: GPL-3.0-or-later
"""When time alone will next change a link: what a look at the world may not come late for."""

from __future__ import annotations

import math

from relais.core import watch
from relais.core.evidence import (
    BIRTH_VERDICT_MS,
    HICCUP_DWELL_MS,
    SILENCE_FORGET_MS,
    burst_over_ms,
    mute_over_ms,
    silence_ms,
)
from relais.core.link import Link
from relais.core.model import Config
from relais.core.pacing import PREARM_AFTER_MS
from relais.core.transitions import UP, LinkState

NEVER = math.inf


def urgent_ms(link: Link, config: Config, now_ms: float) -> float:
    """The instant of the next step towards a verdict on a line that was well a moment ago.

    Tens of ms of waiting for the next regular look would be tens of ms of outage.
    """
    if link.state is LinkState.UP:
        if link.unheard_since_ms is None:
            return NEVER
        return min(_silent_ms(link, now_ms), watch.silent_ms(link))
    if link.state is LinkState.SUSPECT or link.state is LinkState.LOST:
        due = _doubt_ms(link, config, now_ms)
        return due if link.burst is None else min(due, link.burst.next_ms)
    return NEVER


def due_ms(link: Link, config: Config, now_ms: float) -> float:
    """When health or probing needs a look at this link."""
    state = link.state
    due = NEVER
    if link.usable:
        due = link.next_probe_ms
        if link.burst is not None:
            due = min(due, link.burst.next_ms)
    window = link.window
    for sample in window.pending:
        if not sample.missed:
            due = min(due, sample.sent_ms + window.timeout_ms)
            break
    if state is UP:
        return due if link.unheard_since_ms is None else min(due, _silent_ms(link, now_ms))
    return min(due, _doubt_ms(link, config, now_ms))


def _silent_ms(link: Link, now_ms: float) -> float:
    """When a link that sends and hears nothing becomes suspect."""
    due = (link.unheard_since_ms or 0.0) + silence_ms(link)
    forget_ms = link.silence_raised_ms + SILENCE_FORGET_MS
    return min(due, forget_ms) if link.silence_factor > 1 and forget_ms >= now_ms else due


def _doubt_ms(link: Link, config: Config, now_ms: float) -> float:
    """When the time of a link that is not up is over."""
    match link.state:
        case LinkState.SUSPECT:
            due = burst_over_ms(link)
            if not link.prearmed:
                due = min(due, link.since_ms + PREARM_AFTER_MS)
            asked = {s.target for s in link.window.pending if s.sent_ms >= link.since_ms}
            if due >= now_ms or len(asked) > 1:
                return due
            return mute_over_ms(link)
        case LinkState.LOST:
            dark_ms = link.since_ms if link.dark_since_ms is None else link.dark_since_ms
            least_ms = min(service.patience_ms for service in config.services)
            return dark_ms + link.patience_ms(least_ms)
        case LinkState.UNKNOWN:
            return link.since_ms + BIRTH_VERDICT_MS if link.usable else NEVER
        case LinkState.RECOVERING:
            if link.after_hiccup:
                return link.since_ms + HICCUP_DWELL_MS
            return link.since_ms + config.policy.failback_after_s * 1000
        case LinkState.DOWN if link.dark_since_ms is not None:
            waits = (link.dark_since_ms + service.patience_ms for service in config.services)
            return min((due for due in (*waits, *link.sweeps_ms) if due >= now_ms), default=NEVER)
        case _:
            return NEVER
