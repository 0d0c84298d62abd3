# SPDX-License-Identifier: GPL-3.0-or-later
"""When a line may be filled on purpose, and what its figure is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from relais.core.model import Wan

BUSY_SHARE = 0.05
"""Of what was sold: above it somebody works, and the figure would be theirs and ours."""
BUSY_MBIT = 1.0
"""The same where nothing is known of what was sold."""
SLOW_START_SHARE = 0.25
"""So much of the time counts for nothing: the connections are still finding their pace."""
Sample = tuple[float, int]
"""Seconds since the start, and bytes so far."""
State = Mapping[str, Any]
"""A `relais.state/1` document."""


def refusal(wan: Wan, state: State) -> str | None:
    """Why a line is not to be filled now; None when it may be."""
    name = wan.name
    if wan.metered:
        return f"{name} is metered: what is sent on it is paid for"
    if state.get("incidents"):
        return f"an incident is open: {', '.join(map(str, state['incidents']))}"
    link = state["wans"][name]
    if (link["state"], link["quality"], link["admin"]) != ("up", "good", "auto"):
        return f"{name} is {link['state']}, {link['quality']}, {link['admin']}: not as it was sold"
    for way, sold in (("rx", wan.down_mbit), ("tx", wan.up_mbit)):
        carried = link[f"{way}_mbit"]
        if carried is None:
            return f"relaisd has just begun, and does not know yet what {name} carries"
        if carried > (BUSY_MBIT if sold is None else BUSY_SHARE * sold):
            return f"somebody works: {name} carries {carried:.1f} Mbit/s"
    return None


def broken_off(wan: Wan, state: State) -> str | None:
    """Why a measurement under way ends now. The line is full, which is no reason."""
    for name, link in state["wans"].items():
        if link["state"] in ("lost", "down"):
            return f"{name} is {link['state']}"
        if name == wan.name and link["admin"] != "auto":
            return f"{name} is set to {link['admin']}"
    return None


def steady_mbit(samples: Sequence[Sample]) -> float:
    """Mbit/s of payload once the connections have found their pace. Raises ValueError for samples
    that span no time."""
    if len(samples) < 3:
        raise ValueError("too short to tell")
    began, ended = samples[0][0], samples[-1][0]
    paced = began + SLOW_START_SHARE * (ended - began)
    first_s, first_bytes = next(sample for sample in samples if sample[0] >= paced)
    if ended <= first_s:
        raise ValueError("too short to tell")
    return (samples[-1][1] - first_bytes) * 8 / (ended - first_s) / 1_000_000
