# SPDX-License-Identifier: GPL-3.0-or-later
"""From requests to figures: what the office felt."""

from __future__ import annotations

from typing import Any

import pytest
from bench import figures
from bench.figures import Marks

FIBRE, LTE = "fibre", "lte"
Sample = list[Any]


def stream(text: str, *, start: float = 0.0, period_s: float = 0.02) -> list[Sample]:
    """One sample for each letter: f by fibre, l by LTE, - without an answer."""
    vias = {"f": FIBRE, "l": LTE}
    return [
        [sent, sent + 0.001 if letter in vias else None, vias.get(letter)]
        for index, letter in enumerate(text)
        for sent in (start + index * period_s,)
    ]


def session(**facts: Any) -> dict[str, Any]:
    return {
        "generation": 1, "kind": "reads", "via": FIBRE, "told": None, "how": None,
        "last_data": None, "stalls": [], "answered_check": None, **facts,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ffff", 0.0),
        ("ff--ll", 81.0),
        ("ff--ll-l", 141.0),  # not for good before the last failure
        ("ff----", None),
        ("", 0.0),
    ],
)
def test_it_works_again_with_the_first_success_after_the_last_failure(
    text: str, expected: float | None
) -> None:
    found = figures.works_again_ms(stream(text), 0.0, 10.0)
    assert found == (None if expected is None else pytest.approx(expected))


def test_what_happens_after_the_line_was_mended_does_not_count() -> None:
    assert figures.works_again_ms(stream("ff--ff"), 0.0, 0.08) is None


def test_the_fault_struck_after_the_last_request_that_was_answered() -> None:
    raw = {"requests": {"udp": stream("fff---")}, "fixed": stream("ff--", start=0.01)}
    marks = Marks(before=0.0, after=0.1, cleared=9.0, checked=9.5, ended=10.0)
    # fixed at 0.03 is the last success before anything fails; udp at 0.04 was the last one of all
    assert figures.instant(raw, marks) == pytest.approx(0.04)
    late = Marks(before=0.055, after=0.1, cleared=9.0, checked=9.5, ended=10.0)
    assert figures.instant(raw, late) == 0.055


@pytest.mark.parametrize(
    ("text", "leaving", "expected"),
    [("fffll", FIBRE, 1), ("fl-lf-l", FIBRE, 2), ("ll--ff", LTE, 1), ("fff--fff", FIBRE, 0)],
)
def test_turns_are_counted_between_answers(text: str, leaving: str, expected: int) -> None:
    assert figures.turns(stream(text), leaving) == expected


def test_sessions_are_told_or_stuck_or_alive() -> None:
    sessions = [
        session(kind="idle", told=5.9),
        session(kind="reads", told=6.1, last_data=5.0),
        session(kind="idle"),
        session(kind="reads", last_data=5.0),
        session(kind="reads", last_data=29.99),
        session(kind="reads", last_data=31.0, stalls=[[5.0, 30.2]]),  # woke when all was over
        session(kind="idle", via=LTE),  # was never on the dead line
        session(kind="idle", generation=2),
    ]
    found = figures.told(sessions, start=5.0, end=30.0, wan=FIBRE)
    assert found["tcp_open"] == 6
    assert found["tcp_told"] == 2
    assert found["tcp_stuck"] == 3
    assert found["tcp_told_ms"] is None  # most were not
    assert found["tcp_told_p99_ms"] == pytest.approx(1100)
    assert found["tcp_told_spread_ms"] == pytest.approx(200)


def test_being_told_after_the_line_was_mended_is_being_stuck() -> None:
    found = figures.told([session(kind="idle", told=31.0)], start=5.0, end=30.0, wan=FIBRE)
    assert (found["tcp_told"], found["tcp_stuck"]) == (0, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("lllff", 60.0), ("lflff", 60.0), ("lllll", None), ("fffff", 0.0), ("ll-ff", 60.0)],
)
def test_it_is_back_when_nothing_uses_the_standby_any_more(
    text: str, expected: float | None
) -> None:
    found = figures.back_ms(stream(text), LTE, 0.0)
    assert found == (None if expected is None else pytest.approx(expected))


def record(**changes: Any) -> dict[str, Any]:
    requests = {kind: stream("f" * 50 + "-" * 10 + "l" * 90 + "f" * 150)
                for kind in ("udp", "vital", "tcp")}  # fmt: skip
    return {"requests": requests, "fixed": requests["udp"], "sessions": [], **changes}


MARKS = Marks(before=0.97, after=1.01, cleared=2.6, checked=5.0, ended=6.0)


def test_a_cut_tells_what_stopped_and_what_the_way_back_cost() -> None:
    sessions = [
        session(generation=2, via=LTE, last_data=5.9),
        session(generation=2, via=LTE, last_data=3.0),
        session(generation=2, via=LTE, kind="idle", answered_check=5.1),
        session(generation=2, via=LTE, kind="idle", told=3.1),
        session(generation=2, via=LTE, kind="idle", told=5.01),  # found out when it spoke
    ]
    found = figures.cut(record(sessions=sessions), MARKS, FIBRE, LTE)
    assert found["new_flows_ms"] == pytest.approx(221)
    assert found["new_lost"] == 30
    assert found["fixed_udp_ms"] == pytest.approx(221)
    assert found["back_ms"] == pytest.approx(400)
    assert (found["failback_hung"], found["failback_resets"]) == (2, 1)
    assert (found["failback_new_lost"], found["failback_fixed_lost"]) == (0, 0)
    assert found["tcp_told_ms"] is None


def test_there_is_no_failback_where_there_was_no_failover() -> None:
    stayed = stream("f" * 50 + "-" * 80 + "f" * 170)
    raw = record(requests=dict.fromkeys(("udp", "vital", "tcp"), stayed), fixed=stayed)
    found = figures.cut(raw, MARKS, FIBRE, LTE)
    assert found["switched"] == 0
    assert "back_ms" not in found and "failback_new_lost" not in found


def test_a_brownout_tells_leaving_and_returning_for_each_kind_of_service() -> None:
    flapping = stream("f" * 55 + "l" * 5 + "f" * 5 + "l" * 235)
    steady = stream("f" * 300)
    raw = record(requests={"vital": flapping, "udp": steady, "tcp": steady}, fixed=steady)
    found = figures.brownout(raw, MARKS, FIBRE, LTE)
    assert found["vital_left_ms"] == pytest.approx(90)
    assert found["vital_returns"] == 1
    assert found["ordinary_left_ms"] is None
    assert "ordinary_returns" not in found
    assert found["moves"] == 2


def test_noise_counts_diversions_apart_from_evictions() -> None:
    away = stream("f" * 60 + "-l" + "f" * 238)
    fixed = stream("f" * 60 + "---" + "f" * 237)
    sessions = [
        session(last_data=5.9),
        session(kind="idle", answered_check=5.8),
        session(kind="idle", told=2.0),
        session(last_data=2.0),
    ]
    raw = record(
        requests=dict.fromkeys(("udp", "vital", "tcp"), away), fixed=fixed, sessions=sessions
    )
    found = figures.noise(raw, MARKS, FIBRE)
    assert found["diversions"] == 1
    assert found["fixed_moved"] == 0
    assert found["evictions"] == 1  # a session was reset
    assert found["tcp_harmed"] == 2
    assert found["longest_gap_ms"] == pytest.approx(80)


def test_addresses_become_names_of_wans() -> None:
    raw = {
        "requests": {"udp": [[0.0, 0.1, "203.0.113.2"], [0.2, None, None]]},
        "fixed": [],
        "sessions": [{"via": "203.0.113.2"}],
    }
    found = figures.named(raw, {"203.0.113.2": FIBRE}.get)
    assert found["requests"]["udp"] == [[0.0, 0.1, FIBRE], [0.2, None, None]]
    assert found["sessions"][0]["via"] == FIBRE
