# SPDX-License-Identifier: GPL-3.0-or-later
"""The two drawings of a drill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from relais.report.figure import (
    BAR,
    LEFT,
    RIGHT,
    ROW,
    TOP,
    WIDTH,
    Bar,
    Figure,
    Row,
    Scale,
    markers,
    offset_ticks,
)
from relais.report.texts import Texts

Facts = dict[str, Any]
_SHORTEST_MS = 200.0
_LABEL_ROOM = 96.0


def beginning(drill: Facts, told: Sequence[Facts], words: Texts) -> Figure:
    """The moments after the fault, drawn large: how long each service was without."""
    lasted = _lasted_ms(drill)
    felt = [float(one["outage_ms"]) for one in drill["services"].values()]
    felt += [float(one["existing_ms"] or 0) for one in drill["services"].values()]
    longest = max([*felt, _SHORTEST_MS])
    budgets = {one["budget_ms"] for one in drill["services"].values()}
    budget = max(budgets, default=0)
    last = longest * 1.2 if budget > 2.5 * longest else max(longest, budget) * 1.2
    scale = Scale(-0.04 * last, min(last, max(lasted, _SHORTEST_MS)))
    marks = markers(scale, told)
    top = TOP
    rows = tuple(
        Row(name, y, _service_bars(scale, y, one, lasted, words))
        for index, (name, one) in enumerate(drill["services"].items())
        for y in (top + ROW * index,)
    )
    return Figure(
        title=words["beginning_title"],
        description=words["beginning_description"],
        width=WIDTH,
        height=top + ROW * len(rows) + 34,
        left=LEFT,
        right=RIGHT,
        top=top,
        bottom=top + ROW * len(rows),
        rows=rows,
        ticks=offset_ticks(scale, words),
        markers=marks,
        budget_x=scale.x(budget) if len(budgets) == 1 and scale.has(budget) else None,
        budget_text=words["allowed"],
    )


def whole(drill: Facts, told: Sequence[Facts], words: Texts) -> Figure:
    """The drill from end to end: how long the link was away and when all was back."""
    lasted = _lasted_ms(drill)
    moments = [float(entry["at_ms"]) for entry in told]
    back = drill["failback"].get("back_ms") or 0
    last = max([lasted + back, lasted, *moments, 1000.0]) * 1.06
    scale = Scale(-0.04 * last, last)
    marks = markers(scale, told)
    top = TOP
    width = scale.x(lasted) - scale.x(0)
    text = words.duration(lasted)
    shape = Bar("fault", scale.x(0), top + 13, width, BAR, text, scale.x(0) + width / 2, "middle")
    return Figure(
        title=words["whole_title"],
        description=words["whole_description"],
        width=WIDTH,
        height=top + ROW + 34,
        left=LEFT,
        right=RIGHT,
        top=top,
        bottom=top + ROW,
        rows=(Row(drill["fault"]["wan"], top, (shape,)),),
        ticks=offset_ticks(scale, words),
        markers=marks,
        budget_x=None,
        budget_text="",
    )


def _lasted_ms(drill: Facts) -> float:
    fault = drill["fault"]
    return float(fault.get("lasted_ms") or fault["seconds"] * 1000)


def _service_bars(
    scale: Scale, y: float, one: Facts, lasted: float, words: Texts
) -> tuple[Bar, ...]:
    bars = [_bar(scale, "new", y + 4, float(one["outage_ms"]), words)]
    if one["existing_ms"] is not None:
        bars.append(_bar(scale, "open", y + 21, float(min(one["existing_ms"], lasted)), words))
    return tuple(bars)


def _bar(scale: Scale, kind: str, y: float, length_ms: float, words: Texts) -> Bar:
    start, end = scale.x(0), scale.x(length_ms)
    inside = end + _LABEL_ROOM > RIGHT
    return Bar(
        kind=kind,
        x=start,
        y=y,
        width=max(1.5, end - start),
        height=BAR,
        text=words.duration(length_ms),
        text_x=end - 6 if inside else end + 6,
        text_anchor="end" if inside else "start",
    )
