# SPDX-License-Identifier: GPL-3.0-or-later
"""Loss, delay and voice: of which samples, how many, and how sure."""

from __future__ import annotations

import pytest
from months import AVAILABLE, DOWN, HOUR_MS, HOUR_S, PARIS, chain, link, roll
from relais.core.history.buckets import bucket, value_us
from relais.core.model import Codec
from relais.core.sla.delay import delay, interval_percent
from relais.core.sla.samples import Samples, pick, together
from relais.core.sla.stretches import stretches
from relais.core.sla.voice import voice
from relais.core.sla.window import Window

WINDOW = Window(0, 3 * HOUR_MS, PARIS)
HOURS = [roll(at_s, HOUR_S) for at_s in range(0, 3 * HOUR_S, HOUR_S)]
MINUTES = [roll(at_s, 60) for at_s in range(0, 3 * HOUR_S, 60)]
SECONDS = [roll(at_s, 1) for at_s in range(3 * HOUR_S)]


def test_hours_are_taken_where_whole_hours_count_and_nothing_is_counted_twice() -> None:
    assert pick([*SECONDS, *MINUTES, *HOURS], WINDOW, []) == HOURS


def test_minutes_and_seconds_fill_up_to_the_edges() -> None:
    window = Window(HOUR_MS - 61_000, 2 * HOUR_MS + 2000, PARIS)
    taken = pick([*SECONDS, *MINUTES, *HOURS], window, [])
    assert sorted((one.at_s, one.step_s) for one in taken) == [
        (HOUR_S - 61, 1),
        (HOUR_S - 60, 60),
        (HOUR_S, HOUR_S),
        (2 * HOUR_S, 1),
        (2 * HOUR_S + 1, 1),
    ]


def test_what_is_measured_in_a_drill_is_left_out_to_the_second() -> None:
    begin_ms = HOUR_MS + 90_500
    seen = stretches(
        [
            *chain(0, (AVAILABLE, begin_ms)),
            link(DOWN, begin_ms, begin_ms + 2000, excused=True),
            link(AVAILABLE, begin_ms + 2000, 3 * HOUR_MS),
        ]
    )
    taken = pick([*SECONDS, *MINUTES, *HOURS], WINDOW, seen)
    covered = {second for one in taken for second in range(one.at_s, one.at_s + one.step_s)}
    assert set(range(3 * HOUR_S)) - covered == {HOUR_S + 90, HOUR_S + 91, HOUR_S + 92}
    assert sum(one.step_s for one in taken) == len(covered)


def test_an_hour_that_is_missing_is_made_of_its_minutes() -> None:
    taken = pick([*MINUTES, HOURS[0], HOURS[2]], WINDOW, [])
    assert sorted({one.step_s for one in taken}) == [60, HOUR_S]
    assert sum(one.step_s for one in taken) == 3 * HOUR_S


def test_figures_are_those_of_the_samples() -> None:
    samples = together([roll(0, 60, [10_000, 20_000], lost=1), roll(60, 60, [30_001])])
    assert (samples.sent, samples.lost, samples.watched_ms) == (4, 1, 120_000)
    found = delay(samples)
    assert (found.samples, found.least_us, found.mean_us) == (3, 10_000, 20_000)
    assert found.median_us == value_us(bucket(20_000))


def test_a_tail_needs_as_many_samples_as_it_has_to_tell_apart() -> None:
    few = delay(together([roll(0, 60, range(1000, 20_000, 1000))]))
    assert (few.samples, few.p95_us, few.pdv_p95_us) == (19, None, None)
    some = delay(together([roll(0, 60, range(1000, 101_000, 1000))]))
    assert some.pdv_p99_us == value_us(bucket(99_000)) - 1000
    assert some.pdv_p999_us is None


def test_variation_is_told_above_the_exact_least_and_never_below_it() -> None:
    """A bucket stands for its middle, which may lie below the least round trip in it."""
    assert delay(together([roll(0, 60, [8063] * 20)])).pdv_p95_us == 0


def test_without_samples_nothing_is_claimed() -> None:
    nothing = Samples()
    found = delay(nothing)
    assert (found.mean_us, found.median_us, found.pdv_p95_us) == (None, None, None)
    assert interval_percent(0, 0) is None
    assert voice(nothing, found, Codec.G711) is None


@pytest.mark.parametrize(
    ("lost", "sent", "low", "high"),
    [(0, 300, 0.0, 1.2644), (1, 60, 0.2951, 8.8556), (10, 10, 72.2460, 100.0)],
)
def test_the_interval_says_how_little_a_few_probes_tell(
    lost: int, sent: int, low: float, high: float
) -> None:
    assert interval_percent(lost, sent) == pytest.approx((low, high), abs=0.001)


def test_a_call_is_judged_from_mouth_to_ear() -> None:
    samples = together([roll(0, 60, [100_000] * 99 + [150_000], lost=1)])
    call = voice(samples, delay(samples), Codec.G729A)
    assert call is not None
    assert (call.codec, call.plc, call.ie, call.bpl) == ("G.729A", True, 11.0, 19.0)
    assert call.ta_us == 100_500 // 2 + 20_000 + max(0, value_us(bucket(100_000)) - 100_000)
    assert call.loss_percent == 0.9900
    assert (call.rating, call.mos) == pytest.approx((76.4, 3.86), abs=0.1)
