# SPDX-License-Identifier: GPL-3.0-or-later
"""The timeline as people want it: without the machine's small print, like events told once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_TOGETHER_MS = 150
_ABOUT_SERVICES = (
    re.compile(r"(new flows of )(?P<names>.+)( work again)"),
    re.compile(r"(flows of )(?P<names>.+)( evicted from \S+)"),
    re.compile(r"()(?P<names>[^:]+)(: \S+ to \S+)"),
)
_SMALL_PRINT = "switch"  # how the kernel was told; the change itself is an event of its own


def story(timeline: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events in order; those that say the same of several services become one."""
    told: list[dict[str, Any]] = []
    groups: dict[tuple[str, ...], dict[str, Any]] = {}
    for entry in timeline:
        if entry.get("kind") == _SMALL_PRINT:
            continue
        found = _about_services(entry["what"])
        if found is None:
            told.append(entry)
            continue
        head, name, tail = found
        group = groups.get((head, tail))
        if group is None or entry["at_ms"] - group["at_ms"] > _TOGETHER_MS:
            group = groups[head, tail] = {**entry, "names": []}
            told.append(group)
        group["names"].append(name)
        group["at_ms"] = entry["at_ms"]
        group["what"] = f"{head}{', '.join(group['names'])}{tail}"
    return sorted(told, key=lambda entry: entry["at_ms"])


def _about_services(what: str) -> tuple[str, str, str] | None:
    for pattern in _ABOUT_SERVICES:
        found = pattern.fullmatch(what)
        if found:
            return found[1], found["names"], found[3]
    return None
