# SPDX-License-Identifier: GPL-3.0-or-later
"""Where everything stands in the drawings of a drill; the template only draws it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from relais.report.texts import Texts

Facts = dict[str, Any]
WIDTH = 720.0
_LEFT, _RIGHT = 116.0, 700.0
_ROW, _BAR = 40.0, 14.0
_TOP = 28.0
_MARK, _WIDE_MARK, _MARKER_ROOM = 16.0, 38.0, 40.0
_SHORTEST_MS = 200.0
_LABEL_ROOM = 96.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time without service; `kind` is `new`, `open` or `fault`."""

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
    """A drawing of a stretch of the drill."""

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
class _Scale:
    first_ms: float
    last_ms: float

    def x(self, at_ms: float) -> float:
        share = (at_ms - self.first_ms) / (self.last_ms - self.first_ms)
        return round(_LEFT + (_RIGHT - _LEFT) * min(1.0, max(0.0, share)), 1)

    def has(self, at_ms: float) -> bool:
        return self.first_ms <= at_ms <= self.last_ms


def beginning(drill: Facts, told: Sequence[Facts], words: Texts) -> Figure:
    """The moments after the fault, drawn large: how long each service was without."""
    lasted = _lasted_ms(drill)
    felt = [float(one["outage_ms"]) for one in drill["services"].values()]
    felt += [float(one["existing_ms"] or 0) for one in drill["services"].values()]
    longest = max([*felt, _SHORTEST_MS])
    budgets = {one["budget_ms"] for one in drill["services"].values()}
    budget = max(budgets, default=0)
    last = longest * 1.2 if budget > 2.5 * longest else max(longest, budget) * 1.2
    scale = _Scale(-0.04 * last, min(last, max(lasted, _SHORTEST_MS)))
    markers = _markers(scale, told)
    top = _TOP
    rows = tuple(
        Row(name, y, _service_bars(scale, y, one, lasted, words))
        for index, (name, one) in enumerate(drill["services"].items())
        for y in (top + _ROW * index,)
    )
    return Figure(
        title=words["beginning_title"],
        description=words["beginning_description"],
        width=WIDTH,
        height=top + _ROW * len(rows) + 34,
        left=_LEFT,
        right=_RIGHT,
        top=top,
        bottom=top + _ROW * len(rows),
        rows=rows,
        ticks=_ticks(scale, words),
        markers=markers,
        budget_x=scale.x(budget) if len(budgets) == 1 and scale.has(budget) else None,
        budget_text=words["allowed"],
    )


def whole(drill: Facts, told: Sequence[Facts], words: Texts) -> Figure:
    """The drill from end to end: how long the link was away and when all was back."""
    lasted = _lasted_ms(drill)
    moments = [float(entry["at_ms"]) for entry in told]
    back = drill["failback"].get("back_ms") or 0
    last = max([lasted + back, lasted, *moments, 1000.0]) * 1.06
    scale = _Scale(-0.04 * last, last)
    markers = _markers(scale, told)
    top = _TOP
    width = scale.x(lasted) - scale.x(0)
    text = words.duration(lasted)
    shape = Bar("fault", scale.x(0), top + 13, width, _BAR, text, scale.x(0) + width / 2, "middle")
    return Figure(
        title=words["whole_title"],
        description=words["whole_description"],
        width=WIDTH,
        height=top + _ROW + 34,
        left=_LEFT,
        right=_RIGHT,
        top=top,
        bottom=top + _ROW,
        rows=(Row(drill["fault"]["wan"], top, (shape,)),),
        ticks=_ticks(scale, words),
        markers=markers,
        budget_x=None,
        budget_text="",
    )


def _lasted_ms(drill: Facts) -> float:
    fault = drill["fault"]
    return float(fault.get("lasted_ms") or fault["seconds"] * 1000)


def _service_bars(
    scale: _Scale, y: float, one: Facts, lasted: float, words: Texts
) -> tuple[Bar, ...]:
    bars = [_bar(scale, "new", y + 4, float(one["outage_ms"]), words)]
    if one["existing_ms"] is not None:
        bars.append(_bar(scale, "open", y + 21, float(min(one["existing_ms"], lasted)), words))
    return tuple(bars)


def _bar(scale: _Scale, kind: str, y: float, length_ms: float, words: Texts) -> Bar:
    start, end = scale.x(0), scale.x(length_ms)
    inside = end + _LABEL_ROOM > _RIGHT
    return Bar(
        kind=kind,
        x=start,
        y=y,
        width=max(1.5, end - start),
        height=_BAR,
        text=words.duration(length_ms),
        text_x=end - 6 if inside else end + 6,
        text_anchor="end" if inside else "start",
    )


def _ticks(scale: _Scale, words: Texts) -> tuple[Tick, ...]:
    """Five to ten round moments."""
    step = _round_step((scale.last_ms - scale.first_ms) / 6)
    count = math.floor(scale.last_ms / step)
    return tuple(
        Tick(scale.x(step * n), words.axis(step * n, scale.last_ms)) for n in range(count + 1)
    )


def _round_step(about: float) -> float:
    power: float = 10 ** math.floor(math.log10(about))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= about)


def _markers(scale: _Scale, told: Sequence[Facts]) -> tuple[Marker, ...]:
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
