# SPDX-License-Identifier: GPL-3.0-or-later
"""A fold over the core's steps that yields what is kept over months: rolls and periods.

It decides nothing and asks nothing; a step in which nothing of interest happens costs it some
comparisons.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from relais.core.events import Event, ProbeReplied, SwitchFailed, Tick
from relais.core.history.fates import Fates
from relais.core.history.model import Period, Roll
from relais.core.history.spells import Spells
from relais.core.model import Config
from relais.core.state import Choices, State

GAP_MS = 5000.0
"""Time in which the daemon, which looks ten times a second, saw nothing is no data."""
HOLD_MS = 10_000
"""An open period is told so much short of now: an outage may yet be dated back into it."""
JUMP_MS = 1000.0
"""By so much the wall clock is set; less is slewed, and time goes on."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What has been finished since the last time. `open` are periods as they are so far, less the
    last ten seconds. Every roll before `told_s` has been told."""

    rolls: tuple[Roll, ...]
    periods: tuple[Period, ...]
    open: tuple[Period, ...]
    told_s: int


class Keeper:
    """Told of every step of the core, in order. `offset_ms` is Unix time less the monotonic clock;
    `known` are the last periods kept by a predecessor; after `gap_ms` without a step there is a
    time without data. The rolls are of `step_s` seconds: shorter ones tell the same when added up.
    """

    def __init__(
        self,
        config: Config,
        offset_ms: float,
        known: tuple[Period, ...] = (),
        gap_ms: float = GAP_MS,
        step_s: int = 1,
    ) -> None:
        order = {target.name: index for index, target in enumerate(config.targets)}
        self._spells = Spells(config, offset_ms, known)
        self._fates = Fates(order, self._spells.available, step_s)
        self._step_s = step_s
        self._gap_ms = gap_ms
        self._due_ms = -math.inf
        self._watching = False
        self._steered: tuple[Choices, float] | None = None
        self._told_s = 0

    def took(self, before: State, event: Event, after: State) -> None:
        """One step."""
        now_ms, kind = event.now_ms, type(event)
        steered, turned = self._steered, now_ms >= self._due_ms
        if turned:
            self._turn(before, now_ms)
        if steered is not None:
            # Only now it is known whether the kernel took what the last step wanted.
            self._steered = None
            if kind is not SwitchFailed:
                self._spells.carry(*steered)
        if after.next_probe != before.next_probe:
            self._fates.sent(before.next_probe, after.links, self._spells.wall(now_ms))
        if kind is ProbeReplied:
            self._fates.answered(event)  # type: ignore[arg-type]
        elif kind is not Tick:
            turned = True
        if turned or after.choices is not before.choices:
            self._look(before, after, now_ms)

    def clock(self, offset_ms: float, state: State) -> None:
        """How the clocks differ now; `state` is that after the last step."""
        spells = self._spells
        jumped = abs(offset_ms - spells.offset_ms) > JUMP_MS
        if jumped and self._watching:
            self._pause(state)
        spells.offset_ms = offset_ms
        self._due_ms = -math.inf

    def collect(self, state: State) -> Kept:
        """What is finished, and what is open; `state` is that after the last step."""
        at_ms = self._spells.wall(state.now_ms)
        if self._watching:
            self._told_s = self._fates.first_s
        rolls, periods = tuple(self._fates.told), tuple(self._spells.told)
        self._fates.told.clear()
        self._spells.told.clear()
        return Kept(rolls, periods, self._spells.so_far(at_ms - HOLD_MS), self._told_s)

    def close(self, state: State) -> Kept:
        """The daemon ends: all that is known is finished."""
        if self._watching:
            self._pause(state)
        return self.collect(state)

    def _turn(self, before: State, now_ms: float) -> None:
        """A slot has passed, or the first step is taken, or one after a time without any."""
        if self._watching and now_ms - before.now_ms > self._gap_ms:
            self._pause(before)
        fates, spells = self._fates, self._spells
        at_ms = spells.wall(now_ms)
        if not self._watching:
            self._watching = True
            spells.resume(at_ms)
            fates.begin(at_ms, before.links)
        else:
            fates.turn(at_ms, before.links, spells.doubt_ms(before.links))
        self._due_ms = fates.due_ms - spells.offset_ms

    def _pause(self, last: State) -> None:
        at_ms = self._spells.wall(last.now_ms)
        self._fates.end(at_ms, last.links)
        self._spells.pause(at_ms)
        self._told_s = at_ms // 1000 // self._step_s * self._step_s
        self._watching = False
        self._due_ms = -math.inf

    def _look(self, before: State, after: State, now_ms: float) -> None:
        self._spells.look(after.links, now_ms)
        if after.steered is not None and after.steered is not before.steered:
            self._steered = (after.steered[0], now_ms)
