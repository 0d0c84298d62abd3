# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills that cut every WAN, from 10,000 to 30,000 ms: what must stay, and what must come back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from relais.core.drill.evidence import evidence
from relais.core.drill.model import Attempt, LocalRun, Request, Run, ServiceRun, Session, SipRun
from relais.core.drill.prechecks import problems
from relais.core.drill.words import in_words
from relais.shell.drill.faults import silent_ruleset

START, END, LAST = 10_000.0, 30_000.0, 60_000.0
NOW = datetime(2026, 11, 28, 12, 0)


def asked(silent_until: float = END, silent_from: float = START) -> tuple[Attempt, ...]:
    """One each 20 ms, without an answer for a while."""
    sent = [9000 + 20.0 * index for index in range(int((LAST - 9000) / 20))]
    return tuple(Attempt(at, None if silent_from <= at < silent_until else at + 5) for at in sent)


def service(silent_until: float = END, **fields: Any) -> ServiceRun:
    given = {"budget_ms": 5000, "before": "fibre", "after": "fibre", "fresh": asked(silent_until)}
    return replace(ServiceRun("voice", 5000), **{**given, **fields})


def run(*services: ServiceRun, **fields: Any) -> Run:
    plain = Run(
        id="20261128T110000Z-total-all",
        version="0.1.0",
        site="Cabinet Exemple",
        gateway="gw",
        timezone="Europe/Paris",
        started_at="2026-11-28T11:00:00.000Z",
        injected_at="2026-11-28T11:00:02.000Z",
        kind="total",
        wan="all",
        seconds=20,
        injected_ms=START,
        cleared_ms=END,
        ended_ms=LAST,
        services=services or (service(),),
        back_ms=END + 9000,
        local=(LocalRun("192.0.2.1", asked(START)),),
    )
    return replace(plain, **fields)


def test_a_site_that_comes_back_and_kept_its_own_hosts_passes() -> None:
    found = evidence(run(service(END + 1200)))
    assert (found["verdict"], found["reasons"]) == ("pass", [])
    voice = found["services"]["voice"]
    assert (voice["recovery_ms"], voice["outage_ms"], voice["ok"]) == (1200, 21_200, True)
    assert found["local"] == {"192.0.2.1": {"sent": 1000, "lost": 0, "outage_ms": 0, "ok": True}}
    assert found["timeline"][0]["why"] == "total on every WAN"
    assert "192.0.2.1 stayed" in in_words(found)


def test_other_kinds_say_nothing_of_the_inside() -> None:
    found = evidence(run(service(START + 100, during="lte"), kind="silent", wan="fibre"))
    assert found["local"] is None
    assert "recovery_ms" not in found["services"]["voice"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"services": (service(END + 7000),)},
            "voice: worked again 7000 ms after the fault, more than 5000 ms",
        ),
        ({"services": (service(LAST),)}, "voice: did not work again after the fault"),
        (
            {"services": (service(START),)},
            "voice: worked during the fault, so not every way was cut",
        ),
        (
            {"local": (LocalRun("192.0.2.1", asked(START + 1500)),)},
            "192.0.2.1: a host of the site was away for 1500 ms",
        ),
        (
            {"local": (LocalRun("192.0.2.1"),)},
            "192.0.2.1: a host of the site was away for 0 ms",
        ),
        (
            {"back_ms": None},
            "the services were not all back on their links at the end of the drill",
        ),
        ({"aborted": "interrupted by SIGTERM"}, "aborted: interrupted by SIGTERM"),
    ],
)
def test_what_stays_away_fails_the_drill(change: dict[str, Any], reason: str) -> None:
    found = evidence(run(**change))
    assert (found["verdict"], found["reasons"]) == ("fail", [reason])


def test_sessions_may_take_until_the_end_of_the_drill_to_go_on() -> None:
    heard = tuple(at for at in range(9000, 60_000, 100) if not START <= at < END + 12_000)
    going = Session(9000, tuple(map(float, heard)))
    hanging = Session(9000, (9900.0,))
    assert evidence(run(sessions=(going,)))["sessions"]["tcp_stuck"] == 0
    found = evidence(run(sessions=(going, hanging)))
    assert (found["sessions"]["tcp_stuck"], found["verdict"]) == (1, "pass")


def test_a_telephone_must_be_registered_again_and_its_call_may_be_lost() -> None:
    requests = asked(END + 800)[::25]
    phone = SipRun("198.51.100.210:5060", "echo", requests, requests, hung_up_ms=END)
    found = evidence(run(sip=phone))
    assert (found["verdict"], found["sip"]["call_alive"]) == ("pass", False)
    assert found["sip"]["reregister_ms"] > 20_000
    found = evidence(run(sip=replace(phone, register=asked(LAST)[::25])))
    assert found["reasons"] == ["SIP: no registration succeeded again after the fault"]


def request(**fields: Any) -> Request:
    return replace(Request("all", "total", 20, 5000, ("voice",)), **fields)


def status(fibre: str = "up", lte: str = "up", admin: str = "auto") -> dict[str, Any]:
    return {
        "wans": {
            "fibre": {"state": fibre, "admin": admin, "proved_ms_ago": 100},
            "lte": {"state": lte, "admin": "auto", "proved_ms_ago": None},
        },
        "services": {"voice": {"wans": [{"wan": "fibre", "weight": 1}]}},
    }


def test_no_other_line_needs_to_be_proved_before_all_are_cut() -> None:
    assert problems(request(), status(lte="down"), NOW) == []
    assert problems(request(kind="silent", wan="fibre"), status(lte="down"), NOW) != []


@pytest.mark.parametrize(
    ("asked", "now", "says"),
    [
        (request(wan="fibre"), status(), "cuts every WAN; leave out --wan fibre"),
        (request(kind="silent"), status(), "only a drill of kind total cuts every WAN"),
        (request(), status("down", "down"), "no WAN is up (fibre is down, lte is down)"),
        (request(), status(admin="force"), "WAN fibre is forced"),
        (request(windows=("Sun 06:00-08:00",)), status(), "outside the drill windows"),
        (request(seconds=601), status(), "5 to 600 seconds"),
    ],
)
def test_a_total_drill_is_refused_for_good_reasons(
    asked: Request, now: dict[str, Any], says: str
) -> None:
    assert any(says in reason for reason in problems(asked, now, NOW))


def test_one_set_that_the_kernel_empties_ends_the_fault_on_every_wan() -> None:
    rules = silent_ruleset("wan1", "wan2")
    assert rules.count("set armed") == 1 and rules.count("flags timeout") == 1
    for device in ("wan1", "wan2"):
        assert rules.count(f'hook ingress device "{device}"') == 1
        assert rules.count(f'hook egress device "{device}"') == 1
    assert rules.count("meta protocol @armed drop") == 4
