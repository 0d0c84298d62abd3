# SPDX-License-Identifier: GPL-3.0-or-later
"""Months by the clocks of the site."""

from __future__ import annotations

import pytest
from months import HOUR_MS, PARIS, at_ms
from relais.core.sla.window import WindowError, between, month, month_of, until


@pytest.mark.parametrize(
    ("text", "hours"),
    [("2026-11", 720), ("2026-10", 745), ("2026-03", 743), ("2024-02", 696), ("2026-12", 744)],
)
def test_a_month_is_as_long_as_the_clocks_make_it(text: str, hours: int) -> None:
    window = month(text, PARIS)
    assert window.length_ms == hours * HOUR_MS
    assert window.from_ms == at_ms(f"{text}-01T00:00")


def test_december_ends_with_the_year() -> None:
    assert month("2026-12", PARIS).to_ms == at_ms("2027-01-01T00:00")


def test_a_time_is_that_of_the_site_unless_it_says_otherwise() -> None:
    window = between("2026-11-03T08:00", "2026-11-03T08:00Z", PARIS)
    assert window.from_ms == at_ms("2026-11-03T08:00")
    assert window.length_ms == HOUR_MS


@pytest.mark.parametrize("text", ["november", "2026-13", "2026-1", "2026-11-01", "0000-01", ""])
def test_what_is_no_month_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(WindowError, match="write one as 2026-11"):
        month(text, PARIS)


@pytest.mark.parametrize(
    ("begin", "end", "message"),
    [
        ("yesterday", "2026-11-03", "'yesterday' is not a date or a time"),
        ("2026-11-03", "2026-11-03", "'2026-11-03' is not after '2026-11-03'"),
        ("2026-11-04", "2026-11-03", "is not after"),
    ],
)
def test_a_time_that_makes_no_window_is_refused(begin: str, end: str, message: str) -> None:
    with pytest.raises(WindowError, match=message):
        between(begin, end, PARIS)


def test_a_month_under_way_ends_now_and_another_one_where_it_ends() -> None:
    now_ms = at_ms("2026-11-28T12:00")
    assert until(month("2026-11", PARIS), now_ms).to_ms == now_ms
    assert until(month("2026-10", PARIS), now_ms) == month("2026-10", PARIS)
    assert month_of(now_ms, PARIS) == "2026-11"
