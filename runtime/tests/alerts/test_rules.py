# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is told of what, and when: on a virtual clock, with a sender that only notes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alert_world import START, Site, incident, instant, total
from relais import cli
from relais.alerts.settings import Settings, Target
from relais.alerts.texts import Text

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
NIGHT = datetime(2026, 11, 28, 22, 30, tzinfo=UTC)  # 23:30 in Paris
OPS, BOSS = "mailto://ops.example", "mailto://boss.example"


@dataclass
class Noted:
    """Takes every message, unless it is told to fail."""

    left: list[tuple[str, str]] = field(default_factory=list)
    error: str | None = None

    def __call__(self, target: Target, text: Text, settings: Settings) -> str | None:
        if self.error is None:
            self.left.append((target.address, text.title))
        return self.error

    def to(self, address: str) -> list[str]:
        return [title for to, title in self.left if to == address]


@pytest.fixture
def noted() -> Noted:
    return Noted()


@pytest.fixture
def site(tmp_path: Path, noted: Noted) -> Site:
    settings = {"targets": [OPS], "language": "en", "remind_every": "2h"}
    return Site(tmp_path, settings, send=noted)


def ended(document: dict[str, Any], after: timedelta) -> dict[str, Any]:
    began = datetime.fromisoformat(document["began_at"])
    return {**document, "ended_at": instant(began + after), "state": "ended"}


def test_an_incident_is_told_once_however_often_it_is_written_and_the_process_restarted(
    site: Site, noted: Noted
) -> None:
    for _again in range(3):
        site.happens(incident())
        site.look()
        site.start()
    assert noted.to(OPS) == ["Cabinet Exemple: Link fibre is down, the services are on lte"]


def test_the_end_is_told_once_and_ends_the_reminders(site: Site, noted: Noted) -> None:
    site.happens(incident())
    site.pass_by(5 * HOUR, 10 * MINUTE)
    site.happens(ended(incident(), 5 * HOUR))
    site.pass_by(5 * HOUR, 10 * MINUTE)
    began = "2026-11-28 21:05:00 (CET)"
    assert noted.to(OPS) == [
        "Cabinet Exemple: Link fibre is down, the services are on lte",
        f"Cabinet Exemple: Still on backup (lte) since {began}",
        f"Cabinet Exemple: Still on backup (lte) since {began}",
        "Cabinet Exemple: Back to normal after 5 h 0 min (link fibre is down)",
    ]


def test_a_reminder_that_could_not_leave_is_dropped_when_all_is_over(
    site: Site, noted: Noted
) -> None:
    site.happens(incident())
    site.look()
    noted.error = "no answer"
    site.pass_by(5 * HOUR, 10 * MINUTE)
    site.happens(ended(incident(), 5 * HOUR))
    site.look()
    noted.error = None
    site.pass_by(HOUR, 10 * MINUTE)
    assert [title.partition(" after")[0] for title in noted.to(OPS)[1:]] == [
        "Cabinet Exemple: Back to normal"
    ]


def test_what_is_told_waits_a_moment_until_it_is_known_where_the_services_went(
    site: Site, noted: Noted
) -> None:
    site.happens(incident(switched_at=None, state="open", services={}))
    site.look()
    assert noted.left == []
    site.look(2 * SECOND)
    assert noted.to(OPS) == ["Cabinet Exemple: Link fibre is down"]


def test_micro_outages_and_planned_work_are_told_to_those_who_ask_for_them(
    site: Site, noted: Noted
) -> None:
    site.settings["targets"] = [OPS, {"url": BOSS, "classes": ["micro_outage", "planned"]}]
    site.look()
    site.happens(
        ended(incident(**{"class": "micro_outage"}), SECOND),
        incident(START + MINUTE, "lte", **{"class": "planned"}, services={}),
    )
    site.pass_by(2 * MINUTE)
    assert noted.to(OPS) == []
    assert [title.partition(": ")[2] for title in noted.to(BOSS)] == [
        "Short outage of link fibre, the services are on lte",
        "Back to normal after 1 s (short outage of link fibre)",
        "Planned work on link lte",
    ]


def test_a_target_for_vital_matters_is_not_told_of_others_but_of_a_dark_site(
    site: Site, noted: Noted
) -> None:
    site.settings["targets"] = [OPS, {"url": BOSS, "importance": "vital"}]
    site.happens(incident(importance="normal"))
    site.pass_by(MINUTE)
    assert (len(noted.to(OPS)), noted.to(BOSS)) == (1, [])
    site.happens({**total(START + MINUTE), "importance": "degradable"})
    site.pass_by(MINUTE)
    assert noted.to(BOSS) == ["Cabinet Exemple: No Internet at all"]


def test_a_flapping_link_is_told_of_once_until_it_stays_away(site: Site, noted: Noted) -> None:
    site.look()
    for minute in range(5):
        site.happens(ended(incident(START + minute * MINUTE), 5 * SECOND))
        site.look(MINUTE)
    assert len(noted.to(OPS)) == 2
    lasting = incident(START + 5 * MINUTE)
    site.happens(lasting)
    site.look(MINUTE)
    site.look(MINUTE)
    assert len(noted.to(OPS)) == 3


def test_of_a_dark_site_its_links_say_nothing_more_but_one_that_stays_away(
    site: Site, noted: Noted
) -> None:
    site.look()
    site.happens(incident(), incident(START, "lte"), total(START))
    site.pass_by(5 * MINUTE)
    assert noted.to(OPS) == ["Cabinet Exemple: No Internet at all"]
    site.happens(total(START, START + 5 * MINUTE), ended(incident(), 6 * MINUTE))
    site.pass_by(5 * MINUTE)
    assert [title.partition(": ")[2].split(" after")[0] for title in noted.to(OPS)[1:]] == [
        "Back to normal",
        "Link lte is down",
    ]


def test_what_failed_before_the_site_was_known_to_be_dark_leaves_as_soon_as_it_is_not(
    site: Site, noted: Noted
) -> None:
    noted.error = "no answer"
    site.happens(incident())
    site.pass_by(5 * MINUTE)
    site.lines = {"fibre": "down", "lte": "down"}
    site.look()
    noted.error = None
    site.lines = {"fibre": "down", "lte": "up"}
    site.look()
    assert len(noted.left) == 1


def test_an_incident_that_turns_out_to_be_something_else_is_told_to_its_end(
    site: Site, noted: Noted
) -> None:
    site.settings["targets"] = [{"url": OPS, "classes": ["quality"]}]
    site.happens(incident(**{"class": "quality"}))
    site.look()
    site.happens(ended(incident(), MINUTE))
    site.look()
    assert len(noted.left) == 2


def test_another_link_is_another_matter(site: Site, noted: Noted) -> None:
    site.look()
    site.happens(incident(), incident(START, "lte"))
    site.look()
    assert len(noted.to(OPS)) == 2


def test_each_drill_is_told_and_hides_no_real_failure(site: Site, noted: Noted) -> None:
    site.look()
    for minute in (0, 1):
        drill = incident(START + minute * MINUTE, **{"class": "drill"}, drill="d-1")
        site.happens(ended(drill, 20 * SECOND))
    site.happens(incident(START + 2 * MINUTE))
    site.pass_by(3 * MINUTE)
    titles = noted.to(OPS)
    assert [title for title in titles if "DRILL" in title and "Back" not in title] == [
        "Cabinet Exemple: DRILL: link fibre is cut on purpose, the services are on lte"
    ] * 2
    assert titles[-1] == "Cabinet Exemple: Link fibre is down, the services are on lte"


def test_quiet_hours_hold_back_what_is_not_vital_until_they_end(site: Site, noted: Noted) -> None:
    site.settings["quiet_hours"] = "22:00-07:00"
    site.now = NIGHT
    site.happens(incident(NIGHT, importance="normal"))
    site.pass_by(7 * HOUR + 25 * MINUTE, 5 * MINUTE)
    assert noted.left == []
    site.happens(ended(incident(NIGHT, importance="normal"), 7 * HOUR))
    site.pass_by(10 * MINUTE, 5 * MINUTE)
    assert [title.partition(": ")[2].split()[0] for title in noted.to(OPS)] == ["Link", "Back"]


def test_what_is_vital_breaks_through_quiet_hours(site: Site, noted: Noted) -> None:
    site.settings["quiet_hours"] = "22:00-07:00"
    site.now = NIGHT
    site.happens(incident(NIGHT))
    site.look()
    assert len(noted.to(OPS)) == 1


def test_what_becomes_vital_in_the_night_is_held_back_no_longer(site: Site, noted: Noted) -> None:
    site.settings["quiet_hours"] = "22:00-07:00"
    site.now = NIGHT
    site.happens(incident(NIGHT, importance="normal"))
    site.look()
    assert noted.left == []
    site.happens(incident(NIGHT))
    site.look()
    assert len(noted.to(OPS)) == 1


def test_in_the_hours_that_are_not_quiet_everything_is_told(site: Site, noted: Noted) -> None:
    site.settings["quiet_hours"] = "12:00-14:00"
    site.happens(incident(importance="degradable"))
    site.look()
    assert len(noted.to(OPS)) == 1


def test_what_was_over_before_the_alerts_were_set_up_is_told_to_nobody(
    site: Site, noted: Noted
) -> None:
    site.happens(ended(incident(START - HOUR), MINUTE), incident(START - MINUTE, "lte"))
    site.look()
    assert [title.partition(": ")[2].split(" is")[0] for title in noted.to(OPS)] == ["Link lte"]


def test_what_ended_while_the_process_was_gone_is_told_when_it_is_back(
    site: Site, noted: Noted
) -> None:
    site.look()
    site.pass_by(3 * HOUR, 30 * MINUTE)
    site.happens(ended(incident(site.now + HOUR), MINUTE))
    site.now += 24 * HOUR
    site.start()
    site.pass_by(5 * HOUR, 30 * MINUTE)
    assert len(noted.left) == 2


def test_the_command_says_when_it_cannot_keep_messages(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    file = site.folder / "alerts.json"
    file.write_text(json.dumps(site.document()))
    nowhere = str(site.folder / "nowhere" / "outbox.db")
    run = ["alerts", "run", "--settings", str(file), "--outbox", nowhere]
    assert cli.main(run) == 1
    assert "cannot keep messages" in capsys.readouterr().err


def test_a_target_whose_password_changed_is_told_nothing_twice(site: Site, noted: Noted) -> None:
    site.settings["targets"] = ["mailtos://bot:former@mail.example/?to=ops@msp.example"]
    site.happens(incident())
    site.look()
    site.settings["targets"] = ["mailtos://bot:fresh@mail.example/?to=ops@msp.example"]
    site.start()
    site.look()
    assert len(noted.left) == 1


def test_what_waits_for_a_target_that_is_no_more_is_dropped(site: Site, noted: Noted) -> None:
    noted.error = "no answer"
    site.happens(incident())
    site.look()
    site.settings["targets"] = [BOSS]
    noted.error = None
    site.start()
    site.pass_by(10 * MINUTE)
    assert (noted.to(OPS), len(noted.to(BOSS))) == ([], 1)


def test_a_message_whose_fate_is_unknown_is_sent_again(site: Site, noted: Noted) -> None:
    """The power failed after the message left, before that was on the disk."""
    site.happens(incident())
    site.look()
    (message,) = [entry.message for entry in box(site).entries()]
    box(site).sending(message)
    site.start()
    site.look()
    assert len(noted.left) == 2


def box(site: Site) -> Any:
    from relais.alerts.outbox import Outbox

    return Outbox(site.places.outbox)


def test_a_damaged_outbox_is_set_aside(site: Site, noted: Noted) -> None:
    site.places.outbox.write_bytes(b"no database" * 1000)
    site.happens(incident())
    site.look()
    assert len(noted.left) == 1


def test_the_outside_watch_hears_once_a_minute_of_a_gateway_that_is_well(site: Site) -> None:
    site.settings["heartbeat_url"] = "https://watch.example/ping/secret"
    site.pass_by(5 * MINUTE, 10 * SECOND)
    assert len(site.asked) == 5
    site.degraded = [{"part": "journal", "since": instant(START), "why": "disk full"}]
    site.pass_by(5 * MINUTE, 10 * SECOND)
    site.degraded = []
    site.lines = {"fibre": "down", "lte": "down"}
    site.pass_by(5 * MINUTE, 10 * SECOND)
    site.lines = {"fibre": "up", "lte": "up"}
    site.daemon = "dead"
    site.pass_by(5 * MINUTE, 10 * SECOND)
    assert len(site.asked) == 5
