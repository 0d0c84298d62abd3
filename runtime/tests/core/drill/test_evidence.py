# SPDX-License-Identifier: GPL-3.0-or-later
"""Each test is a short story of samples; the fault begins at 10,000 ms and ends at 30,000 ms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from relais.core.drill.evidence import evidence
from relais.core.drill.model import Alert, Attempt, Event, Run, ServiceRun, Session
from relais.core.drill.samples import outage_ms, percentile, worst_gap_ms
from relais.core.drill.words import in_words

START, END, LAST = 10_000.0, 30_000.0, 60_000.0


def attempts(lost: Iterable[tuple[float, float]] = (), step: float = 20.0) -> tuple[Attempt, ...]:
    """One each 20 ms over the whole drill; those sent in `[from, to)` of a lost span fail."""
    spans = list(lost)
    count = int((LAST - START + 2000) / step)
    sent = [START - 2000 + index * step for index in range(count)]
    return tuple(
        Attempt(at, None if any(a <= at < b for a, b in spans) else at + 5, 40_000 + index % 20_000)
        for index, at in enumerate(sent)
    )


def service(lost: Sequence[tuple[float, float]] = (), **fields: object) -> ServiceRun:
    given = {"before": "fibre", "during": "lte", "after": "fibre", "fresh": attempts(lost)}
    return replace(ServiceRun("voice", budget_ms=1000), **{**given, **fields})  # type: ignore[arg-type]


def run(*services: ServiceRun, **fields: object) -> Run:
    plain = Run(
        id="20261123T100000Z-silent-fibre",
        version="0.1.0",
        site="Cabinet Exemple",
        gateway="gw",
        timezone="Europe/Paris",
        started_at="2026-11-23T10:00:00.000Z",
        injected_at="2026-11-23T10:00:02.000Z",
        kind="silent",
        wan="fibre",
        seconds=20,
        injected_ms=START,
        cleared_ms=END,
        ended_ms=LAST,
        services=services,
        back_ms=END + 5000,
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


def sessions(*told: float | None) -> tuple[Session, ...]:
    """Sessions answered until the fault, or to the end when never told and `heard` goes on."""
    return tuple(Session(START - 1500, (START - 100,), at) for at in told)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("..........", 0),
        ("xxx.......", 60),
        ("x.........", 20),
        ("xx.x......", 80),
        (".x........", 40),
        ("..........x", None),
        ("xxxxxxxxxx", None),
        ("xx..........x.....", 40),  # a lone loss later is everyday loss of the line
        ("xx..........xx.....", 280),  # two in a row are not
        ("xx..........x.x.....", 300),
        ("xx..........x....", 260),  # too close to the end to know
        ("", 0),
    ],
)
def test_an_outage_ends_where_requests_work_for_good(pattern: str, expected: int | None) -> None:
    samples = [
        Attempt(START + 20 * index, None if mark == "x" else START + 20 * index + 5)
        for index, mark in enumerate(pattern)
    ]
    assert outage_ms(samples, START) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"), [("....", 0), (".x..", 20), ("xx.x.", 40), (".x.xxx.", 60)]
)
def test_the_worst_gap_is_the_longest_run_of_failures(pattern: str, expected: int) -> None:
    samples = [Attempt(20.0 * i, None if mark == "x" else 1.0) for i, mark in enumerate(pattern)]
    assert worst_gap_ms(samples) == expected


def test_a_gap_that_never_closes_counts_until_its_last_answer_could_have_come() -> None:
    assert worst_gap_ms([Attempt(0.0, 1.0), Attempt(20.0), Attempt(40.0)]) == 20 + 900


def test_percentile_is_the_nearest_rank() -> None:
    assert percentile([], 0.99) is None
    assert percentile([5.0], 0.99) == 5.0
    assert percentile([float(n) for n in range(1, 101)], 0.99) == 99.0
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0


def test_a_failover_within_the_budget_passes() -> None:
    found = evidence(run(service([(START, START + 180)])))
    one = found["services"]["voice"]
    assert found["verdict"] == "pass"
    assert found["reasons"] == []
    assert one == {
        "sent": 1000,
        "lost": 9,
        "outage_ms": 180,
        "existing_ms": None,
        "before": "fibre",
        "during": "lte",
        "after": "fibre",
        "budget_ms": 1000,
        "ok": True,
    }


def test_the_document_has_the_shape_that_readers_rely_on() -> None:
    found = evidence(run(service()))
    assert found["schema"] == "relais.drill/1"
    assert {"kind": "silent", "wan": "fibre", "seconds": 20}.items() <= found["fault"].items()
    assert set(found) >= {
        "id", "site", "gateway", "started_at", "services", "sessions", "failback", "alerts",
        "timeline", "verdict",
    }  # fmt: skip
    assert found["sessions"].keys() >= {"tcp_open", "tcp_reset_p99_ms", "tcp_stuck"}
    assert found["failback"].keys() >= {"outage_ms", "needless_resets"}
    assert found["alerts"] == []


def test_who_was_told_of_the_drill_stands_in_it() -> None:
    told = Alert("mailto://mail.example", 900.4)
    expected = [{"target": "mailto://mail.example", "after_ms": 900}]
    assert evidence(run(service(), alerts=(told,)))["alerts"] == expected


def test_requests_lost_before_the_fault_do_not_count() -> None:
    found = evidence(run(service([(START - 500, START - 400)])))
    assert found["services"]["voice"]["lost"] == 0
    assert found["services"]["voice"]["outage_ms"] == 0


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (service([(START, START + 1200)]), "1200 ms without service, more than 1000 ms"),
        (service([(START, END)]), "20000 ms without service, more than 1000 ms"),
        (service(during="fibre"), "its flows were on fibre during the fault"),
        (service(during=None), "its flows were on no WAN during the fault"),
        (service(fresh=()), "nothing was sent"),
        (service(fixed=attempts([(START, END)])), "was not told"),
    ],
)
def test_a_service_that_was_not_carried_fails_the_drill(one: ServiceRun, reason: str) -> None:
    found = evidence(run(one))
    assert found["verdict"] == "fail"
    assert not found["services"]["voice"]["ok"]
    assert [reason in text for text in found["reasons"]] == [True]


def test_a_service_that_was_on_the_backup_already_need_not_move() -> None:
    other = replace(service(before="lte", during="lte"), name="web")
    assert evidence(run(service([(START, START + 100)]), other))["verdict"] == "pass"


def test_the_open_flow_is_measured_until_it_works_again() -> None:
    found = evidence(run(service(fixed=attempts([(START, START + 940)]))))
    assert found["services"]["voice"]["existing_ms"] == 940


def test_the_open_flow_is_measured_until_its_application_is_told() -> None:
    silent_after = tuple(a for a in attempts() if a.sent_ms < START)
    found = evidence(run(service(fixed=silent_after, told_ms=START + 700)))
    assert found["services"]["voice"]["existing_ms"] == 700
    assert found["verdict"] == "pass"


def test_sessions_told_in_time_are_counted_from_the_confirmation() -> None:
    told = sessions(*(START + 850 + index for index in range(20)))
    found = evidence(run(service(), sessions=told, confirmed_ms=START + 800))["sessions"]
    assert found == {
        "tcp_open": 20,
        "tcp_told": 20,
        "tcp_reset_p99_ms": 69,
        "tcp_told_p99_ms": 869,
        "tcp_stuck": 0,
    }


def test_a_session_that_hangs_to_the_end_of_the_fault_is_stuck() -> None:
    found = evidence(run(service(), sessions=sessions(START + 800, None, END + 100)))
    assert found["sessions"]["tcp_stuck"] == 2
    assert found["verdict"] == "fail"
    assert found["reasons"] == ["2 of 3 TCP sessions were stuck"]


def test_a_session_that_keeps_working_is_not_stuck() -> None:
    working = Session(START - 1000, (START, END - 100, END + 100))
    assert evidence(run(service(), sessions=(working,)))["sessions"]["tcp_stuck"] == 0


def test_a_failback_that_harms_nobody_is_invisible() -> None:
    late = (Session(START + 9000, (END,)), Session(START + 9000, (END,), None))
    failback = evidence(run(service(), late_sessions=late))["failback"]
    assert failback == {"outage_ms": 0, "needless_resets": 0, "sessions": 2, "back_ms": 5000}


def test_a_failback_that_resets_sessions_fails_the_drill() -> None:
    late = (Session(START + 9000, (END,), END + 6000),)
    found = evidence(run(service(), late_sessions=late))
    assert found["failback"]["needless_resets"] == 1
    assert found["reasons"] == ["failback reset 1 TCP sessions"]


@pytest.mark.parametrize(("gap", "verdict"), [(400, "pass"), (1400, "fail")])
def test_a_failback_that_interrupts_fails_only_above_the_budget(gap: int, verdict: str) -> None:
    found = evidence(run(service([(END + 5000, END + 5000 + gap)])))
    assert found["failback"]["outage_ms"] == gap
    assert found["verdict"] == verdict


def test_an_aborted_drill_fails_and_says_why() -> None:
    found = evidence(run(service(), aborted="voice got no answer", cleared_ms=START + 1300))
    assert found["verdict"] == "fail"
    assert found["reasons"][0] == "aborted: voice got no answer"
    assert found["fault"]["lasted_ms"] == 1300


def test_the_timeline_merges_drill_and_daemon_in_order() -> None:
    events = (
        Event(START + 150, "fibre lost", "burst unanswered", "daemon"),
        Event(START + 800, "fibre down", "silent for 800 ms", "daemon"),
    )
    found = evidence(
        run(service([(START, START + 180)]), events=events, sessions=sessions(START + 900))
    )
    assert [(entry["at_ms"], entry["what"]) for entry in found["timeline"]] == [
        (0, "fault injected"),
        (150, "fibre lost"),
        (180, "new flows of voice work again"),
        (800, "fibre down"),
        (900, "1 open TCP sessions told"),
        (20_000, "fault ended"),
        (25_000, "every service is back"),
    ]
    assert found["timeline"][1]["why"] == "burst unanswered"


def test_words_show_verdict_numbers_and_reasons() -> None:
    text = in_words(evidence(run(service([(START, START + 1200)]))))
    assert text.startswith("FAIL  silent on fibre, 20 s, Cabinet Exemple (gw)")
    assert "1200 ms" in text
    assert "reason: voice: 1200 ms without service, more than 1000 ms" in text
