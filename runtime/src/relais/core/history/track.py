# SPDX-License-Identifier: GPL-3.0-or-later
"""The periods of one link or service, one after the other, never overlapping."""

from __future__ import annotations

from dataclasses import dataclass

from relais.core.history.model import Condition, Period, Subject
from relais.core.transitions import LinkState

ALIVE = (LinkState.UP, LinkState.SUSPECT, LinkState.RECOVERING)
DARK = (LinkState.LOST, LinkState.DOWN)


@dataclass(frozen=True, slots=True)
class Darkness:
    """Since when a subject is dark, and on which WANs; nobody knows yet what will come of it."""

    since_ms: int
    wans: tuple[str, ...]
    state: str


class Track:
    """Opens and closes one subject's periods. Instants are Unix time in whole ms.

    `excusable`: False for an outage that began before this daemon and that nobody had excused.
    """

    def __init__(self, subject: Subject, name: str, told: list[Period]) -> None:
        self.subject = subject
        self.name = name
        self._told = told
        self._floor_ms = 0
        self.open: Period | None = None
        self.dark: Darkness | None = None
        self.excusable = True

    def resume(self, at_ms: int) -> None:
        """Nothing before this instant is known."""
        self._floor_ms = at_ms

    def pause(self, at_ms: int) -> None:
        """Nothing is known from now on; a darkness that nobody has judged is no data either."""
        self.close(at_ms)
        self.dark = None

    def close(self, at_ms: int) -> None:
        """End what is open."""
        period = self.so_far(at_ms)
        if period is not None:
            self._told.append(period)
            self._floor_ms = period.ended_ms
        self.open = None

    def begin(
        self, at_ms: int, condition: Condition, wan: str, state: str, *, excused: bool
    ) -> None:
        """End what is open, and begin another period at the same instant."""
        self.close(at_ms)
        began_ms = max(at_ms, self._floor_ms)
        if condition is Condition.UNAVAILABLE:
            excused = excused and self.excusable
        else:
            self.excusable = True
        self.open = Period(
            self.subject, self.name, condition, wan, state, excused, began_ms, began_ms
        )

    def darken(self, at_ms: int, wans: tuple[str, ...], state: str) -> Darkness:
        """Dark since an instant that may have passed."""
        since_ms = max(at_ms, self._floor_ms)
        self.close(since_ms)
        self.dark = Darkness(since_ms, wans, state)
        return self.dark

    def excuse(self, at_ms: int, *, excused: bool) -> None:
        """From now on the same, but excused or not any more."""
        now = self.open
        if now is not None and now.excused is not excused:
            self.begin(at_ms, now.condition, now.wan, now.state, excused=excused)

    def so_far(self, at_ms: int) -> Period | None:
        """What is open, as if it ended now; None when nothing is, or since no time at all."""
        now = self.open
        if now is None or at_ms <= now.began_ms:
            return None
        return Period(
            now.subject,
            now.name,
            now.condition,
            now.wan,
            now.state,
            now.excused,
            now.began_ms,
            at_ms,
        )
