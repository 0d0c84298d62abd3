# SPDX-License-Identifier: GPL-3.0-or-later
"""Repairs wait for whoever is at work, and never become a fight."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from relais.core.repair.upkeep import (
    FIGHT_PAUSE_MS,
    FIGHT_REPAIRS,
    FIGHT_WITHIN_MS,
    Damage,
    Upkeep,
    repaired,
    review,
)

RULE = Damage("rule", "fibre", "rule 2001", "was missing", 10.0)
ROUTE = Damage("route", "lte", "route default", "was missing", 0.0)


def test_a_thing_that_comes_back_by_itself_is_not_repaired() -> None:
    first = review(Upkeep(), [RULE], 0.0)
    assert (first.due, first.again_ms) == ((), 10.0)
    back = review(first.upkeep, [], 9.0)
    assert (back.due, back.again_ms) == ((), None)
    gone_again = review(back.upkeep, [RULE], 12.0)
    assert gone_again.due == (), "the time counts from the second loss"
    assert review(gone_again.upkeep, [RULE], 22.0).due == (RULE,)


def test_what_needs_no_grace_is_due_at_once_and_the_rest_later() -> None:
    seen = review(Upkeep(), [RULE, ROUTE], 0.0)
    assert (seen.due, seen.again_ms) == ((ROUTE,), 10.0)


def fight(every_ms: float, until_ms: float) -> tuple[list[float], list[float], Upkeep]:
    """Instants of repairs and of complaints while something is taken away all the time."""
    upkeep, repairs, told = Upkeep(), [], []
    now = 0.0
    while now < until_ms:
        seen = review(upkeep, [ROUTE], now)
        upkeep = seen.upkeep
        told += [now] * len(seen.fights)
        if seen.due:
            repairs.append(now)
            upkeep = repaired(upkeep, seen.due, now)
        now += every_ms
    return repairs, told, upkeep


def test_a_fight_is_told_once_and_slows_down() -> None:
    repairs, told, upkeep = fight(100.0, 60_000.0)
    assert repairs[:FIGHT_REPAIRS] == [0.0, 100.0, 200.0, 300.0, 400.0]
    later = [b - a for a, b in pairwise(repairs[4:])]
    assert later and min(later) >= FIGHT_PAUSE_MS
    assert told == [500.0]
    assert list(upkeep.fought.values()) == ["route default"]


def test_a_fight_is_over_after_a_calm_minute() -> None:
    repairs, _told, upkeep = fight(100.0, 2_000.0)
    calm = review(upkeep, [], repairs[-1] + FIGHT_WITHIN_MS)
    assert calm.upkeep.fought == {}
    assert review(calm.upkeep, [ROUTE], repairs[-1] + FIGHT_WITHIN_MS + 1).due == (ROUTE,)


@given(st.lists(st.tuples(st.floats(1, 5000), st.sampled_from(["all", "none"])), max_size=200))
def test_no_minute_sees_more_than_a_handful_of_repairs_of_one_thing(
    steps: list[tuple[float, str]],
) -> None:
    upkeep, repairs, now = Upkeep(), [], 0.0
    for wait_ms, gone in steps:
        now += wait_ms
        seen = review(upkeep, [ROUTE] if gone == "all" else [], now)
        upkeep = seen.upkeep
        if seen.due:
            repairs.append(now)
            upkeep = repaired(upkeep, seen.due, now)
    for at in repairs:
        minute = [other for other in repairs if at <= other < at + FIGHT_WITHIN_MS]
        assert len(minute) <= FIGHT_REPAIRS + FIGHT_WITHIN_MS / FIGHT_PAUSE_MS
