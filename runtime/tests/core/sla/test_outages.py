# SPDX-License-Identifier: GPL-3.0-or-later
"""Outages, the time to repair, and micro-outages."""

from __future__ import annotations

import pytest
from months import AVAILABLE, DOWN, HOUR_MS, MICRO, PARIS, at_ms, chain, link
from relais.core.history.model import Period
from relais.core.sla.outages import Outage, micro_outages, outages, repair
from relais.core.sla.stretches import stretches
from relais.core.sla.times import Verdict
from relais.core.sla.window import Window, month

DAY = Window(0, 24 * HOUR_MS, PARIS)


def found(*periods: Period, window: Window = DAY) -> list[Outage]:
    return outages(stretches(periods), window)


def test_the_time_to_repair_runs_from_the_last_answer_to_the_next() -> None:
    (one,) = found(*chain(1000, (AVAILABLE, 500), (DOWN, 4 * HOUR_MS), (AVAILABLE, 500)))
    assert (one.began_ms, one.counted_ms) == (1500, 4 * HOUR_MS)
    assert repair(one, 4) is Verdict.KEPT
    assert repair(one, 3.9999) is Verdict.MISSED
    assert repair(one, None) is None


def test_an_outage_whose_end_nobody_saw_is_not_taken_for_repaired() -> None:
    (one,) = found(link(AVAILABLE, 0, 1000), link(DOWN, 1000, HOUR_MS))
    assert not one.end_seen
    assert repair(one, 4) is Verdict.UNKNOWN
    assert repair(one, 0.5) is Verdict.MISSED


def test_a_gap_divides_an_outage_for_the_line_may_have_worked_in_between() -> None:
    first, second = found(
        *chain(0, (AVAILABLE, 1000), (DOWN, 1000)), *chain(5000, (DOWN, 1000), (AVAILABLE, 1000))
    )
    assert (first.begin_seen, first.end_seen) == (True, False)
    assert (second.begin_seen, second.end_seen) == (False, True)
    assert repair(second, 4) is Verdict.UNKNOWN


def test_only_the_time_beyond_a_drill_is_time_to_repair() -> None:
    (one,) = found(
        link(AVAILABLE, 0, 1000),
        link(DOWN, 1000, 61_000, excused=True),
        link(DOWN, 61_000, 61_000 + 2 * HOUR_MS),
        link(AVAILABLE, 61_000 + 2 * HOUR_MS, 5 * HOUR_MS),
    )
    assert (one.counted_ms, one.length_ms) == (2 * HOUR_MS, 2 * HOUR_MS + 60_000)
    assert repair(one, 2) is Verdict.KEPT


def test_an_outage_of_a_drill_alone_holds_nobody_to_a_contract() -> None:
    (one,) = found(link(AVAILABLE, 0, 10), link(DOWN, 10, 20, excused=True))
    assert one.excused
    assert repair(one, 0) is None


def test_an_outage_belongs_to_the_month_that_it_begins_in() -> None:
    begin = at_ms("2026-10-31T23:00")
    periods = chain(begin - 1000, (AVAILABLE, 1000), (DOWN, 5 * HOUR_MS), (AVAILABLE, 1000))
    (october,) = found(*periods, window=month("2026-10", PARIS))
    (november,) = found(*periods, window=month("2026-11", PARIS))
    assert october.counted_ms == november.counted_ms == 5 * HOUR_MS
    assert (october.begun_inside, november.begun_inside) == (True, False)


def test_a_change_of_the_link_s_state_divides_no_outage() -> None:
    assert len(found(*chain(0, (AVAILABLE, 10), (DOWN, 10), (DOWN, 10), (AVAILABLE, 10)))) == 1


def test_micro_outages_are_counted_by_the_hour_on_the_wall() -> None:
    window = month("2026-11", PARIS)
    first, second = at_ms("2026-11-03T09:59:59"), at_ms("2026-11-04T14:00")
    periods = [
        link(MICRO, first, first + 700),
        link(MICRO, second, second + 900),
        link(MICRO, second + 5000, second + 5300, excused=True),
        link(MICRO, window.from_ms - 100, window.from_ms + 100),
    ]
    short = micro_outages(stretches(periods), window)
    assert (short.count, short.total_ms, short.longest_ms, short.excused) == (2, 1600, 900, 1)
    assert {hour for hour, count in enumerate(short.by_hour) if count} == {9, 14}


@pytest.mark.parametrize("parts", [(), ((AVAILABLE, 1000),)])
def test_a_quiet_month_has_none(parts: tuple[tuple[object, int], ...]) -> None:
    periods = chain(0, *parts)  # type: ignore[arg-type]
    assert found(*periods) == []
    assert micro_outages(stretches(periods), DAY).count == 0
