# SPDX-License-Identifier: GPL-3.0-or-later
"""Round trips counted by how long they took: a log-linear histogram of whole microseconds.

Each doubling is cut into 32 buckets of equal width, so that a bucket is 1.6 to 3.1 % of its value
wide, and what is below 64 us is counted exactly. The sum of two histograms is that of their counts.
docs/reference/history.md tells the rule for other programs.
"""

from __future__ import annotations

from collections.abc import Mapping

LEAST_US = 10
MOST_US = 60_000_000
"""Shorter and longer round trips count as these."""
_PARTS = 32
_BITS = 6
"""Numbers of so many bits are in the first whole doubling: 32 to 63."""


def bucket(rtt_us: int) -> int:
    """The number of the bucket of a round trip."""
    value = min(max(rtt_us, LEAST_US), MOST_US)
    shift = max(value.bit_length() - _BITS, 0)
    return _PARTS * shift + (value >> shift)


def bounds_us(number: int) -> tuple[int, int]:
    """The least and the greatest round trip in a bucket. Raises ValueError for none."""
    if not bucket(LEAST_US) <= number <= bucket(MOST_US):
        raise ValueError(f"{number} is no bucket")
    shift = max(number // _PARTS - 1, 0)
    part = number - _PARTS * shift
    return part << shift, ((part + 1) << shift) - 1


def value_us(number: int) -> int:
    """The round trip that stands for a bucket: its middle, rounded down; at most 1.6 % off."""
    least, greatest = bounds_us(number)
    return (least + greatest) // 2


def percentile_us(counts: Mapping[int, int], per_mille: int) -> int | None:
    """The percentile by the nearest-rank rule, 950 for the 95th; None without a round trip.

    It is the value of the bucket that holds the round trip of rank ceil(per_mille * n / 1000),
    counted from the shortest one as the first.
    """
    total = sum(counts.values())
    if total == 0:
        return None
    rank = max(-(-per_mille * total // 1000), 1)
    for number in sorted(counts):
        rank -= counts[number]
        if rank <= 0:
            return value_us(number)
    raise AssertionError("a rank is no greater than the number of round trips")


def added(one: Mapping[int, int], other: Mapping[int, int]) -> dict[int, int]:
    """Both together, in rising order of the numbers."""
    numbers = sorted({*one, *other})
    return {number: one.get(number, 0) + other.get(number, 0) for number in numbers}
