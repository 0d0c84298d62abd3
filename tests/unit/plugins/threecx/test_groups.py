# SPDX-License-Identifier: GPL-3.0-or-later
"""Ring groups, queues and departments lead somewhere when nobody takes a call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .conftest import Controller

OUT = {"to": "external", "number": "+33199000101"}
NOWHERE = {"to": "end_call", "number": ""}


def entity(controller: Controller, kind: str, **key: Any) -> Any:
    found = controller.pbx.state.find(kind, **key)
    assert found is not None
    return found


def test_a_ring_group_forwards_to_a_mobile(controller: Controller) -> None:
    done = controller.settle(
        "ring_group", number="800", ring_time_s=25, no_answer=OUT, holidays={"to": "end_call"},
        out_of_office={"to": "mobile", "number": "101"},
    )  # fmt: skip
    group = entity(controller, "RingGroups", Number="800")
    assert done["id"] == group["Id"]
    assert group["RingTime"] == 25
    assert group["ForwardNoAnswer"]["External"] == "+33199000101"
    assert group["OutOfOfficeRoute"]["Route"]["External"] == "+33199000101"
    assert done["before"]["no_answer"] == {"to": "voicemail", "number": "100"}
    assert done["after"]["holidays"] == NOWHERE
    assert [one["Number"] for one in group["Members"]] == ["100", "101", "102"]
    assert len(controller.writes()) == 1


def test_a_prompt_stays_when_its_route_changes(newest: Controller) -> None:
    route = entity(newest, "RingGroups", Number="800")["OutOfOfficeRoute"]
    route |= {"IsPromptEnabled": True, "Prompt": "closed.wav"}
    newest.settle("ring_group", number="800", out_of_office=OUT)
    kept = entity(newest, "RingGroups", Number="800")["OutOfOfficeRoute"]
    assert (kept["IsPromptEnabled"], kept["Prompt"]) == (True, "closed.wav")


def test_only_what_differs_is_written(newest: Controller) -> None:
    newest.settle("ring_group", number="800", ring_time_s=20, strategy="hunt")
    assert [body for _method, _path, body in newest.writes()] == [{"RingStrategy": "Hunt"}]


def test_members_are_replaced_whole_and_in_order(controller: Controller) -> None:
    controller.settle("ring_group", number="800", members=["102", "100", "110"])
    group = entity(controller, "RingGroups", Number="800")
    assert [one["Number"] for one in group["Members"]] == ["102", "100", "110"]


def test_a_member_that_does_not_exist_is_refused(newest: Controller) -> None:
    found = newest.run("ring_group", number="800", members=["100", "1022"])
    assert "members: the PBX has no extension 1022; did you mean " in found["msg"]
    assert not newest.writes()


def test_a_ring_group_is_made_and_deleted(controller: Controller) -> None:
    done = controller.settle(
        "ring_group", number="810", name="Night", members=["100"], no_answer=OUT, strategy="hunt"
    )
    assert done["before"] == {}
    group = entity(controller, "RingGroups", Number="810")
    assert group["ForwardNoAnswer"]["External"] == OUT["number"]
    gone = controller.settle("ring_group", number="810", state="absent")
    assert (gone["after"], gone["changed"]) == ({}, True)
    assert controller.pbx.state.find("RingGroups", Number="810") is None


def test_a_ring_group_that_is_missing_is_not_made_without_a_name(newest: Controller) -> None:
    found = newest.run("ring_group", number="880", no_answer=OUT)
    assert "no ring group 880; did you mean 800? Give it a name" in found["msg"]


@pytest.mark.parametrize(
    ("module", "number", "to"), [("ring_group", "800", "ring group"), ("queue", "801", "queue")]
)
def test_what_calls_are_routed_to_is_not_deleted(
    newest: Controller, module: str, number: str, to: str
) -> None:
    newest.run("user_forwarding", extension="120", busy={"to": module, "number": number})
    written = len(newest.writes())
    found = newest.run(module, number=number, state="absent")
    assert found["code"] == "still_needed"
    assert f"{to.capitalize()} {number} is not deleted" in found["msg"]
    assert "extension 120 routes to it" in found["needed_by"]
    assert any(one.startswith("inbound rule DID +33199") for one in found["needed_by"])
    assert len(newest.writes()) == written


def test_a_ring_group_does_not_forward_to_itself(newest: Controller) -> None:
    found = newest.run("ring_group", number="800", no_answer={"to": "ring_group", "number": "800"})
    assert found["code"] == "loop"


def test_a_queue_sends_those_who_wait_too_long_to_a_mobile(controller: Controller) -> None:
    controller.settle(
        "queue", number="801", max_wait_s=60, ring_time_s=15, no_answer=OUT, strategy="hunt"
    )
    queue = entity(controller, "Queues", Number="801")
    assert (queue["MasterTimeout"], queue["RingTimeout"]) == (60, 15)
    assert queue["ForwardNoAnswer"]["External"] == OUT["number"]
    assert len(queue["Agents"]) == 6
    assert len(queue["Managers"]) == 1


def test_an_agent_who_stays_keeps_the_skill_group(controller: Controller) -> None:
    entity(controller, "Queues", Number="801")["Agents"][1]["SkillGroup"] = "2"
    controller.settle("queue", number="801", agents=["161", "100"])
    agents = entity(controller, "Queues", Number="801")["Agents"]
    assert [(one["Number"], one.get("SkillGroup")) for one in agents] == [
        ("161", "2"),
        ("100", None),
    ]


def tonight() -> datetime:
    return (datetime.now(UTC) + timedelta(hours=6)).replace(microsecond=0)


def test_a_department_is_told_in_one_write_that_its_site_is_dark(controller: Controller) -> None:
    until = tonight()
    done = controller.settle(
        "department", name="Reception", hours_mode="closed", out_of_office=OUT,
        override_until=until.astimezone().isoformat(),
    )  # fmt: skip
    group = entity(controller, "Groups", Name="Reception")
    assert group["CurrentGroupHours"] == "ForceClosed"
    assert datetime.fromisoformat(group["OverrideExpiresAt"]) == until
    assert group["OutOfOfficeRoute"]["Route"]["External"] == OUT["number"]
    assert done["before"]["hours_mode"] == "default"
    assert len(controller.writes()) == 1


def test_a_department_goes_back_to_its_hours(controller: Controller) -> None:
    until = tonight().isoformat()
    controller.settle("department", name="Legal", hours_mode="closed", override_until=until)
    controller.settle("department", name="Legal", hours_mode="default")
    group = entity(controller, "Groups", Name="Legal")
    assert (group["CurrentGroupHours"], group["OverrideExpiresAt"]) == ("Default", None)


def test_an_override_that_stays_ends_when_an_end_is_taken_away(newest: Controller) -> None:
    until = tonight().isoformat()
    newest.settle("department", name="Legal", hours_mode="closed", override_until=until)
    newest.settle("department", name="Legal", hours_mode="closed")
    body = newest.writes()[-1][2]
    assert body == {"CurrentGroupHours": "ForceClosed", "OverrideExpiresAt": None}


@pytest.mark.parametrize(
    ("options", "told"),
    [({"override_until": "2020-01-01T00:00:00Z"}, "has passed"),
     ({"override_until": "2030-01-01T00:00:00"}, "with its zone"),
     ({"override_until": "tomorrow"}, "with its zone")],
)  # fmt: skip
def test_an_end_that_makes_no_sense_is_refused(
    newest: Controller, options: dict[str, Any], told: str
) -> None:
    found = newest.run("department", name="Legal", hours_mode="closed", **options)
    assert told in found["msg"]
    assert not newest.writes()


def test_opening_hours_are_compared_without_their_seconds(controller: Controller) -> None:
    hours = [{"day": "tuesday", "start": "09:00", "stop": "17:00"},
             {"day": "monday", "start": "09:00", "stop": "12:30"}]  # fmt: skip
    controller.settle("department", name="Support", hours=hours)
    kept = entity(controller, "Groups", Name="Support")["Hours"]
    assert kept["Type"] == "SpecificHours"
    assert [one["DayOfWeek"] for one in kept["Periods"]] == ["Monday", "Tuesday"]


def test_the_lists_of_favourites_are_no_departments(newest: Controller) -> None:
    found = newest.run("department", name="___FAVORITES___100", hours_mode="closed")
    assert found["code"] == "unknown_department"
    assert "FAVORITES" not in found["msg"].partition(";")[2]
    listed = newest.run("info", gather=["departments"])["departments"]
    assert not [one["Name"] for one in listed if "FAVORITES" in one["Name"]]


def test_an_unknown_department_tells_what_was_meant(newest: Controller) -> None:
    found = newest.run("department", name="Recepton", hours_mode="closed")
    assert "no department Recepton; did you mean Reception?" in found["msg"]
