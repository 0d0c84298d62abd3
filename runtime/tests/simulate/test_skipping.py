# SPDX-License-Identifier: GPL-3.0-or-later
"""Jumping from one due instant to the next changes nothing but the time it takes."""

from __future__ import annotations

import pytest
from relais.core.events import Tick
from simulate.worlds import HOUR_MS, nasty, run


@pytest.mark.parametrize("seed", ["1", "2"])
def test_a_nasty_hour_is_decided_alike_with_every_tick_and_with_the_due_ones_only(
    seed: str,
) -> None:
    quick, few = run(nasty(), 3600, seed=seed, begin_ms=8 * HOUR_MS)
    dense, many = run(nasty(), 3600, seed=seed, begin_ms=8 * HOUR_MS, dense=True)
    assert len(quick.switches) > 10
    assert quick.decisions == dense.decisions
    assert quick.probes == dense.probes
    heard = [event for event in few if not isinstance(event, Tick)]
    assert heard == [event for event in many if not isinstance(event, Tick)]
    assert len(few) < len(many) / 3


def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    first, _unused = run(nasty(), 900, seed="a", begin_ms=8 * HOUR_MS)
    again, _unused = run(nasty(), 900, seed="a", begin_ms=8 * HOUR_MS)
    other, _unused = run(nasty(), 900, seed="b", begin_ms=8 * HOUR_MS)
    assert first.decisions == again.decisions
    assert first.faults == again.faults
    assert first.faults != other.faults
