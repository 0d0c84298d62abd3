# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from relais.core.drill.model import Request
from relais.core.drill.prechecks import problems, request_problems
from relais.core.drill.windows import WindowError, allows

SUNDAY_7 = datetime(2026, 11, 22, 7, 0)
REQUEST = Request("fibre", "silent", 20, 1000, ("voice", "web"))
STATUS: dict[str, Any] = {
    "wans": {
        "fibre": {"state": "up", "admin": "auto", "proved_ms_ago": 90},
        "lte": {"state": "up", "admin": "auto", "proved_ms_ago": 900},
    },
    "services": {
        "voice": {"wans": [{"wan": "fibre", "weight": 1}]},
        "web": {"wans": [{"wan": "lte", "weight": 1}]},
    },
}
Change = Callable[[dict[str, Any]], object]


def test_a_healthy_gateway_may_be_drilled() -> None:
    assert problems(REQUEST, STATUS, SUNDAY_7) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda s: s["wans"]["fibre"].update(state="down"), "fibre is down, not up"),
        (lambda s: s["wans"]["fibre"].update(state="suspect"), "fibre is suspect, not up"),
        (lambda s: s["wans"]["lte"].update(state="down"), "no backup is proved good: lte is down"),
        (
            lambda s: s["wans"]["lte"].update(admin="drain"),
            "no backup is proved good: lte is drained",
        ),
        (lambda s: s["wans"]["lte"].update(proved_ms_ago=60_000), "lte was proved 60 s ago"),
        (lambda s: s["wans"]["lte"].update(proved_ms_ago=None), "lte was never proved"),
        (lambda s: s["wans"].pop("lte"), "there is no other WAN"),
        (lambda s: s["wans"]["lte"].update(admin="force"), "WAN lte is forced"),
        (lambda s: s["wans"]["fibre"].update(admin="force"), "WAN fibre is forced"),
        (lambda s: s["wans"].pop("fibre"), "WAN 'fibre' does not exist; known: lte"),
        (
            lambda s: s["services"]["voice"].update(wans=[{"wan": "lte", "weight": 1}]),
            "none of the drilled services (voice, web) uses fibre now",
        ),
    ],
)
def test_what_the_daemon_says_can_forbid_a_drill(change: Change, says: str) -> None:
    status = copy.deepcopy(STATUS)
    change(status)
    found = problems(REQUEST, status, SUNDAY_7)
    assert len(found) == 1
    assert says in found[0]


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (replace(REQUEST, seconds=4), "5 to 600 seconds, not 4"),
        (replace(REQUEST, seconds=601), "5 to 600 seconds, not 601"),
        (replace(REQUEST, kind="fire"), "kind 'fire' is unknown"),
        (replace(REQUEST, budget_ms=None), "give --budget-ms"),
        (replace(REQUEST, budget_ms=0), "at least 1 ms"),
        (replace(REQUEST, services=()), "no service to drill"),
        (replace(REQUEST, windows=("Sat 06:00-08:00",)), "outside the drill windows"),
        (replace(REQUEST, windows=("whenever",)), "'whenever' is not a drill window"),
    ],
)
def test_the_request_itself_can_forbid_a_drill(request_: Request, says: str) -> None:
    found = problems(request_, STATUS, SUNDAY_7)
    assert len(found) == 1
    assert says in found[0]
    assert found == request_problems(request_, SUNDAY_7)


def test_all_problems_are_listed_at_once() -> None:
    status = copy.deepcopy(STATUS)
    status["wans"]["fibre"]["state"] = "down"
    status["wans"]["lte"]["state"] = "lost"
    request = replace(REQUEST, seconds=1, windows=("Mon 01:00-02:00",))
    assert len(problems(request, status, SUNDAY_7)) == 4


def test_one_fit_backup_of_several_is_enough() -> None:
    status = copy.deepcopy(STATUS)
    status["wans"]["starlink"] = {"state": "down", "admin": "auto", "proved_ms_ago": None}
    assert problems(REQUEST, status, SUNDAY_7) == []


def test_a_metered_backup_is_asked_rarely_and_may_be_proved_earlier() -> None:
    status = copy.deepcopy(STATUS)
    status["wans"]["lte"]["proved_ms_ago"] = 60_000
    metered = replace(REQUEST, metered=frozenset({"lte"}))
    assert problems(metered, status, SUNDAY_7) == []


@pytest.mark.parametrize(
    ("windows", "when", "allowed"),
    [
        ((), "2026-11-23 13:00", True),
        (("Sun 06:00-08:00",), "2026-11-22 06:00", True),
        (("Sun 06:00-08:00",), "2026-11-22 08:00", False),
        (("Sun 06:00-08:00",), "2026-11-22 05:59", False),
        (("Sun 06:00-08:00",), "2026-11-23 07:00", False),
        (("Sun 06:00-08:00", "Mon 06:00-08:00"), "2026-11-23 07:00", True),
        (("Sun 22:00-24:00",), "2026-11-22 23:59", True),
        (("Sun 22:00-05:00",), "2026-11-22 23:00", True),
        (("Sun 22:00-05:00",), "2026-11-23 04:59", True),
        (("Sun 22:00-05:00",), "2026-11-23 05:00", False),
        (("Sun 22:00-05:00",), "2026-11-22 04:00", False),
    ],
)
def test_windows(windows: tuple[str, ...], when: str, allowed: bool) -> None:
    assert allows(windows, datetime.fromisoformat(when)) is allowed


@pytest.mark.parametrize("window", ["", "Sun", "Sun 6-8", "Sun 06:00-08:60", "Xyz 06:00-08:00"])
def test_a_window_that_cannot_be_read_says_how_to_write_one(window: str) -> None:
    with pytest.raises(WindowError, match=r"such as 'Sun 06:00-08:00'"):
        allows((window,), SUNDAY_7)
