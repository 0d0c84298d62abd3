# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway to which things are done, while a LAN client counts what it loses."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

ECHO = "198.51.100.10"
BOUND = 1500  # datagrams of the stream, of which one leaves each 10 ms


@dataclass(frozen=True)
class Office:
    """The provisioned site, and what a test of this room asks of it again and again."""

    lab: Any
    numbers: dict[str, int]

    def run(self, script: str) -> str:
        """A shell script on the gateway; the test fails when it does."""
        done = self.lab.exec("gw", "sh", "-ec", script)
        assert done.returncode == 0, f"{script}: {done.stdout}{done.stderr}"
        return str(done.stdout)

    def status(self) -> dict[str, Any]:
        """The state document; empty while no daemon answers."""
        done = self.lab.exec("gw", "relais", "status", "--json")
        answer: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
        return answer

    def degraded(self) -> dict[str, str]:
        """Why each part that the status calls degraded is."""
        return {fault["part"]: fault["why"] for fault in self.status().get("degraded", ())}

    def line(self) -> str:
        """The WAN that carries the stream."""
        name: str = self.status()["services"]["voice"]["wans"][0]["wan"]
        return name

    def daemon(self) -> int:
        """The daemon's process, as the gateway numbers it; 0 for none."""
        return int(self.run("systemctl show --property MainPID --value relaisd"))

    def outside(self, name: str) -> int:
        """A process of the gateway by its name, as the host of the lab numbers it."""
        namespace = self.lab.status()["nodes"]["gw"]["namespace"]
        listed = subprocess.run(
            ["ip", "netns", "pids", namespace], capture_output=True, text=True, check=True
        )
        pids = ",".join(listed.stdout.split())
        shown = subprocess.run(
            ["ps", "-o", "pid=,comm=", "-p", pids], capture_output=True, text=True, check=True
        )
        found = [line.split()[0] for line in shown.stdout.splitlines() if line.split()[1] == name]
        return int(found[0])

    def begin(self) -> None:
        """The site is at rest, and a new daemon knows nothing of the faults before."""
        self.run("systemctl daemon-reload")
        self.lab.forget()
        self.lab.at_rest()

    @contextmanager
    def survives(self, what: str) -> Iterator[Callable[..., None]]:
        """The body does something to the gateway, of which the LAN's stream loses nothing. It is
        given a function that tells of a cut of the stream's line, and makes it if it shall: from
        then on the stream may lose something, and works again by the other line, in the same flow,
        before this ends. Prints what was lost and for how long."""
        cuts: dict[str, float] = {}

        line = self.line()

        def cut(kind: str | None = "silent") -> None:
            cuts[line] = time.monotonic()
            if kind is not None:
                self.lab.do("fault", f"isp-{line}", kind)

        with self.lab.stream(ECHO) as losses:
            yield cut
            for wan in cuts:
                self.lab.wait(f"the flow leaves {wan}", lambda wan=wan: self.left(wan))
            self.works()
            end = time.monotonic()
        since = min(cuts.values(), default=end)
        print(json.dumps(figures(what, losses["lost_at"], since)))
        assert [at for at in losses["lost_at"] if at < since] == [], f"{what}: lost without a cut"
        assert losses["lost"] < BOUND
        assert all(at < end for at in losses["lost_at"]), "the flow works again"
        assert bool(cuts) == bool(losses["lost"]), "the cut was one"

    def left(self, wan: str) -> bool:
        """Whether the stream's flow, of an unchanged 5-tuple, goes by another line than this."""
        shown = self.run("conntrack -L -p udp --orig-port-dst 5060 2>/dev/null || true")
        marks = [int(mark) for mark in re.findall(r"mark=(\d+)", shown)]
        number = self.numbers.get(wan)
        return marks != [] and all(mark >> 8 not in (0, number) for mark in marks)

    def works(self) -> None:
        """The LAN reaches the Internet."""
        self.lab.wait("the LAN's Internet", lambda: self.lab.ping("lan", ECHO), within_s=20)


def figures(what: str, lost_at: list[float], cut: float) -> dict[str, object]:
    """What a run measured: datagrams lost before and after the cut, and how long the outage was."""
    after = [at for at in lost_at if at >= cut]
    outage = max(after) - min(after) if after else 0.0
    before = len(lost_at) - len(after)
    return {"fault": what, "before": before, "lost": len(after), "seconds": round(outage, 2)}


@pytest.fixture
def site(site_lab: Any) -> Iterator[Office]:
    """The site as it is, and without a fault of a line when the test is over."""
    yield Office(site_lab, {"fibre": 1, "lte": 2})
    site_lab.do("fault", "all", "clear")


@pytest.fixture
def office(site: Office) -> Office:
    """The site with both lines at work and a new daemon."""
    site.begin()
    return site
