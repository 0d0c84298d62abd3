# SPDX-License-Identifier: GPL-3.0-or-later
"""Trunks, the network and the other settings of a PBX follow a switch of lines."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from .conftest import Controller


def test_a_trunk_registers_often_and_from_whichever_line_is_up(controller: Controller) -> None:
    before = copy.deepcopy(controller.pbx.trunk("Operator A"))
    done = controller.settle(
        "trunk", name="Operator A", registration_interval_s=60, contact_address="both",
        transport="tcp", simultaneous_calls=12, public_ip="203.0.113.2",
    )  # fmt: skip
    found = controller.pbx.trunk("Operator A")
    changed = {"TimeBetweenReg": 60, "IPInRegistrationContact": "Both"}
    assert found["Gateway"] == before["Gateway"] | changed, "the rest of the gateway is kept"
    assert (found["TransportRestriction"], found["SimultaneousCalls"]) == ("TCP", 12)
    assert found["AuthPassword"] == before["AuthPassword"]
    assert done["before"]["registration_interval_s"] == 120
    assert len(controller.writes()) == 1


def test_only_the_gateway_is_sent_when_only_it_differs(newest: Controller) -> None:
    newest.settle("trunk", name="10000", registration_interval_s=60, transport="any")
    assert [list(body) for _method, _path, body in newest.writes()] == [["Gateway"]]


def test_a_trunk_that_goes_offline_meanwhile_is_still_written(newest: Controller) -> None:
    newest.pbx.trunk_online("Operator A", False)
    newest.settle("trunk", name="Operator A", secondary_registrar="sip2.operator-a.example")


def test_a_specified_contact_needs_its_address(newest: Controller) -> None:
    found = newest.run("trunk", name="Operator A", contact_address="specified")
    assert found["code"] == "incomplete"
    newest.settle("trunk", name="Operator A", contact_address="specified", contact_ip="203.0.113.2")


def test_the_numbers_of_a_trunk_are_replaced_whole(controller: Controller) -> None:
    controller.settle("trunk", name="Operator B", dids=["+33199000004", "+33 1 99 00 00 03"])
    assert controller.pbx.trunk("Operator B")["DidNumbers"] == ["+33199000003", "+33199000004"]


def test_a_trunk_is_registered_anew_and_waited_for(controller: Controller) -> None:
    controller.pbx.trunk_registers("Operator A", 2)
    foretold = controller.run("trunk_action", check=True, name="Operator A")
    assert (foretold["changed"], controller.pbx.simulation.refreshed) == (True, [])
    done = controller.run("trunk_action", name="Operator A", wait_online_s=20)
    assert (done["changed"], done["online"]) == (True, True)
    assert controller.pbx.simulation.refreshed == ["10000"]


def test_a_trunk_that_does_not_come_back_is_an_error(newest: Controller) -> None:
    newest.pbx.trunk_registers("Operator A", None)
    found = newest.run("trunk_action", name="Operator A", wait_online_s=1)
    assert (found["code"], found["online"]) == ("not_online", False)
    assert newest.run("trunk_action", name="Operator A", wait_online_s=0)["online"] is False


def test_a_trunk_that_does_not_register_is_never_called_online(newest: Controller) -> None:
    newest.pbx.trunk("Operator B")["Gateway"]["RequireRegistrationFor"] = "Nothing"
    assert newest.run("trunk_action", name="Operator B")["online"] is None


def test_an_analysis_changes_nothing(controller: Controller) -> None:
    done = controller.run("trunk_action", name="Operator A", action="analyse")
    assert done["changed"] is False
    assert {"code": "RegisteredOK", "level": "Info", "params": ["sip.operator-a.example"]} in done[
        "reports"
    ]


def test_a_test_call_is_placed_but_not_in_check_mode(controller: Controller) -> None:
    options = {"name": "Operator A", "action": "test_outbound", "destination": "+33 199000101",
               "caller": "100"}  # fmt: skip
    controller.run("trunk_action", check=True, **options)
    assert not controller.writes()
    done = controller.run("trunk_action", **options)
    assert done["log"] == ["100 calls +33199000101 over Operator A"]
    assert controller.writes()[0][2] == {"contact": "100", "destination": "+33199000101"}
    assert controller.run("trunk_action", name="Operator A", action="test_inbound")["changed"]


def test_an_action_is_sent_without_the_wish_that_breaks_it(newest: Controller) -> None:
    newest.run("trunk_action", name="Operator A")
    action = next(one for one in newest.pbx.requests if "RefreshRegistration" in one.path)
    assert "Prefer" not in action.headers


def test_the_public_address_is_asked_for_or_told(controller: Controller) -> None:
    controller.settle("network", public_address="static", public_ip="203.0.113.2")
    settings = controller.pbx.state["NetworkSettings"]
    assert (settings["StunDisabled"], settings["PublicStaticIP"]) == (True, "203.0.113.2")
    controller.settle("network", public_address="stun", stun_interval_s=60, keep_alive=True)
    assert (settings["StunDisabled"], settings["StunQuery"]) == (False, 60)


def test_a_static_address_needs_one(newest: Controller) -> None:
    newest.pbx.state["NetworkSettings"]["PublicStaticIP"] = ""
    assert newest.run("network", public_address="static")["code"] == "incomplete"


def test_events_are_added_to_those_that_are_told(controller: Controller) -> None:
    controller.pbx.state["NotificationSettings"]["NotifyCodes"] = ["LicenseLimit"]
    done = controller.settle("notifications", events=["trunk_failover", "trunk_status"],
                             email_addresses=["support@example.com"])  # fmt: skip
    assert done["after"]["events"] == ["licence_limit", "trunk_failover", "trunk_status"]
    done = controller.settle("notifications", events=["trunk_error"], only_these_events=True)
    assert controller.pbx.state["NotificationSettings"]["NotifyCodes"] == ["TrunkError"]


def test_forwarding_to_mobiles_is_allowed(controller: Controller) -> None:
    controller.pbx.state["GeneralSettingsForPbx"]["AllowFwdToExternal"] = False
    controller.settle("settings", forward_to_external=True)
    assert controller.pbx.state["GeneralSettingsForPbx"]["AllowFwdToExternal"] is True


def holiday(controller: Controller, name: str) -> Any:
    return controller.pbx.state.find("Holidays", Name=name)


def test_a_holiday_is_made_moved_and_deleted(controller: Controller) -> None:
    options = {"department": "Reception", "name": "Works"}
    controller.settle("holiday", **options, start="2026-12-01", end="2026-12-03", end_time="13:30")
    found = holiday(controller, "Works")
    assert (found["Year"], found["Month"], found["Day"], found["DayEnd"]) == (2026, 12, 1, 3)
    assert (found["TimeOfStartDate"], found["TimeOfEndDate"]) == ("PT0S", "PT13H30M")
    controller.settle("holiday", **options, start="12-02")
    found = holiday(controller, "Works")
    assert (found["IsRecurrent"], found["Year"], found["DayEnd"]) == (True, 0, 2)
    assert found["TimeOfEndDate"] == "PT13H30M"
    controller.settle("holiday", **options, state="absent")
    assert holiday(controller, "Works") is None


def test_a_name_that_another_department_has_is_told_before_the_pbx_fails(
    newest: Controller,
) -> None:
    found = newest.run("holiday", department="Legal", name="Christmas", start="12-25")
    assert found["code"] == "name_taken"
    assert "Christmas (Legal)" in found["msg"]
    assert not newest.writes()


@pytest.mark.parametrize("start", ["2026-02-30", "13-01", "tomorrow", "1 May"])
def test_a_day_that_does_not_exist_is_refused(newest: Controller, start: str) -> None:
    found = newest.run("holiday", department="Legal", name="Odd", start=start)
    assert found["code"] == "time"
    assert not newest.writes()


def test_a_leap_day_may_return_every_year(newest: Controller) -> None:
    newest.settle("holiday", department="Legal", name="Leap", start="02-29")
