# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios and helpers for tests of the simulation."""

from __future__ import annotations

import copy
from typing import Any

from relais.core.config import parse_config
from relais.core.events import Event
from relais.core.model import Config
from relais.simulate.models import Episodes, GilbertElliott, Kind, LinkModel, RandomLoss, Stretch
from relais.simulate.office import Office
from relais.simulate.scenario import BUILT_IN, DEFAULT_CONFIG, Scenario
from relais.simulate.stretch import Outcome, Simulation

HOUR_MS = 3_600_000.0


def document() -> dict[str, Any]:
    """The built-in configuration with a failback time that suits short runs."""
    whole = copy.deepcopy(DEFAULT_CONFIG)
    whole["policy"]["failback_after_s"] = 10
    return whole


def short_config() -> Config:
    """The same as a value."""
    return parse_config(document())


def anchored_config() -> Config:
    """The same with an anchor."""
    whole = document()
    whole["targets"].append({"name": "home", "address": "198.51.100.200", "probe": "anchor"})
    return parse_config(whole)


def returning() -> dict[str, Any]:
    """The same with a way to return for each service: between calls, at once, with new flows."""
    whole = document()
    for service, failback in zip(whole["services"], ("between_calls", "now", "drain"), strict=True):
        service["failback"] = failback
    return whole


def quota_config() -> Config:
    """The same with services of every importance, and small quotas on both lines."""
    whole = returning()
    bulk = {"id": 3, "name": "bulk", "importance": "degradable", "failback": "now"}
    members = [{"wan": "lte"}, {"wan": "fibre"}]
    whole["services"].insert(0, {**bulk, "members": members})
    for wan in whole["wans"]:
        wan["monthly_quota_gb"] = 0.001
    return parse_config(whole)


def nasty() -> Scenario:
    """Everything at once, and often."""
    both = (RandomLoss(1, 1), Episodes(Kind.BURST, per_hour=60, seconds=(0.1, 1)))
    fibre = (
        *both,
        GilbertElliott(0, 40, 60, 3),
        Episodes(Kind.OUTAGE, per_hour=4, seconds=(1, 200)),
        Episodes(Kind.CARRIER, per_hour=3, seconds=(1, 60)),
        Episodes(Kind.BROWNOUT, per_hour=3, seconds=(30, 300), loss_percent=35),
        Episodes(Kind.SPIKE, per_hour=10, seconds=(2, 30), extra_ms=250),
    )
    lte = (
        *both,
        Episodes(Kind.OUTAGE, per_hour=3, seconds=(1, 200)),
        Episodes(Kind.SPIKE, per_hour=10, seconds=(2, 30), extra_ms=400),
    )
    # The office closes in the middle of the hour, so that both loaded and idle lines are seen.
    office = Office(busy_hours=(8.0, 8.5), fills_per_hour=20)
    links = {"fibre": LinkModel(8.0, 1.0, fibre), "lte": LinkModel(45.0, 6.0, lte)}
    return Scenario("nasty", links, office)


def noisy(*episodes: Episodes) -> Scenario:
    """The built-in noise; what is more happens to the fibre."""
    noise = BUILT_IN["noise"]
    fibre = noise.links["fibre"]
    worse = LinkModel(fibre.rtt_ms, fibre.jitter_ms, (*fibre.models, *episodes))
    return Scenario("noisy", {**noise.links, "fibre": worse}, noise.office)


def one_fault(*episodes: Episodes, busy: bool = True, lte: tuple[Episodes, ...] = ()) -> Scenario:
    """Two clean lines, of which the fibre suffers what is given."""
    office = Office(busy_hours=(0.0, 24.0) if busy else (0.0, 0.0))
    links = {"fibre": LinkModel(8.0, 0.0, episodes), "lte": LinkModel(45.0, 0.0, lte)}
    return Scenario("one", links, office)


def run(
    scenario: Scenario,
    seconds: float,
    *,
    seed: str = "test",
    begin_ms: float = 0.0,
    dense: bool = False,
    config: Config | None = None,
) -> tuple[Outcome, list[Event]]:
    """Simulate; returns the outcome and every event that the core was fed."""
    heard: list[Event] = []
    simulation = Simulation(
        config or short_config(),
        scenario,
        Stretch(begin_ms, begin_ms + seconds * 1000),
        seed,
        dense=dense,
        listener=heard.append,
    )
    return simulation.run(), heard
