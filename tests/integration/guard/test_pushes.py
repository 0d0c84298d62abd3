# SPDX-License-Identifier: GPL-3.0-or-later
"""Twenty pushes that lock the engineer out or fail, with the default time: the figures of
docs/explanation/reliability.md. Takes half an hour: `pytest -m slow tests/integration/guard`.

Leaves build/guard/pushes.md, one row for each push.
"""

from __future__ import annotations

import contextlib
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
BACK_WITHIN_S = 240

FAULTS: dict[str, dict[str, Any]] = {
    "wrong address": {
        "relais_wans": [{**FIBRE, "address": "203.0.113.6/30", "gateway": "203.0.113.5"}, LTE]
    },
    "firewall shuts SSH": {
        "relais_management": {"addresses": ["192.0.2.64/28"]},
        "gateway_accept_findings": ["session"],
    },
    "wrong gateway": {
        "relais_wans": [{**FIBRE, "address": "203.0.113.2/29", "gateway": "203.0.113.3"}, LTE]
    },
    "broken template": {"gateway_log_drops": True},
    "full disk": {"gateway_log_drops": True},
}
# What happens to the play once the engineer is locked out.
ENDINGS = ("the play waits", "controller killed", "gateway rebooted", "SSH connection cut")


@dataclass(frozen=True)
class Row:
    """One push, as it is told in the figures."""

    fault: str
    ending: str
    out_s: float | None
    same: bool
    gets_in: bool


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
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    lines = ["| push | then | locked out | in again | byte for byte |", "|---|---|---|---|---|"]
    for row in rows:
        out = "never" if row.out_s is None else f"{row.out_s:.0f} s"
        words = ["yes" if good else "NO" for good in (row.gets_in, row.same)]
        lines.append(f"| {row.fault} | {row.ending} | {out} | {words[0]} | {words[1]} |")
    FIGURES.write_text("\n".join(lines) + "\n")


@contextlib.contextmanager
def circumstances(fault: str, lab: Any) -> Iterator[None]:
    """The disk is full for as long as the push takes."""
    if fault != "full disk":
        yield
        return
    lab.exec("gw", "rm", "-r", "/var/lib/relais-rollback/snapshots")
    fill = "avail=$(df --output=avail -k /opt | tail -1); fallocate -l $((avail - 1500))K /fill"
    assert lab.exec("gw", "sh", "-c", fill).returncode == 0
    try:
        yield
    finally:
        lab.exec("gw", "rm", "/fill")


def happen(ending: str, engineer: Any, run: Any) -> None:
    if ending == "controller killed":
        run.kill()
    elif ending == "gateway rebooted":
        run.kill()
        engineer.lab.exec("gw", "systemctl", "reboot")
    elif ending == "SSH connection cut":
        engineer.lab.exec("gw", "loginctl", "terminate-user", "root")


def locked_out_s(engineer: Any, run: Any, ending: str) -> float | None:
    """Seconds from the first new connection that fails to the first that is made again."""
    while engineer.can_connect():
        if run.process.poll() is not None:
            return None
    began = time.monotonic()
    happen(ending, engineer, run)
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


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_push_that_locks_out_is_taken_back(
    provisioned: Any, figures: list[Row], broken_template: Path, fault: str, ending: str
) -> None:
    engineer = provisioned
    before = engineer.owned()
    collections = broken_template if fault == "broken template" else None
    with circumstances(fault, engineer.lab):
        more = {"runtime_artifact": engineer.new_release()} if fault == "full disk" else {}
        run = engineer.start(collections=collections, **FAULTS[fault], **more)
        out_s = locked_out_s(engineer, run, ending)
        run.process.wait()
    same = settled(lambda: not engineer.pending() and engineer.owned() == before)
    figures.append(
        Row(fault, "-" if out_s is None else ending, out_s, same, engineer.can_connect())
    )
    assert run.status != 0, run.said[-4000:]
    assert same and engineer.can_connect()
