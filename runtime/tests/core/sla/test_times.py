# SPDX-License-Identifier: GPL-3.0-or-later
"""Availability: what counts, what stands apart, and what a contract may be held to."""

from __future__ import annotations

import pytest
from months import AVAILABLE, DOWN, HOUR_MS, MICRO, PARIS, chain, link
from relais.core.history.model import Period
from relais.core.sla.stretches import site, stretches
from relais.core.sla.times import Times, Verdict, promise, share_percent, times
from relais.core.sla.window import Window

DAY = Window(0, 24 * HOUR_MS, PARIS)


def measured(*periods: Period) -> Times:
    return times(stretches(periods), DAY)


def test_availability_is_over_the_time_that_was_watched() -> None:
    found = measured(*chain(0, (AVAILABLE, 900), (DOWN, 100)))
    assert (found.available_ms, found.unavailable_ms, found.percent) == (900, 100, 90.0)
    assert found.no_data_ms == DAY.length_ms - 1000


def test_a_gap_is_no_outage() -> None:
    found = measured(link(AVAILABLE, 0, 1000), link(AVAILABLE, 500_000, 501_000))
    assert (found.unavailable_ms, found.percent) == (0, 100.0)


def test_a_micro_outage_is_no_unavailability() -> None:
    assert measured(*chain(0, (AVAILABLE, 500), (MICRO, 600), (AVAILABLE, 100))).percent == 100.0


def test_a_drill_stands_apart_and_is_told() -> None:
    found = measured(
        link(AVAILABLE, 0, 1000),
        link(DOWN, 1000, 1400, excused=True),
        link(AVAILABLE, 1400, 1500, excused=True),
        link(AVAILABLE, 1500, 2500),
    )
    assert (found.excused_ms, found.excused_unavailable_ms) == (500, 400)
    assert (found.available_ms, found.percent) == (2000, 100.0)


def test_a_failure_that_outlasts_the_drill_counts_from_the_end_of_the_excuse() -> None:
    found = measured(
        link(AVAILABLE, 0, 1000),
        link(DOWN, 1000, 2000, excused=True),
        link(DOWN, 2000, 3000),
    )
    assert (found.unavailable_ms, found.excused_unavailable_ms) == (1000, 1000)


def test_a_drill_on_one_link_does_not_excuse_another() -> None:
    fibre = stretches([link(DOWN, 0, 1000, excused=True)])
    lte = stretches([link(DOWN, 0, 1000, wan="lte")])
    assert times(fibre, DAY).unavailable_ms == 0
    assert times(lte, DAY).unavailable_ms == 1000


def test_nothing_watched_is_undefined_and_not_zero() -> None:
    assert measured().percent is None
    assert measured(link(DOWN, 0, 1000, excused=True)).percent is None


def test_what_a_clock_that_was_set_back_told_twice_counts_once() -> None:
    found = measured(link(AVAILABLE, 0, 2000), link(DOWN, 1000, 3000), link(DOWN, 1500, 1800))
    assert (found.available_ms, found.unavailable_ms) == (2000, 1000)


def test_a_period_is_cut_at_the_edges_of_the_window() -> None:
    found = measured(link(AVAILABLE, -5000, DAY.to_ms + 5000))
    assert (found.available_ms, found.no_data_ms) == (DAY.length_ms, 0)


def test_a_share_is_cut_so_that_a_hundred_means_all() -> None:
    assert share_percent(99_999_999, 100_000_000) == 99.9999
    assert share_percent(3, 3) == 100.0
    assert share_percent(0, 0) is None


@pytest.mark.parametrize(
    ("parts", "promised", "verdict"),
    [
        (((AVAILABLE, 998), (DOWN, 2)), 99.9, Verdict.UNKNOWN),  # Nearly all day without data.
        (((AVAILABLE, 24 * HOUR_MS - 86_400), (DOWN, 86_400)), 99.9, Verdict.KEPT),
        (((AVAILABLE, 24 * HOUR_MS - 86_401), (DOWN, 86_401)), 99.9, Verdict.MISSED),
        (((AVAILABLE, HOUR_MS), (DOWN, HOUR_MS)), 99.9, Verdict.MISSED),
        (((AVAILABLE, 10 * HOUR_MS), (DOWN, 60_000)), 99.9, Verdict.UNKNOWN),
        (((AVAILABLE, HOUR_MS),), 100, Verdict.KEPT),
        (((AVAILABLE, 500), (DOWN, 500)), None, None),
        ((), 99.9, Verdict.UNKNOWN),
    ],
)
def test_an_operator_is_accused_of_what_was_seen_only(
    parts: tuple[tuple[object, int], ...], promised: float | None, verdict: Verdict | None
) -> None:
    found = measured(*chain(0, *parts))  # type: ignore[arg-type]
    assert promise(found, promised) is verdict


@pytest.mark.parametrize(
    ("fibre", "lte", "available", "dark", "excused", "no_data"),
    [
        ([link(DOWN, 0, 100)], [link(AVAILABLE, 0, 100)], 100, 0, 0, 0),
        ([link(DOWN, 0, 100)], [link(DOWN, 40, 100)], 0, 60, 0, 40),
        ([link(DOWN, 0, 100)], [], 0, 0, 0, 100),
        ([link(DOWN, 0, 100, excused=True)], [link(DOWN, 0, 100)], 0, 0, 100, 0),
        ([link(DOWN, 0, 100)], [link(MICRO, 0, 10), link(DOWN, 10, 100)], 10, 90, 0, 0),
    ],
    ids=["one works", "both dark", "one unknown", "dark by a drill", "a micro-outage"],
)
def test_the_site_is_dark_only_while_every_link_is_known_to_be(
    fibre: list[Period],
    lte: list[Period],
    available: int,
    dark: int,
    excused: int,
    no_data: int,
) -> None:
    window = Window(0, 100, PARIS)
    found = times(site({"fibre": stretches(fibre), "lte": stretches(lte)}), window)
    assert found == Times(100, available, dark, excused, excused)
    assert found.no_data_ms == no_data
