# SPDX-License-Identifier: GPL-3.0-or-later
"""How patient to be with a link of a given technology."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """Times in ms.

    `silence_ms`: a sending link that hears nothing for so long is suspect (or three smoothed
    round trips when that is longer). `timeout_ms`: shortest and longest wait for one answer.
    `verdict_ms`: shortest wait for a burst. `anchor_ms`: what `silence_ms` is where an
    anchor is asked all the time.
    """

    name: str
    silence_ms: float
    timeout_min_ms: float
    timeout_max_ms: float
    verdict_ms: float
    anchor_ms: float


FIBRE = Profile("fibre", 200.0, 80.0, 1000.0, 50.0, 60.0)
DSL = Profile("dsl", 250.0, 120.0, 1000.0, 150.0, 80.0)
CELLULAR = Profile("cellular", 400.0, 250.0, 1500.0, 300.0, 200.0)
SATELLITE = Profile("satellite", 700.0, 700.0, 2500.0, 800.0, 700.0)

_BY_TECHNOLOGY = {
    "ftth": FIBRE,
    "ftto": FIBRE,
    "fibre": FIBRE,
    "ethernet": FIBRE,
    "cable": DSL,
    "adsl": DSL,
    "vdsl": DSL,
    "sdsl": DSL,
    "dsl": DSL,
    "4g": CELLULAR,
    "5g": CELLULAR,
    "lte": CELLULAR,
    "cellular": CELLULAR,
    "satellite": SATELLITE,
    "leo": CELLULAR,
}


def profile_of(technology: str | None) -> Profile:
    """The profile for an inventory's `technology`; that of DSL for an unknown one."""
    return _BY_TECHNOLOGY.get((technology or "").lower(), DSL)
