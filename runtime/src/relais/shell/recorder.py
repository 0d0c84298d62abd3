# SPDX-License-Identifier: GPL-3.0-or-later
"""The flight recorder: what the core was told in the last minute, and what it decided on it.

In memory only; around a decision the minute is handed over as a `Stretch`, which the journal's
thread writes down. States are frozen, so that keeping one as a starting point costs nothing.
"""

from __future__ import annotations

import json
import marshal
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from relais import __version__
from relais.core.actions import Action, Record, SendProbe
from relais.core.events import Event
from relais.core.recording import (
    SCHEMA,
    encode_config,
    encode_decision,
    encode_event,
    encode_state,
)
from relais.core.state import State
from relais.shell import clock

BEFORE_MS = 60_000.0
"""How much of what went before a decision is told with it."""
AFTER_MS = 12_000.0
"""How long after the last decision a stretch ends: after the last sweep of an eviction."""
LONGEST_MS = 60_000.0
"""How long after its first decision a stretch ends in any case."""
SEGMENT_MS = 10_000.0
SEGMENT_EVENTS = 1000
RING_EVENTS = 4000
STRETCH_EVENTS = 8000
Told = tuple[Action, str | None]
"""A decision and its identifier in the journal; None for one that does not stand there."""


@dataclass(slots=True)
class Segment:
    """Some seconds: the state before, the events (packed), what was decided on which of them."""

    state: State
    began_ms: float
    events: list[bytes] = field(default_factory=list)
    decided: dict[int, tuple[Told, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A recorded time around some decisions. `at` is the wall clock at its start (RFC 3339)."""

    at: str
    segments: tuple[Segment, ...]
    end: State

    @property
    def identifiers(self) -> list[str]:
        """What the journal calls its decisions, oldest first."""
        decided = chain.from_iterable(segment.decided.values() for segment in self.segments)
        return [name for _unused, name in chain.from_iterable(decided) if name is not None]

    def lines(self) -> Iterator[str]:
        """The stretch as a trace, line by line."""
        state = self.segments[0].state
        yield _line(
            {
                "schema": SCHEMA,
                "version": __version__,
                "at": self.at,
                "start_ms": state.now_ms,
                "config": encode_config(state.config),
                "state": encode_state(state),
            }
        )
        events = 0
        for segment in self.segments:
            events += len(segment.events)
            for place, packed in enumerate(segment.events):
                event = marshal.loads(packed)  # noqa: S302 - packed by ourselves, in this process
                yield _line(event)
                for action, name in segment.decided.get(place, ()):
                    yield _line({"decided": encode_decision(event["now_ms"], action), "id": name})
        yield _line({"end": {"events": events, "state": encode_state(self.end)}})


def _line(value: object) -> str:
    return json.dumps(value, separators=(",", ":")) + "\n"


class Recorder:
    """Takes every event that went through the core; `keep` is given each finished stretch."""

    def __init__(self, keep: Callable[[Stretch], None]) -> None:
        self._keep = keep
        self._ring: deque[Segment] = deque()
        self._sealed = True
        self._open: list[Segment] = []
        self._opened_ms = self._until_ms = 0.0
        self._after: State

    def took(
        self,
        before: State,
        event: Event,
        after: State,
        actions: tuple[Action, ...],
        noted: Mapping[int, str],
    ) -> None:
        """One step of the core; `noted` are the journal's identifiers by the action's place.

        An event that changed nothing but the time is left out: without it the next one finds the
        same state.
        """
        if actions or not unchanged(before, after):
            self._add(before, event, after, actions, noted)
        if self._open and event.now_ms >= self._until_ms:
            self.close()

    def close(self) -> None:
        """End the stretch under way, if there is one."""
        if self._open:
            at = clock.wall_text(self._open[0].state.now_ms)
            stretch = Stretch(at, tuple(self._open), self._after)
            self._open = []
            self._sealed = True  # Another thread reads the segments from now on.
            self._keep(stretch)

    def _add(
        self,
        before: State,
        event: Event,
        after: State,
        actions: tuple[Action, ...],
        noted: Mapping[int, str],
    ) -> None:
        segment = self._segment(before, event.now_ms)
        decided = tuple(
            (action, noted.get(place))
            for place, action in enumerate(actions)
            if not isinstance(action, SendProbe)
        )
        if decided:
            segment.decided[len(segment.events)] = decided
        segment.events.append(marshal.dumps(encode_event(event)))
        self._after = after
        if decided and _matters(before, after, decided):
            if not self._open:
                self._open = list(self._ring)
                self._opened_ms = event.now_ms
            self._until_ms = min(event.now_ms + AFTER_MS, self._opened_ms + LONGEST_MS)

    def _segment(self, before: State, now_ms: float) -> Segment:
        """The segment for an event of now: the last one, or a new one that starts here."""
        ring = self._ring
        if not self._sealed:
            last = ring[-1]
            if now_ms - last.began_ms < SEGMENT_MS and len(last.events) < SEGMENT_EVENTS:
                return last
            if _events(self._open) >= STRETCH_EVENTS:
                self.close()
        self._sealed = False
        ring.append(Segment(before, now_ms))
        while ring[0] is not ring[-1] and (
            ring[1].began_ms <= now_ms - BEFORE_MS or _events(ring) > RING_EVENTS
        ):
            ring.popleft()
        if self._open:
            self._open.append(ring[-1])
        return ring[-1]


def _events(segments: deque[Segment] | list[Segment]) -> int:
    return sum(len(segment.events) for segment in segments)


def unchanged(before: State, after: State) -> bool:
    """Whether two states differ in nothing but the time, told by what they are made of."""
    old = before.__dict__
    for name, value in after.__dict__.items():
        if value is not old[name] and name not in ("now_ms", "links"):
            return False
    pairs = zip(before.links.values(), after.links.values(), strict=True)
    return all(one is other for one, other in pairs)


def _matters(before: State, after: State, decided: tuple[Told, ...]) -> bool:
    """A switch, an eviction, a choice, an administrator's wish, or a link in another state; neither
    a mere change of a link's quality nor the sweeps after an eviction."""
    if any(isinstance(action, Record) and action.kind != "link" for action, _id in decided):
        return True
    return any(link.state is not before.links[name].state for name, link in after.links.items())
