# SPDX-License-Identifier: GPL-3.0-or-later
"""All runs of all contenders: labs up, phases one after another, labs down whatever happens."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from lab.errors import LabError

from bench import costs, facts
from bench.contenders import CONTENDERS, Contender
from bench.measure import run_once
from bench.scenarios import SCENARIOS, Pace, wait_or_stop
from bench.site import Site
from bench.stats import percentile

ATTEMPTS = 2


@dataclass(frozen=True)
class Settings:
    """What to measure."""

    contenders: Sequence[str]
    scenarios: Sequence[str]
    runs: int
    peer_runs: int
    jobs: int
    pace: Pace
    replicas: int = 1
    peer_backs: int = 5  # runs in which the way back of a peer is watched
    rest_s: float = 300
    forwarding_turns: int = 10
    forwarding_s: float = 3
    begin_within_s: float | None = None  # runs that would begin later are left out


def plain_of(contenders: Iterable[str]) -> str | None:
    """Whose gateway stands for plain masquerade; None when all are relais."""
    plain = [name for name in contenders if not CONTENDERS[name].provisioned]
    return "none" if "none" in plain else next(iter(plain), None)


@dataclass
class Results:
    """Raw figures: by contender, by scenario, run after run."""

    runs: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    versions: dict[str, str | None] = field(default_factory=dict)
    save: Callable[[Results], None] = lambda _unused: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, contender: str, scenario: str, run: dict[str, Any]) -> None:
        """Keep a run, and save all there is: hours of measuring are not lost to a crash."""
        with self._lock:
            self.runs.setdefault(contender, {}).setdefault(scenario, []).append(run)
            self.save(self)

    def counts(self, contender: str) -> dict[str, int]:
        """How many runs there are, by scenario."""
        return {name: len(runs) for name, runs in self.runs.get(contender, {}).items()}


STARTED = time.monotonic()


def say(line: str) -> None:
    """Show progress at once, with minutes and seconds since the start."""
    minutes, seconds = divmod(int(time.monotonic() - STARTED), 60)
    print(f"bench {minutes:3d}:{seconds:02d}  {line}", file=sys.stderr, flush=True)


class Campaign:
    """One call of the bench."""

    def __init__(self, settings: Settings, results: Results) -> None:
        self.settings, self.results = settings, results
        self.stop = threading.Event()
        self.plans = {
            name: planned(CONTENDERS[name], settings, results.counts(name))
            for name in settings.contenders
        }
        self.sites = [
            Site(CONTENDERS[name], self.stop, copy)
            for name, plan in self.plans.items()
            for copy in range(max(1, min(settings.replicas, len(plan))))
        ]
        self.firsts = {site.contender.name: site for site in self.sites if not site.copy}
        self._turn = threading.Semaphore(settings.jobs)

    def run(self) -> None:
        """Measure everything. Interrupted, it ends what it started and leaves what it has found."""
        try:
            say(f"starting {len(self.sites)} labs: {', '.join(self.firsts)}")
            self._all(Site.start)
            for name, site in self.firsts.items():
                self.results.versions[name] = facts.versions(site)
            if "rest" in self.settings.scenarios:
                say(f"rest: {self.settings.rest_s:g} s")
                self._all(self._rest, self.firsts.values())
            if "forwarding" in self.settings.scenarios:
                self._forwarding()
            say(f"runs: {', '.join(name for name in self.settings.scenarios if name in SCENARIOS)}")
            self._all(self._measure)
        finally:
            self.stop.set()
            with ignoring_interrupts():
                say("taking the labs down")
                with ThreadPoolExecutor(len(self.sites)) as pool:
                    list(pool.map(Site.down, self.sites))

    def _all(self, action: Callable[[Site], None], sites: Iterable[Site] = ()) -> None:
        """The same for every lab, side by side; the first that fails ends them all."""
        with ThreadPoolExecutor(len(self.sites)) as pool:
            futures = [pool.submit(action, site) for site in sites or self.sites]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                self.stop.set()
                raise

    def _rest(self, site: Site) -> None:
        settle = site.contender.settle_s
        wait_or_stop(settle, self.stop)
        measured = costs.rest(site, self.settings.rest_s, lambda s: wait_or_stop(s, self.stop))
        if site.contender.unit is not None:
            self.results.add(site.contender.name, "rest", {"figures": measured})

    def _forwarding(self) -> None:
        """relais and a plain masquerade gateway by turns, nothing else going on."""
        plain = plain_of(self.firsts)
        if plain is None or "relais" not in self.firsts:
            say("forwarding: left out, it needs relais and one peer")
            return
        say(f"forwarding: {self.settings.forwarding_turns} turns")
        for turn in range(self.settings.forwarding_turns):
            for name in ("relais", plain) if turn % 2 else (plain, "relais"):
                self._forward(name)

    def _forward(self, name: str) -> None:
        column = "relais" if name == "relais" else "masquerade"
        try:
            rate = costs.forwarding(self.firsts[name], self.settings.forwarding_s, self.stop)
        except LabError as error:
            say(f"forwarding: {error}")
            self.results.failed.append(f"forwarding through {column}: {error}")
            return
        self.results.add(column, "forwarding", {"figures": rate})

    def _measure(self, site: Site) -> None:
        """Take runs from the contender's plan, together with the other copies of its lab."""
        plan = self.plans[site.contender.name]
        while True:
            try:
                number, name = plan.popleft()
            except IndexError:
                return
            if self._too_late():
                say(f"{site.contender.name} {name} {number}: left out, no time")
                continue
            self._one(site, name, number)

    def _too_late(self) -> bool:
        limit = self.settings.begin_within_s
        return limit is not None and time.monotonic() - STARTED > limit

    def _one(self, site: Site, scenario: str, number: int) -> None:
        what = f"{site.contender.name} {scenario} {number}"
        watched = site.contender.provisioned or number <= self.settings.peer_backs
        pace = self.settings.pace if watched else replace(self.settings.pace, back_most_s=0)
        for attempt in range(1, ATTEMPTS + 1):
            with self._turn:
                if self.stop.is_set():
                    raise KeyboardInterrupt
                load = round(os.getloadavg()[0], 2)
                try:
                    run = run_once(site, SCENARIOS[scenario], number, pace, self.stop)
                except LabError as error:
                    say(f"{what}: {error}")
                    self.results.failed.append(f"{what}, attempt {attempt}: {error}")
                    continue
            run["load"] = load
            self.results.add(site.contender.name, scenario, run)
            say(f"{what}: {brief(run['figures'])}")
            return


def runs_of(contender: Contender, settings: Settings) -> int:
    return settings.runs if contender.provisioned else min(settings.runs, settings.peer_runs)


def planned(
    contender: Contender, settings: Settings, kept: Mapping[str, int]
) -> deque[tuple[int, str]]:
    """Number and scenario of each run; scenarios take turns, so a busy minute hits them all.

    `kept`: how many runs of a scenario there are from an earlier call.
    """
    return deque(
        (kept.get(name, 0) + number, name)
        for number in range(1, runs_of(contender, settings) + 1)
        for name in settings.scenarios
        if name in SCENARIOS and worth_it(contender, name, number)
    )


def worth_it(contender: Contender, scenario: str, number: int) -> bool:
    """The control is run once, and not where nothing could move anyway."""
    return contender.unit is not None or (number == 1 and scenario not in {"idle", "crowd"})


def brief(figures: dict[str, Any]) -> str:
    """The figures that tell most, on one line."""
    wanted = ("new_flows_ms", "fixed_udp_ms", "tcp_told_ms", "tcp_stuck", "noticed_ms",
              "vital_left_ms", "vital_returns", "diversions", "evictions", "tcp_harmed",
              "back_ms")  # fmt: skip
    shown = {name: figures[name] for name in wanted if name in figures}
    return ", ".join(
        f"{name.removesuffix('_ms')} {'never' if value is None else f'{value:.0f}'}"
        for name, value in shown.items()
    )


def ratios(runs: dict[str, dict[str, list[dict[str, Any]]]]) -> dict[str, float]:
    """relais against plain masquerade: the ratio of the medians."""
    ours, plain = (runs.get(who, {}).get("forwarding") for who in ("relais", "masquerade"))
    if not ours or not plain:
        return {}
    found = {}
    for figure, ratio in (("tcp_gbit_s", "tcp_ratio"), ("udp_kpackets_s", "udp_ratio")):
        medians = [percentile([run["figures"][figure] for run in each], 50) or 0
                   for each in (ours, plain)]  # fmt: skip
        if medians[1]:
            found[ratio] = round(medians[0] / medians[1], 4)
    return found


@contextmanager
def ignoring_interrupts() -> Any:
    """A second Ctrl-C does not stop the cleaning up."""
    before = {number: signal.signal(number, signal.SIG_IGN)
              for number in (signal.SIGINT, signal.SIGTERM)}  # fmt: skip
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
