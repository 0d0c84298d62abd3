# SPDX-License-Identifier: GPL-3.0-or-later
"""The models have the statistics that they promise."""

from __future__ import annotations

import itertools

import pytest
from relais.core.model import Wan
from relais.simulate.line import Line
from relais.simulate.models import (
    DAY_MS,
    Episodes,
    GilbertElliott,
    Kind,
    LinkModel,
    Model,
    RandomLoss,
    Stretch,
    Timeline,
    bad_states,
    draw,
    seeded,
)

WAN = Wan(1, "fibre", "wan1", 1001)
DAY = Stretch(0.0, DAY_MS)


def line(*models: Model, rtt_ms: float = 8.0, jitter_ms: float = 0.0) -> Line:
    made = Line(WAN, LinkModel(rtt_ms, jitter_ms, models), DAY, "seed")
    made.darken(0.0)
    return made


def loss_percent(tested: Line, probes: int, every_ms: float) -> float:
    lost = sum(tested.probe(index * every_ms) is None for index in range(probes))
    return 100 * lost / probes


def test_gilbert_elliott_spends_its_stationary_share_in_the_bad_state() -> None:
    model = GilbertElliott(good_percent=0, bad_percent=50, good_s=20, bad_s=5)
    spans = bad_states(model, DAY, seeded("x"))
    share = sum(end - begin for begin, end in spans) / DAY_MS
    assert share == pytest.approx(0.2, rel=0.05)


def test_gilbert_elliott_loses_its_stationary_share_of_round_trips() -> None:
    model = GilbertElliott(good_percent=1, bad_percent=40, good_s=20, bad_s=5)
    # Both ways lie in the same state nearly always: 0.8 * (1 - .99**2) + 0.2 * (1 - .6**2).
    expected = 100 * (0.8 * (1 - 0.99**2) + 0.2 * (1 - 0.6**2))
    assert loss_percent(line(model), 86_000, 1000) == pytest.approx(expected, rel=0.05)


def test_gilbert_elliott_loses_in_runs() -> None:
    tested = line(GilbertElliott(good_percent=0, bad_percent=60, good_s=60, bad_s=5))
    fates = [tested.probe(index * 1000.0) is None for index in range(80_000)]
    losses = sum(fates)
    followed = sum(one and two for one, two in itertools.pairwise(fates))
    assert followed / losses > 5 * losses / len(fates)


def test_random_loss_counts_each_way() -> None:
    tested = line(RandomLoss(up_percent=2, down_percent=3))
    assert loss_percent(tested, 80_000, 1000) == pytest.approx(100 * (1 - 0.98 * 0.97), rel=0.05)


def test_episodes_come_as_often_as_asked_for_and_last_as_long() -> None:
    exact = draw(Episodes(Kind.OUTAGE, per_day=3, seconds=(30, 7200)), DAY, seeded("x"))
    assert len(exact) == 3
    assert all(30_000 <= end - begin <= 7_200_000 and end < DAY_MS for begin, end in exact)
    poisson = draw(Episodes(Kind.BURST, per_hour=60, seconds=(0.1, 0.1)), DAY, seeded("x"))
    assert len(poisson) == pytest.approx(1440, rel=0.1)
    assert all(end - begin == pytest.approx(100) for begin, end in poisson)


def test_a_schedule_is_kept_to_the_second_and_only_on_its_day() -> None:
    model = Episodes(Kind.OUTAGE, at=((90_000.0, 60.0),))
    assert draw(model, DAY, seeded("x")) == []
    assert draw(model, Stretch(DAY_MS, 2 * DAY_MS), seeded("x")) == [(90_000_000.0, 90_060_000.0)]


def test_a_flapping_link_goes_and_comes_in_cycles() -> None:
    model = Episodes(Kind.CARRIER, at=((100.0, 60.0),), cycle_s=(5, 20))
    begins = [begin / 1000 for begin, _unused in draw(model, DAY, seeded("x"))]
    assert begins == [100, 125, 150]


def test_nothing_passes_in_an_outage_and_its_last_answers_are_lost_too() -> None:
    tested = line(Episodes(Kind.OUTAGE, at=((10.0, 5.0),)), rtt_ms=100)
    assert tested.probe(9_800.0) == 100
    assert tested.probe(9_950.0) is None
    tested.darken(10_000.0)
    assert tested.probe(12_000.0) is None
    tested.darken(15_000.0)
    assert tested.probe(15_000.0) == 100


def test_spikes_and_own_load_add_to_the_round_trip() -> None:
    tested = line(Episodes(Kind.SPIKE, at=((10.0, 5.0),), extra_ms=200))
    assert tested.probe(5_000.0) == 8
    assert tested.probe(12_000.0) == 208
    tested.load(20_000.0, 100.0, extra_ms=120)
    assert tested.probe(20_000.0) == 128


def test_counters_follow_the_load_and_stop_hearing_in_the_dark() -> None:
    tested = line(Episodes(Kind.OUTAGE, at=((2.0, 2.0),)))
    tested.load(0.0, 8.0)
    before = tested.traffic(2_000.0)
    assert before.rx_bytes == before.tx_bytes == 2_000_000
    tested.darken(2_000.0)
    during = tested.traffic(3_000.0)
    assert during.rx_packets == before.rx_packets
    assert during.tx_packets > before.tx_packets


def test_overlapping_spans_are_one() -> None:
    timeline = Timeline([(10, 20), (15, 30), (50, 60)])
    assert timeline.spans() == [(10, 30), (50, 60)]
    assert [timeline.active(at) for at in (9, 10, 29.9, 30, 55, 60)] == [
        False,
        True,
        True,
        False,
        True,
        False,
    ]
