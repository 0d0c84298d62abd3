# SPDX-License-Identifier: GPL-3.0-or-later
"""Round trips are counted so that percentiles can be told from the counts."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from relais.core.history.buckets import (
    LEAST_US,
    MOST_US,
    added,
    bounds_us,
    bucket,
    percentile_us,
    value_us,
)

round_trips = st.integers(LEAST_US, MOST_US)


@pytest.mark.parametrize(
    ("rtt_us", "number", "bounds"),
    [
        (10, 10, (10, 10)),
        (63, 63, (63, 63)),
        (64, 64, (64, 65)),
        (8000, 286, (7936, 8063)),
        (60_000_000, 697, (59_768_832, 60_817_407)),
    ],
)
def test_the_rule_is_the_documented_one(rtt_us: int, number: int, bounds: tuple[int, int]) -> None:
    assert bucket(rtt_us) == number
    assert bounds_us(number) == bounds


def test_the_buckets_follow_each_other_without_gap() -> None:
    numbers = range(bucket(LEAST_US), bucket(MOST_US) + 1)
    ends = [bounds_us(number) for number in numbers]
    assert all(one[1] + 1 == other[0] for one, other in pairwise(ends))


@pytest.mark.parametrize("number", [9, 698])
def test_a_number_that_is_no_bucket_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="is no bucket"):
        bounds_us(number)


@given(round_trips)
def test_a_round_trip_is_within_its_bucket_and_near_its_value(rtt_us: int) -> None:
    least, greatest = bounds_us(bucket(rtt_us))
    assert least <= rtt_us <= greatest
    assert greatest - least < max(least / 31, 1)
    assert abs(value_us(bucket(rtt_us)) - rtt_us) <= rtt_us * 0.016 + 1


@given(st.integers(-5, 10**9))
def test_what_is_shorter_or_longer_counts_as_the_ends(rtt_us: int) -> None:
    assert bucket(LEAST_US) <= bucket(rtt_us) <= bucket(MOST_US)


@given(st.lists(round_trips, min_size=1), st.sampled_from([1, 500, 950, 990, 999, 1000]))
def test_a_percentile_is_the_value_of_the_bucket_of_the_nearest_rank(
    values: list[int], per_mille: int
) -> None:
    rank = max(math.ceil(per_mille * len(values) / 1000), 1)
    exact = sorted(values)[rank - 1]
    assert percentile_us(Counter(map(bucket, values)), per_mille) == value_us(bucket(exact))


def test_nothing_heard_has_no_percentile() -> None:
    assert percentile_us({}, 950) is None


@given(st.lists(round_trips), st.lists(round_trips))
def test_the_counts_of_two_stretches_add_up(one: list[int], other: list[int]) -> None:
    both = added(Counter(map(bucket, one)), Counter(map(bucket, other)))
    assert both == Counter(map(bucket, one + other))
    assert list(both) == sorted(both)
