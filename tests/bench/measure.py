# SPDX-License-Identifier: GPL-3.0-or-later
"""One run: a fresh contender, an office at work, a fault, the way back."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab.errors import LabError

from bench import costs, figures, scenarios
from bench.figures import Marks
from bench.scenarios import Pace, Scenario, wait_for, wait_or_stop
from bench.site import BUILD, PRIMARY, STANDBY, Site

OPEN_WITHIN_S = 15
CHECK_S = 1.0


class Load:
    """The load client as the bench sees it: words in, its state out."""

    def __init__(self, site: Site, path: Path) -> None:
        self.site, self.path = site, path
        self.state: dict[str, Any] = {}
        self._process = site.popen("lan", [sys.executable, "-m", "bench.load", str(path)])
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.state = json.loads(line)

    def say(self, *words: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()

    def good_for(self, seconds: float) -> bool:
        """Whether new requests of all kinds have been answered without a failure for so long."""
        if not self.state:
            return False
        kinds = [self.state[kind] for kind in ("udp", "vital", "tcp")]
        now = self.state["at"]
        return all(
            now - kind["failed"] > seconds + 0.9 and now - kind["good"] < 0.5 for kind in kinds
        )

    def via_for(self, wan: str, seconds: float) -> bool:
        """Whether new ordinary requests have all gone by a WAN for so long."""
        if not self.state:
            return False
        kinds = [self.state[kind] for kind in ("udp", "tcp")]
        now = self.state["at"]
        return all(
            self.site.wan_of(kind["via"]) == wan and now - kind["via_since"] > seconds
            for kind in kinds
        )

    def open_sessions(self, generation: int, scenario: Scenario, stop: threading.Event) -> int:
        """Open the scenario's sessions and wait for them; how many are open."""
        if not scenario.sessions:
            return 0
        self.say("open", generation, scenario.sessions, scenario.stream_port)

        def counted() -> int:
            return int(self.state.get("sessions", {}).get(str(generation), {}).get("open", 0))

        wait_for(lambda: counted() == scenario.sessions, OPEN_WITHIN_S, stop)
        return counted()

    def finish(self) -> dict[str, Any]:
        """Stop the client and read what it wrote down."""
        self.say("stop")
        self._process.wait(30)
        self._reader.join(5)
        record: dict[str, Any] = json.loads(self.path.read_text())
        return record

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def working(site: Site, path: Path) -> Iterator[Load]:
    load = Load(site, path)
    try:
        yield load
    finally:
        load.kill()


def run_once(
    site: Site, scenario: Scenario, number: int, pace: Pace, stop: threading.Event
) -> dict[str, Any]:
    """Measure one run; its figures and what they rest on. Raises LabError when it cannot begin."""
    scenarios.clear(site.isp)
    site.forget_flows()
    site.fresh()
    path = BUILD / "samples" / f"{site.contender.name}-{scenario.name}-{number}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with working(site, path) as load:
        begin(load, scenario, pace, stop)
        costs_before = costs.usage(site)
        try:
            marks, extra = RUNS[scenario.kind](site, load, scenario, pace, stop)
        finally:
            scenarios.clear(site.isp)
        raw = figures.named(load.finish(), site.wan_of)
    spent = costs.spent(costs_before, costs.usage(site))
    found = work_out(scenario, raw, marks)
    return {
        "figures": {**found, **extra, **spent},
        "marks": asdict(marks),
        "late_ms": raw["late_ms"],
        "fault_seconds": round(marks.cleared - marks.after, 3),
        "inject_ms": round(1e3 * (marks.after - marks.before), 1),
        "watched_seconds": round(marks.ended - marks.before, 1),
    }


def begin(load: Load, scenario: Scenario, pace: Pace, stop: threading.Event) -> None:
    """Steady state first: all works by the primary, sessions are open, the contender settled."""
    site = load.site
    steady = site.contender.settle_s

    def works() -> bool:
        return load.via_for(PRIMARY, pace.warm_s) and load.good_for(pace.warm_s)

    if not wait_for(works, 60 + steady, stop):
        raise LabError(f"{site.name}: no steady state before the fault: {load.state}")
    if scenario.kind == "idle":
        load.say("quiet")
    elif (opened := load.open_sessions(1, scenario, stop)) < scenario.sessions:
        raise LabError(f"{site.name}: only {opened} of {scenario.sessions} sessions opened")
    phase = random.SystemRandom().uniform(0, site.contender.period_s)
    wait_or_stop(max(0.0, steady - pace.warm_s) + phase, stop)


def run_cut(
    site: Site, load: Load, scenario: Scenario, pace: Pace, stop: threading.Event
) -> tuple[Marks, dict[str, Any]]:
    before, after = scenarios.inject(scenario, site.isp)
    least = after + pace.cut_least_s

    def done() -> bool:
        return time.monotonic() > least and load.good_for(pace.cut_hold_s)

    wait_for(done, max(site.contender.detect_s, pace.cut_least_s), stop)
    return Marks(before, after, *way_back(site, load, scenario, pace, stop)), {}


def run_steady(
    site: Site, load: Load, scenario: Scenario, pace: Pace, stop: threading.Event
) -> tuple[Marks, dict[str, Any]]:
    before, after = scenarios.inject(scenario, site.isp)
    if scenario.name == "noise":
        scenarios.hiccups(site.isp, scenario.lasts_s, stop)
        return Marks(before, after, scenarios.clear(site.isp), *check(load, stop)), {}
    wait_or_stop(scenario.lasts_s, stop)
    return Marks(before, after, *way_back(site, load, scenario, pace, stop)), {}


def run_idle(
    site: Site, load: Load, scenario: Scenario, pace: Pace, stop: threading.Event
) -> tuple[Marks, dict[str, Any]]:
    """Nobody asks, so the kernel is watched: when did the default route or the map change?"""
    with kernel_changes(site) as changes:
        changes.clear()
        before, after = scenarios.inject(scenario, site.isp)
        wait_for(lambda: bool(changes), site.contender.detect_s, stop)
    noticed = 1e3 * (changes[0] - before) if changes else None
    load.say("work")
    wait_for(lambda: load.good_for(1) and load.via_for(STANDBY, 1), 10, stop)
    marks = Marks(before, after, *way_back(site, load, scenario, pace, stop))
    return marks, {"noticed_ms": noticed}


@contextmanager
def kernel_changes(site: Site) -> Iterator[list[float]]:
    """Instants at which the gateway's default route or relais' map was changed."""
    seen: list[float] = []
    monitors = [
        site.popen("gw", ["ip", "monitor", "route"]),
        site.popen("gw", ["nft", "monitor", "elements"]),
    ]

    def follow(monitor: subprocess.Popen[str]) -> None:
        assert monitor.stdout is not None
        for line in monitor.stdout:
            if " steer " in line or line.startswith(("default ", "replace default ")):
                seen.append(time.monotonic())

    for monitor in monitors:
        threading.Thread(target=follow, args=(monitor,), daemon=True).start()
    try:
        wait_or_stop(0.5, threading.Event())  # both listen by then
        yield seen
    finally:
        for monitor in monitors:
            monitor.kill()
            monitor.wait()


def way_back(
    site: Site, load: Load, scenario: Scenario, pace: Pace, stop: threading.Event
) -> tuple[float, float, float]:
    """Open sessions where new flows go now, mend the line, watch until all is back.

    Returns when it was mended, when the sessions were checked, and when all was over.
    """
    if load.via_for(STANDBY, 0.2):
        load.open_sessions(2, scenario, stop)
    cleared = scenarios.clear(site.isp)
    if not pace.back_most_s:
        return cleared, cleared, cleared

    def back() -> bool:
        return load.via_for(PRIMARY, pace.back_hold_s) and load.good_for(1)

    wait_for(back, min(site.contender.back_s, pace.back_most_s), stop)
    return cleared, *check(load, stop)


def check(load: Load, stop: threading.Event) -> tuple[float, float]:
    """Have idle sessions say a word, and give the answers time to come: when, and until when."""
    checked = time.monotonic()
    load.say("check")
    wait_or_stop(CHECK_S, stop)
    return checked, time.monotonic()


def work_out(scenario: Scenario, raw: dict[str, Any], marks: Marks) -> dict[str, Any]:
    if scenario.name == "noise":
        return figures.noise(raw, marks, PRIMARY)
    if scenario.kind == "steady":
        return figures.brownout(raw, marks, PRIMARY, STANDBY)
    if scenario.kind == "idle":
        return figures.failback(raw, marks, PRIMARY, STANDBY)
    return figures.cut(raw, marks, PRIMARY, STANDBY)


RUNS: dict[str, Callable[..., tuple[Marks, dict[str, Any]]]] = {
    "cut": run_cut,
    "steady": run_steady,
    "idle": run_idle,
}
