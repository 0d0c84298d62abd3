# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a link as data. Everything that may change a link's state stands in `TRANSITIONS`."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class LinkState(StrEnum):
    """What is believed of a link."""

    UNKNOWN = "unknown"
    """No evidence yet."""
    UP = "up"
    """Answers, and is trusted."""
    SUSPECT = "suspect"
    """Something went unanswered; a burst to every target is under way."""
    LOST = "lost"
    """Nothing of the burst was answered: new flows are diverted, nothing is evicted."""
    DOWN = "down"
    """Confirmed: existing flows are evicted too."""
    RECOVERING = "recovering"
    """It answers again but has not yet behaved for long enough."""


class Trigger(StrEnum):
    """What can happen to a link."""

    ANSWERED = "answered"
    """A far target answered a probe that left after the suspicion."""
    SILENT = "silent"
    """A probe was not answered in time, or packets leave and none come back."""
    UNANSWERED = "unanswered"
    """A whole burst to at least two targets, or several probes in a row, were not answered."""
    CONFIRMED = "confirmed"
    """Still dark after the shortest patience of any service."""
    GONE = "gone"
    """Carrier, address or gateway lost: no packet could leave."""
    TRUSTED = "trusted"
    """It behaved for long enough: a moment after a hiccup, the failback time after an outage."""


UP: Final = LinkState.UP
DOWN: Final = LinkState.DOWN
SUSPECT: Final = LinkState.SUSPECT
LOST: Final = LinkState.LOST
"""By a name of its own where every event asks: to look it up in the class takes five times longer.
"""

TRANSITIONS: dict[tuple[LinkState, Trigger], LinkState] = {
    (LinkState.UNKNOWN, Trigger.ANSWERED): LinkState.UP,
    (LinkState.UNKNOWN, Trigger.UNANSWERED): LinkState.DOWN,
    (LinkState.UNKNOWN, Trigger.GONE): LinkState.DOWN,
    (LinkState.UP, Trigger.SILENT): LinkState.SUSPECT,
    (LinkState.UP, Trigger.GONE): LinkState.DOWN,
    (LinkState.SUSPECT, Trigger.ANSWERED): LinkState.UP,
    (LinkState.SUSPECT, Trigger.UNANSWERED): LinkState.LOST,
    (LinkState.SUSPECT, Trigger.GONE): LinkState.DOWN,
    (LinkState.LOST, Trigger.ANSWERED): LinkState.RECOVERING,
    (LinkState.LOST, Trigger.CONFIRMED): LinkState.DOWN,
    (LinkState.LOST, Trigger.GONE): LinkState.DOWN,
    (LinkState.DOWN, Trigger.ANSWERED): LinkState.RECOVERING,
    (LinkState.RECOVERING, Trigger.UNANSWERED): LinkState.LOST,
    (LinkState.RECOVERING, Trigger.GONE): LinkState.DOWN,
    (LinkState.RECOVERING, Trigger.TRUSTED): LinkState.UP,
}


def following(state: LinkState, trigger: Trigger) -> LinkState:
    """The state after `trigger`; the same state where the table has no entry."""
    return TRANSITIONS.get((state, trigger), state)
