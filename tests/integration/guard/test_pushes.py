# SPDX-License-Identifier: GPL-3.0-or-later
"""Pushes that lock the engineer out, with the default time: the figures of
docs/explanation/reliability.md. Twenty take half an hour:
`RELAIS_PUSHES=20 .venv/bin/pytest -m slow tests/integration/guard/test_pushes.py`.

Leaves build/guard/pushes.md, one row for each push and a line that sums them up.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parents[3]
FIGURES = CHECKOUT / "build" / "guard" / "pushes.md"
SITE = yaml.safe_load((CHECKOUT / "tests/lab/site/group_vars/gateways.yml").read_text())
FIBRE, LTE = SITE["relais_wans"]
PUSHES = int(os.environ.get("RELAIS_PUSHES", "20"))
"""The first twenty are all combinations of fault and ending."""
PROMISE_S = 60.0
BACK_WITHIN_S = 240

SHUT = {
    "relais_management": {"addresses": ["192.0.2.64/28"]},
    "gateway_accept_findings": ["session"],
}
FAULTS: dict[str, dict[str, Any]] = {
    "wrong address": {
        "relais_wans": [{**FIBRE, "address": "203.0.113.6/30", "gateway": "203.0.113.5"}, LTE]
    },
    "firewall shuts SSH": SHUT,
    "wrong gateway": {
        "relais_wans": [{**FIBRE, "address": "203.0.113.2/29", "gateway": "203.0.113.3"}, LTE]
    },
    "template shuts SSH": {},
    "firewall shuts SSH, disk full": SHUT,
}
# What happens once the engineer is locked out.
ENDINGS = ("the play waits", "controller killed", "gateway rebooted", "SSH sessions cut")


@dataclass(frozen=True)
class Row:
    """One push, as it is told in the figures."""

    fault: str
    ending: str
    out_s: float
    same: bool


@pytest.fixture(scope="module")
def provisioned(engineer: Any) -> Any:
    """The gateway, managed over its WAN."""
    done = engineer.start_on_site().finish()
    assert done.status == 0, done.said[-4000:]
    return engineer


@pytest.fixture(scope="module")
def figures() -> Iterator[list[Row]]:
    rows: list[Row] = []
    yield rows
    lines = ["| push | then | locked out | byte for byte |", "|---|---|---|---|"]
    for row in rows:
        same = "yes" if row.same else "NO"
        lines.append(f"| {row.fault} | {row.ending} | {row.out_s:.0f} s | {same} |")
    good = sum(row.same and row.out_s <= PROMISE_S for row in rows)
    seconds = [row.out_s for row in rows] or [0.0]
    lines += ["", f"{good} of {PUSHES} taken back within {PROMISE_S:.0f} s and byte for byte;"]
    lines += [f"locked out for {statistics.median(seconds):.0f} s, {max(seconds):.0f} s at worst."]
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text("\n".join(lines) + "\n")


def happen(ending: str, fault: str, engineer: Any, run: Any) -> None:
    """What comes on top of the lock-out."""
    lab = engineer.lab
    if fault.endswith("disk full"):
        fill = "fallocate -l $(df --output=avail -k /opt | tail -1)K /fill; df /opt"
        assert " 100%" in lab.exec("gw", "sh", "-c", fill).stdout
    if ending == "controller killed":
        run.kill()
    elif ending == "gateway rebooted":
        run.kill()
        lab.exec("gw", "systemctl", "reboot")
    elif ending == "SSH sessions cut":
        cut = lab.exec("gw", "sh", "-c", 'kill $(pgrep --full "^sshd: root")')
        assert cut.returncode == 0, cut.stderr


def locked_out_s(engineer: Any, run: Any, fault: str, ending: str) -> float:
    """Seconds from the first new connection that fails to the first that is made again."""
    run.until(lambda: not engineer.can_connect())
    began = time.monotonic()
    happen(ending, fault, engineer, run)
    while not engineer.can_connect():
        assert time.monotonic() < began + BACK_WITHIN_S, "locked out for good"
    return time.monotonic() - began


def settled(condition: Callable[[], bool]) -> bool:
    """Whether something holds soon: leases and boots take their time."""
    until = time.monotonic() + 60
    while not condition():
        if time.monotonic() > until:
            return False
    return True


@pytest.mark.parametrize("number", range(PUSHES))
def test_a_push_that_locks_out_is_taken_back(
    provisioned: Any, figures: list[Row], shutting_template: Path, number: int
) -> None:
    engineer = provisioned
    fault = list(FAULTS)[number % len(FAULTS)]
    ending = ENDINGS[number % len(ENDINGS)]
    collections = shutting_template if fault == "template shuts SSH" else None
    before = engineer.owned()
    run = engineer.start(collections=collections, **FAULTS[fault])
    try:
        out_s = locked_out_s(engineer, run, fault, ending)
        run.process.wait()
        same = settled(lambda: not engineer.pending() and engineer.owned() == before)
    finally:
        engineer.lab.exec("gw", "rm", "-f", "/fill")
    figures.append(Row(fault, ending, out_s, same))
    assert run.status != 0, run.said[-4000:]
    assert same and engineer.can_connect()
    assert engineer.last()["outcome"] == "rolled_back"
