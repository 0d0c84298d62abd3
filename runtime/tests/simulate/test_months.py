# SPDX-License-Identifier: GPL-3.0-or-later
"""What a month of each built-in world must come to, on a few condensed hours of it."""

from __future__ import annotations

import pytest
from relais.simulate.measure import Tally, measure, summary
from relais.simulate.models import Episodes, Kind
from simulate.worlds import HOUR_MS, noisy, run, short_config

SEEDS = ["1", "2", "3"]


def hour(seed: str, *episodes: Episodes, at: int = 9) -> Tally:
    """A busy hour of ordinary noise, or an idle one; what is more happens to the fibre."""
    outcome, _unused = run(noisy(*episodes), 3600, seed=seed, begin_ms=at * HOUR_MS)
    return measure(outcome, short_config())


def times(count: int, lasts_s: float) -> tuple[tuple[float, float], ...]:
    """So many episodes in the hour that `hour` simulates, not all at the same part of a second."""
    start_s, apart_s = 9 * 3600 + 100, 3400 // count + 0.137
    return tuple((start_s + n * apart_s, lasts_s) for n in range(count))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("at", [2, 9])
def test_loss_short_cuts_slow_spells_and_our_own_load_move_nothing(seed: str, at: int) -> None:
    tally = hour(seed, at=at)
    assert tally.diverts == []
    assert tally.evictions == 0
    assert tally.probes["fibre"] > 3600


@pytest.mark.parametrize("seed", SEEDS)
def test_every_outage_is_found_and_left(seed: str) -> None:
    told = summary(hour(seed, Episodes(Kind.OUTAGE, at=times(4, 60))))
    faults = told["faults"]
    assert isinstance(faults, dict)
    assert (faults["outage"]["all"], faults["outage"]["missed"]) == (4, 0)
    assert faults["outage"]["detection_ms"]["median"] < 1000


def test_half_of_the_brownouts_are_left_within_three_seconds_and_none_is_missed() -> None:
    tally = Tally()
    for seed in SEEDS:
        tally.add(hour(seed, Episodes(Kind.BROWNOUT, at=times(10, 120), loss_percent=30)))
    left = sorted(found.detected_ms for found in tally.found if found.detected_ms is not None)
    assert not [found for found in tally.found if found.missed]
    assert len(left) == len(tally.found) == 30
    assert left[15] < 3000
    assert tally.needless == []
    assert tally.needless_evictions == 0
