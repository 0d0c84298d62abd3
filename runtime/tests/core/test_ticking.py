# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the world is looked at."""

from __future__ import annotations

import pytest
from relais.core.events import Traffic
from relais.core.ticking import CALM_TICK_MS, FAST_TICK_MS, TICK_MS, Pace
from world import World


def pace_of(world: World, pace: Pace, sent: int) -> float:
    counted = {"fibre": Traffic(0, sent), "lte": Traffic(0, 0)}
    return pace.ticked(world.state, counted, world.now_ms) - world.now_ms


def test_idle_lines_are_looked_at_less_often() -> None:
    world = World().start().run(5)
    pace = Pace()
    assert pace_of(world, pace, sent=100) == TICK_MS
    world.run(10)
    assert pace_of(world, pace, sent=102) == CALM_TICK_MS


@pytest.mark.parametrize("seconds", [0.25, 0.4])
def test_a_line_in_doubt_is_looked_at_often(seconds: float) -> None:
    world = World().start()
    world.busy = {"fibre"}
    world.run(5)
    world.dark = {"fibre"}
    world.run(seconds)
    assert pace_of(world, Pace(), sent=100) == FAST_TICK_MS


def test_a_line_that_is_known_to_be_dead_is_not() -> None:
    world = World().start()
    world.busy = {"fibre"}
    world.run(5)
    world.dark = {"fibre"}
    world.run(20)
    assert pace_of(world, Pace(), sent=100) == TICK_MS


def test_the_end_of_patience_is_looked_at_at_the_very_instant() -> None:
    world = World().start()
    world.busy = {"fibre"}
    world.run(5)
    world.dark = {"fibre"}
    world.run(0.15)
    unheard = world.state.links["fibre"].unheard_since_ms
    assert unheard is not None
    pace = Pace(busy_ms=world.now_ms)
    assert pace.ticked(world.state, {}, world.now_ms) == world.now_ms + TICK_MS
    assert pace.ticked(world.state, {}, unheard + 195) == unheard + 200


def test_an_instant_that_has_passed_is_not_waited_for() -> None:
    world = World().start()
    world.busy = {"fibre"}
    world.run(5)
    world.dark = {"fibre"}
    world.run(0.15)
    unheard = world.state.links["fibre"].unheard_since_ms
    assert unheard is not None
    pace = Pace(busy_ms=unheard)
    assert pace.ticked(world.state, {}, unheard + 200) == unheard + 200 + TICK_MS
