# SPDX-License-Identifier: GPL-3.0-or-later
"""Medians and percentiles are values that were measured, and `never` is the worst of them."""

from __future__ import annotations

import pytest
from bench.stats import median, percentile, summary


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([5.0], 99, 5.0),
        ([3.0, 1.0, 2.0], 50, 2.0),
        (list(range(1, 101)), 99, 99),
        (list(range(1, 101)), 100, 100),
        (list(range(1, 21)), 99, 20),  # fewer than 100: the worst
        ([1.0, None], 50, 1.0),
        ([1.0, None], 99, None),
        ([None, None], 50, None),
    ],
)
def test_a_percentile_is_one_of_the_values(
    values: list[float | None], percent: float, expected: float | None
) -> None:
    assert percentile(values, percent) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([4.0, 1.0], 2.5),
        ([1.0, 2.0, 9.0], 2.0),
        ([1.0, 2.0, None], 2.0),
        ([1.0, None], None),  # the mean of something and never
        ([1.0, 3.0, 4.0, None], 3.5),
    ],
)
def test_a_median_of_an_even_number_is_between_the_two_in_the_middle(
    values: list[float | None], expected: float | None
) -> None:
    assert median(values) == expected


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_a_summary_counts_the_runs_in_which_it_never_happened() -> None:
    assert summary([0.2, None, 0.1]) == {
        "n": 3, "never": 1, "median": 0.2, "p99": None, "least": 0.1, "most": 0.2, "total": 0.3,
    }  # fmt: skip
