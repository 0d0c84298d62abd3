# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture for the docs: every run a dot, on a scale from an instant to minutes. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from bench.contenders import CONTENDERS
from bench.stats import median

PANELS = (
    ("silent", "new_flows_ms", "Silent fault: new flows work again after"),
    ("silent", "fixed_udp_ms", "Silent fault: a UDP flow works again after"),
    ("silent", "tcp_told_ms", "Silent fault: open TCP sessions told after"),
    ("carrier", "new_flows_ms", "Carrier loss: new flows work again after"),
)
LEFT, RIGHT, NEVER, WIDTH = 130, 690, 740, 790
ROW, HEAD, FOOT = 24, 40, 34
LEAST_MS, MOST_MS = 10.0, 200_000.0
MARKS = ((10, "10 ms"), (100, "100 ms"), (1e3, "1 s"), (1e4, "10 s"), (1e5, "100 s"))
OURS, OTHERS, INK, FAINT = "#0b6e4f", "#8a8f98", "#24292f", "#d8dee4"


def svg(document: Mapping[str, Any]) -> str:
    """One panel for each figure that was measured, one row in it for each contender."""
    runs = document["runs"]
    parts, top = [], 10
    for scenario, figure, title in PANELS:
        names = [name for name in CONTENDERS if scenario in runs.get(name, {})]
        if not names:
            continue
        values = {name: _values(runs[name][scenario], figure) for name in names}
        parts += _panel(title, values, top)
        top += HEAD + ROW * len(names) + FOOT
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" '
        f'height="{top}" font-family="system-ui, sans-serif" font-size="13">',
        "<title>Time until the office works again, by contender</title>",
        f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>',
        *parts,
        "</svg>",
        "",
    ])  # fmt: skip


def place(value_ms: float | None) -> float:
    """Where a time stands on the logarithmic scale; never has a place of its own."""
    if value_ms is None:
        return NEVER
    bounded = min(max(value_ms, LEAST_MS), MOST_MS)
    along = math.log10(bounded / LEAST_MS) / math.log10(MOST_MS / LEAST_MS)
    return round(LEFT + along * (RIGHT - LEFT), 1)


def _values(runs: Sequence[Mapping[str, Any]], figure: str) -> list[float | None]:
    return [run["figures"][figure] for run in runs if figure in run["figures"]]


def _panel(title: str, values: Mapping[str, Sequence[float | None]], top: int) -> list[str]:
    bottom = top + HEAD + ROW * len(values)
    parts = [f'<text x="10" y="{top + 18}" font-weight="600" fill="{INK}">{escape(title)}</text>']
    for at_ms, label in MARKS:
        parts += _mark(place(at_ms), label, top + HEAD - 8, bottom)
    parts += _mark(NEVER, "never", top + HEAD - 8, bottom)
    for index, (name, found) in enumerate(values.items()):
        parts += _row(name, found, top + HEAD + ROW * index + ROW // 2)
    return parts


def _mark(x: float, label: str, top: int, bottom: int) -> list[str]:
    return [
        f'<line x1="{x}" y1="{top}" x2="{x}" y2="{bottom}" stroke="{FAINT}"/>',
        f'<text x="{x}" y="{bottom + 16}" text-anchor="middle" fill="{OTHERS}">{label}</text>',
    ]


def _row(name: str, found: Sequence[float | None], y: int) -> list[str]:
    colour = OURS if name.startswith("relais") else OTHERS
    parts = [f'<text x="{LEFT - 12}" y="{y + 4}" text-anchor="end" fill="{INK}">{name}</text>']
    parts += [
        f'<circle cx="{place(value)}" cy="{y}" r="4" fill="{colour}" fill-opacity="0.45"/>'
        for value in found
    ]
    if found:
        x = place(median(list(found)))
        parts.append(
            f'<line x1="{x}" y1="{y - 9}" x2="{x}" y2="{y + 9}" stroke="{colour}" '
            'stroke-width="3"/>'
        )
    return parts
