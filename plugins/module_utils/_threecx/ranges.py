# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of digits as a PBX keeps them: ``118,119`` comes back as ``118-119``."""

from __future__ import annotations

import re
from typing import Iterable

from .errors import ThreeCxError

_NUMBER = re.compile(r"\d+")
_RANGE = re.compile(r"(\d+)-(\d+)")


def prefixes(items: Iterable[str], where: str) -> list[str]:
    """Return prefixes in their one form: neighbours of one length joined, others as they are."""
    runs: list[tuple[int, int, int]] = []
    others: list[str] = []
    for item in _split(items):
        run = _run(item)
        if run is None:
            others.append(item)
        elif run[1] > run[2]:
            raise ThreeCxError(f"{where}: {item} runs backwards.", "range")
        else:
            runs.append(run)
    return _joined(runs) + sorted(set(others))


def lengths(items: Iterable[str], where: str) -> list[str]:
    """Return lengths of numbers in their one form: ``8,9,10`` is ``8-10``."""
    runs: list[tuple[int, int, int]] = []
    for item in _split(items):
        found = _RANGE.fullmatch(item)
        first, last = found.groups() if found else (item, item)
        if not (_NUMBER.fullmatch(first) and int(first) <= int(last)):
            raise ThreeCxError(f"{where}: {item} is no length such as 10 or 8-10.", "range")
        runs.append((0, int(first), int(last)))
    return _joined(runs)


def extensions(items: Iterable[str], where: str) -> list[str]:
    """Return extensions and ranges of them: a range of one is that one."""
    found = []
    for item in _split(items):
        first, _dash, last = item.partition("-")
        last = last or first
        if not (_NUMBER.fullmatch(first) and _NUMBER.fullmatch(last)) or int(first) > int(last):
            raise ThreeCxError(
                f"{where}: {item} is no extension or range such as 100-199.", "range"
            )
        found.append(first if first == last else f"{first}-{last}")
    return sorted(set(found))


def _split(items: Iterable[str]) -> list[str]:
    return [part.strip() for item in items for part in item.split(",") if part.strip()]


def _run(item: str) -> tuple[int, int, int] | None:
    """Return width, first and last of digits or of a range of one width."""
    if _NUMBER.fullmatch(item):
        return len(item), int(item), int(item)
    found = _RANGE.fullmatch(item)
    if found and len(found.group(1)) == len(found.group(2)):
        return len(found.group(1)), int(found.group(1)), int(found.group(2))
    return None


def _joined(runs: list[tuple[int, int, int]]) -> list[str]:
    joined: list[tuple[int, int, int]] = []
    for width, first, last in sorted(runs):
        if joined and joined[-1][0] == width and first <= joined[-1][2] + 1:
            joined[-1] = (width, joined[-1][1], max(last, joined[-1][2]))
        else:
            joined.append((width, first, last))
    return [
        f"{first:0{width}d}" if first == last else f"{first:0{width}d}-{last:0{width}d}"
        for width, first, last in joined
    ]
