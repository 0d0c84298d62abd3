# SPDX-License-Identifier: GPL-3.0-or-later
"""The month's quota: counted through everything, and spared for what matters."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from relais.core.config import parse_config
from relais.core.events import Adopted, PeriodBegan, Traffic
from relais.core.model import Admin, Member
from relais.core.quota import Usage, period
from relais.core.report import state_document, why_document
from world import World, document

PARIS = ZoneInfo("Europe/Paris")
IMPORTANCE = {"voice": "vital", "web": "normal", "bulk": "degradable", "default": "normal"}


def world(first: str = "lte", **of_service: object) -> World:
    """Services of every importance that prefer one of the WANs; lte has 10 GB a month."""
    second = "fibre" if first == "lte" else "lte"
    services = [
        {
            "id": 255 if name == "default" else number,
            "name": name,
            "importance": importance,
            "members": [{"wan": first, "weight": 80}, {"wan": second, "weight": 20}],
            **of_service,
        }
        for number, (name, importance) in enumerate(IMPORTANCE.items(), 1)
    ]
    whole = document(services=services)
    whole["wans"][1]["monthly_quota_gb"] = 10
    return World(parse_config(whole)).start().run(2)


def on_lte(scene: World) -> set[str]:
    return {name for name in IMPORTANCE if scene.uses(name) == "lte"}


@pytest.mark.parametrize(
    ("used_gb", "stay"),
    [
        (7.99, {"voice", "web", "bulk", "default"}),
        (8.0, {"voice", "web", "default"}),
        (9.99, {"voice", "web", "default"}),
        (10.0, {"voice"}),
        (30.0, {"voice"}),
    ],
)
def test_services_leave_in_the_order_in_which_they_matter(used_gb: float, stay: set[str]) -> None:
    scene = world()
    scene.month("lte", used_gb)
    scene.run(2)
    assert on_lte(scene) == stay


def test_crossing_a_threshold_is_told_once_and_moves_new_flows_only() -> None:
    scene = world()
    scene.month("lte", 7.9)
    scene.stream_mbit["lte"] = 80.0
    scene.run(30)
    assert on_lte(scene) == {"voice", "web", "default"}
    scene.run(200)
    assert on_lte(scene) == {"voice"}
    told = [record.what for _unused, record in scene.records if "quota" in record.what]
    assert told == ["lte has used 80 % of its quota", "lte has used 100 % of its quota"]
    assert scene.evictions == []
    assert scene.moves == []


def test_the_only_living_line_is_used_whatever_it_has_carried() -> None:
    scene = world()
    scene.month("lte", 20)
    scene.link("fibre", carrier=False)
    scene.run(2)
    assert on_lte(scene) == set(IMPORTANCE)


def test_a_drained_line_is_no_refuge() -> None:
    scene = world()
    scene.month("lte", 20)
    scene.admin("fibre", Admin.DRAIN)
    scene.run(2)
    assert on_lte(scene) == set(IMPORTANCE)


def test_a_line_that_comes_back_draws_nothing_from_a_spared_one_before_it_is_trusted() -> None:
    scene = world("fibre")
    scene.month("lte", 20)
    scene.dark = {"fibre"}
    scene.run(5)
    assert on_lte(scene) == set(IMPORTANCE)
    scene.dark = set()
    scene.run(8)
    assert on_lte(scene) == set(IMPORTANCE)
    scene.run(5)
    assert on_lte(scene) == set()


def test_a_brownout_is_borne_by_those_for_whom_the_month_is_used_up() -> None:
    scene = world("fibre")
    scene.month("lte", 9)
    count = iter(range(10**9))
    scene.losing["fibre"] = lambda: next(count) % 2 == 0
    scene.run(60)
    assert on_lte(scene) == {"voice", "web", "default"}
    why = why_document(scene.state, scene.config.service("bulk"), str)
    assert why["inputs"]["lte"]["rank"] == "spared"  # type: ignore[index]


def test_a_balanced_service_gives_up_the_share_of_a_spared_line() -> None:
    scene = world("fibre", mode="balance")
    assert scene.uses("bulk") == "fibre+lte"
    scene.month("lte", 9)
    scene.run(2)
    assert (scene.uses("bulk"), scene.uses("web")) == ("fibre", "fibre+lte")
    assert "9.00 of 10 GB (90 %)" in scene.state.choices["bulk"].reason


def test_a_restart_does_not_distrust_a_line_that_only_some_services_spare() -> None:
    scene = world()
    lte, fibre = Member("lte", 80), Member("fibre", 20)
    scene.kernel = {name: (lte if name == "voice" else fibre,) for name in IMPORTANCE}
    scene.feed(Adopted(scene.now_ms, dict(scene.kernel), frozenset()))
    scene.month("lte", 20)
    scene.run(30)
    assert on_lte(scene) == {"voice"}
    assert scene.steers == []


def test_a_new_month_forgets_the_old_one() -> None:
    scene = world()
    scene.month("lte", 11)
    scene.run(2)
    scene.month("lte", 0, "2026-12-01")
    scene.run(2)
    assert on_lte(scene) == set(IMPORTANCE)
    record = next(r for _unused, r in scene.records if r.what == "a new month of lte begins")
    assert record.why == "11.00 of 10 GB (110 %) were used in the one from 2026-11-01"


def test_the_state_says_what_is_used_and_when_it_begins_anew() -> None:
    scene = world()
    wans = state_document(scene.state, str)["wans"]
    assert wans["lte"]["quota"] is None, "nobody has said yet which month it is"  # type: ignore[index]
    scene.month("lte", 4)
    wans = state_document(scene.state, str)["wans"]
    assert wans["fibre"]["quota"] is None  # type: ignore[index]
    assert wans["lte"]["quota"] == {  # type: ignore[index]
        "used_gb": 4.0,
        "of_gb": 10,
        "percent": 40.0,
        "resets_at": "2026-12-01T00:00:00+01:00",
    }


def test_a_quota_for_a_line_without_one_is_ignored() -> None:
    scene = world()
    scene.feed(PeriodBegan(scene.now_ms, "fibre", "2026-11-01", "2026-12-01T00:00:00Z", 10**15))
    assert scene.state.links["fibre"].usage is None


def test_counters_are_added_up_and_may_start_anew() -> None:
    usage = Usage(10**9, "2026-11-01", "", 500, 1000, 2000)
    usage = usage.counted(Traffic(0, 0, 1100, 2200))
    assert usage.used_bytes == 800
    usage = usage.counted(Traffic(0, 0, 50, 2300))
    assert usage.used_bytes == 950, "the counter of one way began again at zero"
    fresh = Usage(10**9, "2026-11-01", "", 500).counted(Traffic(0, 0, 10**9, 10**9))
    assert fresh.used_bytes == 500, "what was carried before anybody counted is not of this month"


@pytest.mark.parametrize(
    ("now", "day", "begin", "end"),
    [
        ("2026-11-23T19:00", 1, "2026-11-01", "2026-12-01T00:00:00+01:00"),
        ("2026-11-23T19:00", 23, "2026-11-23", "2026-12-23T00:00:00+01:00"),
        ("2026-11-22T23:59", 23, "2026-10-23", "2026-11-23T00:00:00+01:00"),
        ("2026-01-10T00:00", 15, "2025-12-15", "2026-01-15T00:00:00+01:00"),
        ("2026-12-31T12:00", 31, "2026-12-31", "2027-01-31T00:00:00+01:00"),
        ("2026-02-27T12:00", 31, "2026-01-31", "2026-02-28T00:00:00+01:00"),
        ("2026-02-28T00:00", 31, "2026-02-28", "2026-03-31T00:00:00+02:00"),
        ("2026-03-15T00:00", 1, "2026-03-01", "2026-04-01T00:00:00+02:00"),
    ],
)
def test_a_month_begins_on_its_day_in_the_time_of_the_site(
    now: str, day: int, begin: str, end: str
) -> None:
    first, next_ = period(datetime.fromisoformat(now).replace(tzinfo=PARIS), day)
    assert first == date.fromisoformat(begin)
    assert next_.isoformat() == end


def test_it_is_the_new_month_in_paris_while_it_is_the_old_one_in_utc() -> None:
    instant = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    assert period(instant.astimezone(PARIS), 1)[0] == date(2026, 12, 1)
    assert period(instant, 1)[0] == date(2026, 11, 1)
