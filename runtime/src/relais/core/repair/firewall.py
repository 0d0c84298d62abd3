# SPDX-License-Identifier: GPL-3.0-or-later
"""What of our nft table is gone, against what stood there when it was loaded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

Content = Mapping[str, tuple[str, ...]]
"""By name (`chain forward`, `set dead`): digests of a chain's head and of its rules in their order,
or of a set's elements; nothing for what changes by itself."""

_DEFINED = re.compile(r"^\s*(chain|set|map|counter)\s+(\S+)\s*\{", re.MULTILINE)


def defined(ruleset: str) -> frozenset[str]:
    """Names of everything that a ruleset file defines; a map is a set to the kernel."""
    found = _DEFINED.findall(ruleset)
    return frozenset(f"{'set' if kind == 'map' else kind} {name}" for kind, name in found)


def lost(before: Content, now: Content) -> tuple[str, ...]:
    """What was there before and is gone or changed, in words. What was added is no loss."""
    told: list[str] = []
    for name, content in before.items():
        if name not in now:
            told.append(f"{name} is gone")
        elif name.startswith("chain "):
            told += _chain_lost(name, content, now[name])
        elif set(content) - set(now[name]):
            gone = len(set(content) - set(now[name]))
            told.append(f"{gone} of {len(content)} elements of {name} are gone")
    return tuple(told)


def _chain_lost(name: str, before: Sequence[str], now: Sequence[str]) -> list[str]:
    told = [f"hook or policy of {name} changed"] if before[:1] != now[:1] else []
    gone = (Counter(before[1:]) - Counter(now[1:])).total()
    left = iter(now[1:])
    if gone:
        told.append(f"{gone} of {len(before) - 1} rules of {name} are gone")
    elif not all(rule in left for rule in before[1:]):
        told.append(f"the order of the rules of {name} changed")
    return told
