# SPDX-License-Identifier: GPL-3.0-or-later
"""Loss and delay of the samples: mean, quantiles, and variation above the least."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from relais.core.history.buckets import percentile_us
from relais.core.sla.samples import Samples

_Z = 1.96
_PLACES = 4


def interval_percent(events: int, trials: int) -> tuple[float, float] | None:
    """The 95 % score interval (Wilson 1927) of a proportion, in percent; None without trials."""
    if trials == 0:
        return None
    share = events / trials
    middle = share + _Z * _Z / (2 * trials)
    spread = _Z * math.sqrt(share * (1 - share) / trials + _Z * _Z / (4 * trials * trials))
    whole = 1 + _Z * _Z / trials
    low = 0.0 if events == 0 else max(0.0, (middle - spread) / whole)
    high = 1.0 if events == trials else min(1.0, (middle + spread) / whole)
    return round(100 * low, _PLACES), round(100 * high, _PLACES)


@dataclass(frozen=True, slots=True)
class Delay:
    """Round trips in microseconds. `pdv` is a quantile less the least round trip of the window
    (RFC 5481, 4.2: PDV). None: there are no samples, or too few for that quantile."""

    samples: int
    least_us: int | None
    mean_us: int | None
    median_us: int | None
    p95_us: int | None
    pdv_p95_us: int | None
    pdv_p99_us: int | None
    pdv_p999_us: int | None


def delay(samples: Samples) -> Delay:
    """Mean (rounded to the microsecond), median and tail of the round trips."""
    count = samples.answers
    p95, p99, p999 = (_quantile(samples.rtt_buckets, n) for n in (950, 990, 999))
    return Delay(
        samples=count,
        least_us=samples.rtt_least_us,
        mean_us=(2 * samples.rtt_sum_us + count) // (2 * count) if count else None,
        median_us=_quantile(samples.rtt_buckets, 500),
        p95_us=p95,
        pdv_p95_us=_above(p95, samples.rtt_least_us),
        pdv_p99_us=_above(p99, samples.rtt_least_us),
        pdv_p999_us=_above(p999, samples.rtt_least_us),
    )


def _quantile(buckets: Mapping[int, int], per_mille: int) -> int | None:
    """The percentile; None where fewer samples than it takes for one to lie beyond it, such as 20
    for 950."""
    enough = sum(buckets.values()) * (1000 - per_mille) >= 1000
    return percentile_us(buckets, per_mille) if enough else None


def _above(value: int | None, least: int | None) -> int | None:
    return None if value is None or least is None else max(0, value - least)
