# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole run: day by day, each with its own seed and a warm start, on every processor."""

from __future__ import annotations

import gc
import math
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from relais.core.history.keep import Keeper, Kept
from relais.core.model import Config
from relais.simulate.measure import Tally, measure
from relais.simulate.models import DAY_MS, Stretch
from relais.simulate.scenario import Scenario
from relais.simulate.stretch import Decision, Simulation

Job = tuple[Config, Scenario, Stretch, str, int | None]
Done = tuple[Tally, list[Decision], Kept | None]
ROLL_S = 60
"""Length of a simulated run's rolls: seconds would be more than anybody reads."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Who is given each day's history and decisions, in order; the run begins at `begin_ms`, Unix
    time of a whole minute."""

    begin_ms: int
    take: Callable[[Kept, list[Decision]], None]


def simulate(
    config: Config, scenario: Scenario, days: float, seed: int, keeping: Keeping | None = None
) -> tuple[Tally, list[Decision]]:
    """Simulate `days`; returns the figures and every decision in order of time.

    A day's seed is made of the run's and the day's number, so the result does not depend on how
    many processors there are.
    """
    begin_ms = None if keeping is None else keeping.begin_ms
    jobs = [
        (config, scenario, stretch, f"{seed}/{index}", begin_ms)
        for index, stretch in enumerate(stretches(days))
    ]
    total = Tally()
    decisions: list[Decision] = []
    for tally, decided, kept in _results(jobs):
        total.add(tally)
        decisions += decided
        if keeping is not None and kept is not None:
            keeping.take(kept, decided)
    return total, decisions


def stretches(days: float) -> Iterator[Stretch]:
    """The run's days; the last one may be shorter."""
    end_ms = days * DAY_MS
    begin_ms = 0.0
    while begin_ms < end_ms:
        yield Stretch(begin_ms, min(begin_ms + DAY_MS, end_ms))
        begin_ms += DAY_MS


def _results(jobs: list[Job]) -> Iterable[Done]:
    if len(jobs) == 1:
        yield _work(jobs[0])
        return
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(jobs)), initializer=gc.disable) as pool:
        yield from pool.map(_work, jobs)


def _work(job: Job) -> Done:
    config, scenario, stretch, seed, begin_ms = job
    if begin_ms is None:
        outcome = Simulation(config, scenario, stretch, seed).run()
        return measure(outcome, config), outcome.decisions, None
    # Between two steps the world is as it was: no time of a simulation is without data.
    keeper = Keeper(config, begin_ms, gap_ms=math.inf, step_s=ROLL_S)
    simulation = Simulation(config, scenario, stretch, seed, keeper=keeper)
    outcome = simulation.run()
    return measure(outcome, config), outcome.decisions, keeper.close(simulation.state)
