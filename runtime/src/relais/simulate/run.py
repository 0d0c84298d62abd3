# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole run: day by day, each with its own seed and a warm start, on every processor."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor

from relais.core.model import Config
from relais.simulate.measure import Tally, measure
from relais.simulate.models import DAY_MS, Stretch
from relais.simulate.scenario import Scenario
from relais.simulate.stretch import Decision, Simulation

Job = tuple[Config, Scenario, Stretch, str]


def simulate(
    config: Config, scenario: Scenario, days: float, seed: int
) -> tuple[Tally, list[Decision]]:
    """Simulate `days`; returns the figures and every decision in order of time.

    A day's seed is made of the run's and the day's number, so the result does not depend on how
    many processors there are.
    """
    jobs = [
        (config, scenario, stretch, f"{seed}/{index}")
        for index, stretch in enumerate(stretches(days))
    ]
    total = Tally()
    decisions: list[Decision] = []
    for tally, decided in _results(jobs):
        total.add(tally)
        decisions += decided
    return total, decisions


def stretches(days: float) -> Iterator[Stretch]:
    """The run's days; the last one may be shorter."""
    end_ms = days * DAY_MS
    begin_ms = 0.0
    while begin_ms < end_ms:
        yield Stretch(begin_ms, min(begin_ms + DAY_MS, end_ms))
        begin_ms += DAY_MS


def _results(jobs: list[Job]) -> Iterable[tuple[Tally, list[Decision]]]:
    if len(jobs) == 1:
        yield _work(jobs[0])
        return
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(jobs)), initializer=gc.disable) as pool:
        yield from pool.map(_work, jobs)


def _work(job: Job) -> tuple[Tally, list[Decision]]:
    config, scenario, stretch, seed = job
    outcome = Simulation(config, scenario, stretch, seed).run()
    return measure(outcome, config), outcome.decisions
