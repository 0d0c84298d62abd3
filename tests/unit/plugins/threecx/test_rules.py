# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls come in where somebody answers, and leave over more than one trunk."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Controller

OUT = {"to": "external", "number": "+33199000101"}
DID = "+33199000001"
BOTH: list[dict[str, Any]] = [
    {"trunk": "Operator A"},
    {"trunk": "Operator B", "strip_digits": 1, "prepend": "+33", "caller_id": DID},
]


def inbound(controller: Controller, data: str) -> Any:
    found = controller.pbx.state.find("InboundRules", Data=data)
    assert found is not None
    return found


def rule(controller: Controller, name: str) -> Any:
    found = controller.pbx.state.find("OutboundRules", Name=name)
    assert found is not None
    return found


def test_a_number_rings_a_mobile_when_the_office_is_closed(controller: Controller) -> None:
    done = controller.settle(
        "inbound_rule", trunk="Operator A", did=DID, out_of_office=OUT, holidays=OUT
    )
    found = inbound(controller, DID)
    assert done["id"] == found["Id"]
    assert found["OutOfOfficeHoursDestination"]["External"] == OUT["number"]
    assert found["HolidaysDestination"]["External"] == OUT["number"]
    assert found["OfficeHoursDestination"]["Number"] == "800"
    assert len(controller.writes()) == 1


def test_a_closed_office_may_be_treated_as_an_open_one(controller: Controller) -> None:
    controller.settle("inbound_rule", trunk="Operator A", did=DID, out_of_office={"to": "office"})
    assert inbound(controller, DID)["AlterDestinationDuringOutOfOfficeHours"] is False


def test_a_rule_for_a_number_that_is_not_on_the_trunk_is_refused(newest: Controller) -> None:
    found = newest.run("inbound_rule", trunk="Operator A", did="+33199000009", office=OUT)
    assert found["code"] == "did_not_on_trunk"
    assert "+33199000009 is not among the numbers of trunk Operator A" in found["msg"]
    assert "add_did" in found["msg"]
    assert not newest.writes()


def test_a_number_that_is_written_otherwise_on_the_trunk_is_told(newest: Controller) -> None:
    found = newest.run("inbound_rule", trunk="Operator A", did="33199000001", office=OUT)
    assert f"it has {DID}: write it like that" in found["msg"]


def test_a_number_is_added_to_the_trunk_before_its_rule(controller: Controller) -> None:
    controller.settle(
        "inbound_rule", trunk="Operator A", did="+33199000009", office=OUT, add_did=True
    )
    assert [method for method, _path, _body in controller.writes()] == ["PATCH", "POST"]
    dids = controller.pbx.trunk("Operator A")["DidNumbers"]
    assert dids == [DID, "+33199000002", "+33199000009"]
    assert inbound(controller, "+33199000009")["AlterDestinationDuringHolidays"] is False


def test_a_destination_is_checked_before_a_number_is_added(newest: Controller) -> None:
    found = newest.run("inbound_rule", trunk="Operator A", did="+33199000009", add_did=True,
                       office={"to": "queue", "number": "899"})  # fmt: skip
    assert "office: the PBX has no queue 899" in found["msg"]
    assert not newest.writes()


def test_all_calls_of_a_trunk_may_have_a_rule(controller: Controller) -> None:
    controller.settle("inbound_rule", trunk="Operator B", office=OUT, name="All of B")
    controller.settle("inbound_rule", trunk="Operator B", state="absent")
    assert controller.pbx.state.find("InboundRules", RuleName="All of B") is None


def test_an_inbound_rule_that_is_gone_is_gone(newest: Controller) -> None:
    newest.settle("inbound_rule", trunk="Operator A", did=DID, state="absent")
    assert newest.pbx.state.find("InboundRules", Data=DID) is None


def test_an_unknown_trunk_tells_what_was_meant(newest: Controller) -> None:
    found = newest.run("inbound_rule", trunk="Operater A", did=DID, office=OUT)
    assert "trunk: the PBX has no trunk Operater A; did you mean Operator A" in found["msg"]


def test_calls_leave_over_two_trunks_in_order(controller: Controller) -> None:
    done = controller.settle(
        "outbound_rule", name="Fallback", prefixes=["07", "06"], number_lengths=["8", "9", "10"],
        extensions=["100-102", "110"], departments=["Support", "Reception"], routes=BOTH,
    )  # fmt: skip
    found = rule(controller, "Fallback")
    a, b = (controller.pbx.trunk(f"Operator {one}")["Id"] for one in "AB")
    assert [one["TrunkId"] for one in found["Routes"]] == [a, b]
    assert done["after"]["prefixes"] == ["06-07"]
    assert done["after"]["number_lengths"] == ["8-10"]
    assert done["after"]["extensions"] == ["100-102", "110"]
    assert done["after"]["departments"] == ["Reception", "Support"]
    assert done["after"]["routes"][0] == {
        "trunk": "Operator A", "strip_digits": 0, "prepend": "", "append": "", "caller_id": "",
    }  # fmt: skip


def test_prefixes_may_be_written_as_the_pbx_reads_them_back(controller: Controller) -> None:
    controller.settle("outbound_rule", name="Services", prefixes=["118", "119"], routes=BOTH)
    found = controller.run("outbound_rule", name="Services", prefixes=["118-119"], routes=BOTH)
    assert found["changed"] is False


def test_an_empty_list_of_routes_blocks_the_calls(controller: Controller) -> None:
    done = controller.settle("outbound_rule", name="Premium", prefixes=["089"], routes=[])
    assert done["after"]["routes"] == []


@pytest.mark.parametrize(
    ("options", "told"),
    [({"routes": [{"trunk": "Operator A"}] * 6}, "holds 5 at most"),
     ({"routes": BOTH, "departments": ["Suport"]}, "did you mean Support?"),
     ({"routes": [{"trunk": "Operator C"}]}, "routes[0].trunk: the PBX has no trunk Operator C"),
     ({"routes": BOTH, "number_lengths": ["ten"]}, "no length such as 10"),
     ({"routes": BOTH, "extensions": ["199-100"]}, "no extension or range"),
     ({}, "give it routes")],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused(
    newest: Controller, options: dict[str, Any], told: str
) -> None:
    found = newest.run("outbound_rule", name="New", prefixes=["0"], **options)
    assert told in found["msg"]
    assert not newest.writes()


def test_a_rule_that_would_take_every_call_is_refused(newest: Controller) -> None:
    assert newest.run("outbound_rule", name="New", routes=BOTH)["code"] == "incomplete"


def test_emergency_rules_are_found_in_their_own_list(controller: Controller) -> None:
    options: dict[str, Any] = {"emergency": True, "prefixes": ["15", "17", "18", "112"]}
    done = controller.settle("outbound_rule", name="All emergencies", routes=BOTH, **options)
    assert done["id"] == rule(controller, "All emergencies")["Id"]
    assert rule(controller, "All emergencies")["EmergencyRule"] is True
    listed = controller.run("info", gather=["outbound_rules", "emergency_rules"])
    assert "All emergencies" not in [one["Name"] for one in listed["outbound_rules"]]
    assert "All emergencies" in [one["Name"] for one in listed["emergency_rules"]]


def test_a_rule_that_a_forward_needs_is_not_deleted(newest: Controller) -> None:
    newest.run("user_forwarding", extension="100", not_registered=OUT, no_answer=OUT, busy=OUT)
    written = len(newest.writes())
    found = newest.run("outbound_rule", name="International", state="absent")
    assert found["code"] == "still_needed"
    assert any("100" in one for one in found["needed_by"])
    assert len(newest.writes()) == written


def test_a_rule_that_no_forward_needs_is_deleted(controller: Controller) -> None:
    controller.settle("outbound_rule", name="National", state="absent")
    assert controller.pbx.state.find("OutboundRules", Name="National") is None


def priorities(controller: Controller) -> dict[str, int]:
    return {
        one["Name"]: one["Priority"]
        for one in controller.pbx.state["OutboundRules"]
        if not one.get("EmergencyRule")
    }


def test_a_rule_takes_its_place_and_the_others_move_up(controller: Controller) -> None:
    order = sorted(priorities(controller), key=lambda name: priorities(controller)[name])
    controller.settle("outbound_rule", name="First", prefixes=["0"], routes=BOTH, priority=1)
    found = priorities(controller)
    assert found["First"] == 1
    assert sorted(found, key=lambda name: found[name]) == ["First", *order]


def test_the_last_rule_comes_first_without_two_ever_having_one_place(newest: Controller) -> None:
    order = sorted(priorities(newest), key=lambda name: priorities(newest)[name])
    newest.settle("outbound_rule", name=order[-1], priority=1)
    found = priorities(newest)
    assert sorted(found, key=lambda name: found[name]) == [order[-1], *order[:-1]]
    assert {one.status for one in newest.pbx.requests} <= {200, 204}
