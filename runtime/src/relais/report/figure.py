# SPDX-License-Identifier: GPL-3.0-or-later
"""Where everything stands in a drawing of some time; the template only draws it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from relais.report.texts import Texts

Facts = dict[str, Any]
WIDTH = 720.0
LEFT, RIGHT = 116.0, 700.0
ROW, BAR = 40.0, 14.0
TOP = 28.0
_MARK, _WIDE_MARK, _MARKER_ROOM = 16.0, 38.0, 40.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time; `kind` is its class in the style sheet."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    text: str
    text_x: float
    text_anchor: str


@dataclass(frozen=True, slots=True)
class Row:
    """One service's line: its label and its bars."""

    label: str
    y: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the time axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Marker:
    """One or more events by their numbers in the list below; `lines` are their moments."""

    x: float
    label: str
    width: float
    lines: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing of a stretch of time."""

    title: str
    description: str
    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    markers: tuple[Marker, ...]
    budget_x: float | None
    budget_text: str


@dataclass(frozen=True, slots=True)
class Scale:
    """From ms after the beginning of the story to the drawing's own units."""

    first_ms: float
    last_ms: float

    def x(self, at_ms: float) -> float:
        """Where a moment stands; one out of view stands at the edge."""
        share = (at_ms - self.first_ms) / (self.last_ms - self.first_ms)
        return round(LEFT + (RIGHT - LEFT) * min(1.0, max(0.0, share)), 1)

    def has(self, at_ms: float) -> bool:
        """Whether a moment is in view."""
        return self.first_ms <= at_ms <= self.last_ms


def offset_ticks(scale: Scale, words: Texts) -> tuple[Tick, ...]:
    """Five to ten round moments, counted from the beginning."""
    step = _round_step((scale.last_ms - scale.first_ms) / 6)
    count = math.floor(scale.last_ms / step)
    return tuple(
        Tick(scale.x(step * n), words.axis(step * n, scale.last_ms)) for n in range(count + 1)
    )


def _round_step(about: float) -> float:
    power: float = 10 ** math.floor(math.log10(about))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= about)


def markers(scale: Scale, told: Sequence[Facts]) -> tuple[Marker, ...]:
    """Numbers of the events in view; neighbours that would overlap share a mark, as "3 to 6"."""
    clusters: list[list[tuple[int, float]]] = []
    for number, entry in enumerate(told, start=1):
        if not scale.has(entry["at_ms"]):
            continue
        x = scale.x(entry["at_ms"])
        if clusters and x - clusters[-1][0][1] < _MARKER_ROOM:
            clusters[-1].append((number, x))
        else:
            clusters.append([(number, x)])
    return tuple(
        Marker(
            x=cluster[0][1],
            label=str(cluster[0][0]) + (f"\u2013{cluster[-1][0]}" if len(cluster) > 1 else ""),
            width=_MARK if len(cluster) == 1 else _WIDE_MARK,
            lines=tuple(sorted({x for _unused, x in cluster})),
        )
        for cluster in clusters
    )
