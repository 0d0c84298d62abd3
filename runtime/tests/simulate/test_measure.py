# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run reports agrees with what was done to the links."""

from __future__ import annotations

from typing import Any

import pytest
from relais.simulate.measure import distribution, measure, summary
from relais.simulate.models import Episodes, Kind
from relais.simulate.run import simulate, stretches
from relais.simulate.scenario import BUILT_IN, Scenario, default_config
from simulate.worlds import one_fault, run, short_config


def figures(scenario: Scenario, seconds: float = 120) -> dict[str, Any]:
    outcome, _unused = run(scenario, seconds)
    return summary(measure(outcome, short_config()))


@pytest.mark.parametrize("busy", [True, False])
def test_an_outage_is_found_left_and_come_back_from(busy: bool) -> None:
    told = figures(one_fault(Episodes(Kind.OUTAGE, at=((40.0, 20.0),)), busy=busy))
    outage = told["faults"]["outage"]
    assert (outage["all"], outage["missed"]) == (1, 0)
    assert 0 < outage["detection_ms"]["max"] < 3000
    assert 10_000 <= outage["failback_ms"]["max"] < 15_000
    assert told["switches"]["needless"] == told["evictions"]["needless"] == 0
    assert told["evictions"]["all"] == 3


def test_carrier_loss_is_acted_on_at_once() -> None:
    told = figures(one_fault(Episodes(Kind.CARRIER, at=((40.0, 20.0),))))
    assert told["faults"]["carrier"]["detection_ms"]["max"] == 0


def test_an_outage_that_nobody_could_leave_is_missed() -> None:
    cut = Episodes(Kind.OUTAGE, at=((40.0, 20.0),))
    other = Episodes(Kind.CARRIER, at=((30.0, 60.0),))
    told = figures(one_fault(cut, lte=(other,)))
    assert told["faults"]["outage"]["missed"] == 1
    assert told["missed_faults"][0]["wan"] == "fibre"


def test_a_switch_without_a_real_fault_is_needless() -> None:
    told = figures(one_fault(Episodes(Kind.BURST, at=((40.0, 3.0),))))
    assert told["switches"]["needless"] == told["switches"]["diverts"] == 3
    assert told["evictions"]["needless"] == 3
    assert {one["cause"] for one in told["needless_switches"]} == {"fault"}


def test_time_on_each_link_adds_up() -> None:
    told = figures(one_fault(Episodes(Kind.OUTAGE, at=((40.0, 30.0),))))
    voice = told["time_percent"]["voice"]
    assert sum(voice.values()) == pytest.approx(100, abs=0.01)
    # 30 s of outage and 10 s of failback of two minutes.
    assert voice["lte"] == pytest.approx(100 * 40 / 120, abs=3)


def test_a_distribution_names_its_ends() -> None:
    values = [float(value) for value in range(1, 101)]
    assert distribution(values) == {"median": 50.5, "p90": 91.0, "p99": 100.0, "max": 100.0}
    assert distribution([]) == {}


def test_a_run_of_days_is_made_of_days_and_keeps_their_order() -> None:
    spans = [(stretch.begin_ms, stretch.end_ms) for stretch in stretches(2.5)]
    assert spans == [(0, 86_400_000), (86_400_000, 172_800_000), (172_800_000, 216_000_000)]
    tally, decisions = simulate(default_config(), BUILT_IN["flapping"], 0.02, 3)
    assert tally.days == pytest.approx(0.02)
    assert decisions == sorted(decisions, key=lambda decision: decision.at_ms)
    assert decisions == simulate(default_config(), BUILT_IN["flapping"], 0.02, 3)[1]
