# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's calls find the mobile, and nothing else of the user changes."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from .conftest import Controller

MOBILE = "+33199000100"
ALWAYS: dict[str, Any] = {leg: {"to": "mobile"} for leg in ("no_answer", "busy", "not_registered")}


def profiles(controller: Controller, number: str = "100") -> dict[str, Any]:
    return {one["Name"]: one for one in controller.pbx.user(number)["ForwardingProfiles"]}


def test_all_calls_nobody_takes_go_to_the_mobile(controller: Controller) -> None:
    before = copy.deepcopy(profiles(controller))
    done = controller.settle("user_forwarding", extension="100", no_answer_timeout_s=15, **ALWAYS)
    assert done["changed"] is True
    found = profiles(controller)
    route = found["Available"]["AvailableRoute"]
    for leg in ("NoAnswer", "Busy", "NotRegistered"):
        assert route[f"{leg}AllCalls"] is True
        for side in ("Internal", "External"):
            kept = route[f"{leg}{side}"]
            assert (kept["To"], kept["External"]) == ("External", MOBILE)
    assert found["Available"]["NoAnswerTimeout"] == 15
    assert done["after"]["profiles"]["Available"]["busy"] == {"to": "external", "number": MOBILE}
    others = {name: one for name, one in found.items() if name != "Available"}
    for name, one in others.items():
        assert one["Id"] == before[name]["Id"]
        assert bool(one["AvailableRoute"]) == bool(before[name]["AvailableRoute"])
    assert len(controller.writes()) == 1


def test_all_five_profiles_are_sent_in_one_write_and_nothing_else(newest: Controller) -> None:
    newest.pbx.user_registered("100", False)
    newest.settle("user_forwarding", extension="100", **ALWAYS)
    assert newest.pbx.user("100")["Mobile"] == MOBILE
    body = newest.writes()[0][2]
    assert len(body["ForwardingProfiles"]) == 5
    assert list(body) == ["ForwardingProfiles"]


def test_what_is_sent_back_holds_no_more_of_a_destination_than_may_be_written(
    newest: Controller,
) -> None:
    newest.settle("user_forwarding", extension="100", **ALWAYS)
    for profile in newest.writes()[0][2]["ForwardingProfiles"]:
        for route in (profile["AvailableRoute"], profile["AwayRoute"]):
            for value in (route or {}).values():
                assert not isinstance(value, dict) or set(value) == {"To", "Number", "External"}


def test_every_profile_that_rings_first_is_set_at_once(newest: Controller) -> None:
    newest.settle("user_forwarding", extension="100", profile="all_available", **ALWAYS)
    for name in ("Available", "Custom 1"):
        assert profiles(newest)[name]["AvailableRoute"]["BusyInternal"]["External"] == MOBILE


def test_a_profile_is_known_by_its_own_name_too(newest: Controller) -> None:
    newest.pbx.user("100")["ForwardingProfiles"][3]["CustomName"] = "Lunch"
    newest.settle("user_forwarding", extension="100", profile="lunch", **ALWAYS)
    assert profiles(newest)["Custom 1"]["AvailableRoute"]["BusyInternal"]["External"] == MOBILE


def test_a_profile_that_is_away_sends_every_call(newest: Controller) -> None:
    where = {"to": "extension", "number": "101"}
    newest.settle("user_forwarding", extension="100", profile="out_of_office", away=where)
    route = profiles(newest)["Out of office"]["AwayRoute"]
    assert (route["Internal"]["Number"], route["External"]["Number"]) == ("101", "101")


@pytest.mark.parametrize(
    ("profile", "options", "remedy"),
    [("Away", {"busy": {"to": "mobile"}}, "use away"),
     ("Available", {"away": {"to": "mobile"}}, "use no_answer")],
)  # fmt: skip
def test_a_profile_of_the_other_shape_is_refused(
    newest: Controller, profile: str, options: dict[str, Any], remedy: str
) -> None:
    found = newest.run("user_forwarding", extension="100", profile=profile, **options)
    assert found["code"] == "profile_shape"
    assert remedy in found["msg"]
    assert not newest.writes()


def test_an_unknown_profile_names_those_there_are(newest: Controller) -> None:
    found = newest.run("user_forwarding", extension="100", profile="Availabel", **ALWAYS)
    assert "did you mean Available" in found["msg"]


def test_a_new_mobile_is_written_and_used_in_one_write(newest: Controller) -> None:
    newest.settle("user_forwarding", extension="100", mobile="+33 1 99 00 09 99", **ALWAYS)
    assert newest.pbx.user("100")["Mobile"] == "+33199000999"
    route = profiles(newest)["Available"]["AvailableRoute"]
    assert route["NotRegisteredExternal"]["External"] == "+33199000999"
    assert len(newest.writes()) == 1


def test_a_mobile_that_is_written_with_spaces_is_the_same_mobile(newest: Controller) -> None:
    newest.settle("user_forwarding", extension="100", **ALWAYS)
    newest.pbx.user("100")["Mobile"] = "+33 1 99.00-01/00"
    found = newest.run("user_forwarding", extension="100", mobile=MOBILE, **ALWAYS)
    assert found["changed"] is False


def test_without_a_mobile_nothing_is_written(newest: Controller) -> None:
    newest.pbx.user("100")["Mobile"] = ""
    found = newest.run("user_forwarding", extension="100", **ALWAYS)
    assert found["code"] == "no_mobile"
    assert "extension 100 has no mobile number" in found["msg"]
    assert not newest.writes()


@pytest.mark.parametrize("number", ["+33 (0)1 99 00 00 01", "call me", "7"])
def test_what_is_no_number_is_refused(newest: Controller, number: str) -> None:
    where = {"to": "external", "number": number}
    found = newest.run("user_forwarding", extension="100", busy=where)
    assert found["code"] == "number"
    assert "+33199000001" in found["msg"]


def test_an_unknown_extension_tells_what_was_meant(newest: Controller) -> None:
    found = newest.run("user_forwarding", extension="1100", **ALWAYS)
    assert found["code"] == "unknown_number"
    assert "no extension 1100; did you mean 110 or" in found["msg"]


def test_a_destination_that_does_not_exist_is_refused(newest: Controller) -> None:
    where = {"to": "ring_group", "number": "809"}
    found = newest.run("user_forwarding", extension="100", busy=where)
    assert "busy: the PBX has no ring group 809; did you mean 800?" in found["msg"]
    where = {"to": "ring_group", "number": "801"}
    found = newest.run("user_forwarding", extension="100", busy=where)
    assert "busy: 801 is a queue, not a ring group." in found["msg"]
    assert not newest.writes()


def test_an_extension_does_not_forward_to_itself(newest: Controller) -> None:
    where = {"to": "extension", "number": "100"}
    assert newest.run("user_forwarding", extension="100", busy=where)["code"] == "loop"


def test_softphones_work_off_the_site(controller: Controller) -> None:
    done = controller.settle("user_forwarding", extension="100", lan_only=False, push=True)
    assert controller.pbx.user("100")["AllowLanOnly"] is False
    assert done["changed"] is True


def test_a_tunnel_is_blocked_where_the_version_can(controller: Controller) -> None:
    knows = controller.pbx.version in ("20.0.9", "20.0.10")
    found = controller.run("user_forwarding", extension="100", block_tunnel=True)
    assert found.get("code") == (None if knows else "version")
    freed = controller.run("user_forwarding", extension="100", block_tunnel=False)
    assert "failed" not in freed


def test_profiles_that_change_between_look_and_write_are_not_lost(newest: Controller) -> None:
    """Another client changes the user right after the first look: its change stays."""
    once: list[int] = []
    answer = newest.pbx.api.answer

    def meddling(request: Any) -> Any:
        found = answer(request)
        if request.method == "GET" and "ForwardingProfiles" in request.query and not once:
            once.append(1)
            newest.pbx.user("100")["ForwardingProfiles"][1]["CustomName"] = "Travelling"
        return found

    newest.pbx.api.answer = meddling  # type: ignore[method-assign]
    done = newest.run("user_forwarding", extension="100", **ALWAYS)
    assert done["changed"] is True
    assert profiles(newest)["Away"]["CustomName"] == "Travelling"
    assert profiles(newest)["Available"]["AvailableRoute"]["BusyInternal"]["External"] == MOBILE


def test_what_changes_all_the_time_is_left_alone(newest: Controller) -> None:
    answer = newest.pbx.api.answer
    looks: list[int] = []

    def meddling(request: Any) -> Any:
        found = answer(request)
        if request.method == "GET" and "ForwardingProfiles" in request.query:
            looks.append(1)
            profile = newest.pbx.user("100")["ForwardingProfiles"][1]
            profile["CustomName"] = f"Travelling {len(looks)}"
        return found

    newest.pbx.api.answer = meddling  # type: ignore[method-assign]
    found = newest.run("user_forwarding", extension="100", **ALWAYS)
    assert found["code"] == "lost_update"
    assert not newest.writes()


def test_what_the_pbx_does_not_keep_is_told(newest: Controller) -> None:
    answer = newest.pbx.api.answer

    def forgetting(request: Any) -> Any:
        return (204, None) if request.method == "PATCH" else answer(request)

    newest.pbx.api.answer = forgetting  # type: ignore[method-assign]
    found = newest.run("user_forwarding", extension="100", mobile="+33199000999")
    assert found["code"] == "not_kept"
    assert 'mobile is "+33199000100", not "+33199000999"' in found["msg"]


def test_the_registration_of_a_phone_is_no_change_of_the_user(newest: Controller) -> None:
    newest.settle("user_forwarding", extension="100", **ALWAYS)
    newest.pbx.user_registered("100", False)
    assert newest.run("user_forwarding", extension="100", **ALWAYS)["changed"] is False
