# SPDX-License-Identifier: GPL-3.0-or-later
"""What may happen to a link, as frozen models, and one day of it, drawn from a seed.

Everything that depends on time is drawn beforehand, and only the fate of a single packet when it is
sent: so the same seed gives the same world however often the world is looked at.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from random import Random

DAY_MS = 86_400_000.0
Spans = list[tuple[float, float]]


class Kind(StrEnum):
    """What an episode does to a link."""

    OUTAGE = "outage"
    """Nothing passes, the carrier stays up."""
    CARRIER = "carrier"
    """The carrier goes."""
    BROWNOUT = "brownout"
    """A large share of packets is lost, for reasons that are not ours."""
    BURST = "burst"
    """Nothing passes for an instant; part of a living line."""
    SPIKE = "spike"
    """Round trips take longer."""


REAL = (Kind.OUTAGE, Kind.CARRIER, Kind.BROWNOUT)
"""Kinds that a gateway should react to; to leave a link for anything else is needless."""


@dataclass(frozen=True, slots=True)
class Episodes:
    """When something happens: at given instants, so many times a day, or at random.

    `at`: (start, duration) in seconds from the start of the run. `per_day` is the exact number on
    each day (a fraction is a chance of one more), `per_hour` a Poisson rate. `seconds` is the
    shortest and longest duration, drawn log-uniformly. `cycle_s` (down, up) makes each episode a
    series of short ones, as of a link that flaps.
    """

    kind: Kind
    at: tuple[tuple[float, float], ...] = ()
    per_day: float = 0.0
    per_hour: float = 0.0
    seconds: tuple[float, float] = (1.0, 1.0)
    loss_percent: float = 100.0
    extra_ms: float = 0.0
    cycle_s: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class RandomLoss:
    """Independent loss of each packet, each way."""

    up_percent: float = 0.0
    down_percent: float = 0.0


@dataclass(frozen=True, slots=True)
class GilbertElliott:
    """Loss in two states (Gilbert 1960, Elliott 1963), in continuous time.

    `good_s` and `bad_s` are the mean stays in each state, so the transition rates are their
    inverses, and the loss of one direction is
    `(good_s * good_percent + bad_s * bad_percent) / (good_s + bad_s)`.
    """

    good_percent: float
    bad_percent: float
    good_s: float
    bad_s: float


Model = Episodes | RandomLoss | GilbertElliott


@dataclass(frozen=True, slots=True)
class LinkModel:
    """One link of the simulated world."""

    rtt_ms: float
    jitter_ms: float = 0.0
    models: tuple[Model, ...] = ()


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of a run that is simulated in one go: at most a day, `begin_ms` since the start."""

    begin_ms: float
    end_ms: float

    @property
    def span_ms(self) -> float:
        """How long it lasts."""
        return self.end_ms - self.begin_ms


class Timeline:
    """Disjoint spans of time, sorted; answers whether an instant lies within one."""

    __slots__ = ("_begins", "_ends")

    def __init__(self, spans: Iterable[tuple[float, float]]) -> None:
        merged: list[list[float]] = []
        for begin, end in sorted(spans):
            if merged and begin <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([begin, end])
        self._begins = [begin for begin, _unused in merged]
        self._ends = [end for _unused, end in merged]

    def __bool__(self) -> bool:
        return bool(self._begins)

    def active(self, now_ms: float) -> bool:
        """Whether a span holds `now_ms` (its begin included, its end not)."""
        index = bisect.bisect_right(self._begins, now_ms) - 1
        return index >= 0 and now_ms < self._ends[index]

    def spans(self) -> Spans:
        """All spans, in order."""
        return list(zip(self._begins, self._ends, strict=True))


def seeded(seed: str) -> Random:
    """A source of numbers that is the same for the same seed; each purpose has its own."""
    return Random(seed)  # noqa: S311 - a simulation must be repeatable


def draw(model: Episodes, stretch: Stretch, rng: Random) -> Spans:
    """The spans of `model` that begin in a stretch, in ms since the start of the run."""
    spans = [
        (at * 1000, (at + seconds) * 1000)
        for at, seconds in model.at
        if stretch.begin_ms <= at * 1000 < stretch.end_ms
    ]
    share = stretch.span_ms / DAY_MS
    for _unused in range(_count(model.per_day, share, rng)):
        spans.append(_placed(model, stretch, rng))
    if model.per_hour > 0:
        at_ms = stretch.begin_ms
        while True:
            at_ms += rng.expovariate(model.per_hour) * 3_600_000
            if at_ms >= stretch.end_ms:
                break
            spans.append((at_ms, at_ms + _duration_ms(model, rng)))
    if model.cycle_s is None:
        return spans
    return [part for span in spans for part in _cycles(span, model.cycle_s)]


def _count(per_day: float, share: float, rng: Random) -> int:
    wanted = per_day if share >= 1 else per_day * share
    whole = int(wanted)
    return whole + (rng.random() < wanted - whole)


def _placed(model: Episodes, stretch: Stretch, rng: Random) -> tuple[float, float]:
    """One episode that leaves room before it to settle, and after it to recover."""
    margin = min(600_000.0, stretch.span_ms / 10)
    room = stretch.span_ms - 2 * margin
    lasts = min(_duration_ms(model, rng), room)
    begin = stretch.begin_ms + margin + rng.random() * (room - lasts)
    return begin, begin + lasts


def _duration_ms(model: Episodes, rng: Random) -> float:
    low, high = model.seconds
    return 1000 * math.exp(rng.uniform(math.log(low), math.log(high)))


def _cycles(span: tuple[float, float], cycle_s: tuple[float, float]) -> Spans:
    down_ms, up_ms = cycle_s[0] * 1000, cycle_s[1] * 1000
    begin, end = span
    parts: Spans = []
    while begin < end:
        parts.append((begin, min(begin + down_ms, end)))
        begin += down_ms + up_ms
    return parts


def bad_states(model: GilbertElliott, stretch: Stretch, rng: Random) -> Spans:
    """When the line is in its bad state; it starts in either by the stationary odds."""
    bad = rng.random() < model.bad_s / (model.good_s + model.bad_s)
    at_ms = stretch.begin_ms
    spans: Spans = []
    while at_ms < stretch.end_ms:
        stay_ms = rng.expovariate(1 / (model.bad_s if bad else model.good_s)) * 1000
        if bad:
            spans.append((at_ms, at_ms + stay_ms))
        at_ms += stay_ms
        bad = not bad
    return spans
