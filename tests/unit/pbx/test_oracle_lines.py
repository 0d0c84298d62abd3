# SPDX-License-Identifier: GPL-3.0-or-later
"""Over which trunk a call comes and goes, and when it does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pbx import Pbx
from tests.unit.pbx.firm import (
    MOBILE,
    NIGHT,
    OTHER,
    RECEPTION,
    forward,
    rule,
    second_route,
    with_mobile,
)


def test_a_number_that_came_in_over_the_other_trunk_goes_out_by_the_second_route(
    office: Pbx,
) -> None:
    with_mobile(office)
    office.trunk_online("Operator A", False)
    call = office.oracle.call(OTHER, dark={"Reception"})
    assert (call.ends.kind, "not registered" in call.ends.why) == ("lost", True)
    second_route(office)
    call = office.oracle.call(OTHER, dark={"Reception"})
    assert (call.rings, call.ends.trunk) == ([MOBILE], "Operator B")
    assert "Operator A is not registered" in call.ends.why


def test_a_number_of_a_trunk_that_is_down_is_lost_unless_the_operator_forwards(
    office: Pbx,
) -> None:
    office.trunk_online("Operator A", False)
    call = office.oracle.call(RECEPTION)
    assert (call.ends.kind, call.rings) == ("lost", [])
    office.on_site(carrier_forward={RECEPTION: NIGHT})
    call = office.oracle.call(RECEPTION)
    assert [hop.kind for hop in call.hops] == ["carrier", "external"]
    assert call.rings == [NIGHT]


def test_a_pbx_on_the_dark_site_forwards_nothing_itself(office: Pbx) -> None:
    with_mobile(office)
    office.on_site("Reception", "Accounting")
    assert office.oracle.call(RECEPTION, dark={"Support"}).rings == ["100", "101", "102"]
    call = office.oracle.call(RECEPTION, dark={"Reception"})
    assert (call.ends.kind, "on the dark site" in call.ends.why) == ("lost", True)
    office.on_site("Reception", carrier_forward={"*": NIGHT})
    assert office.oracle.call(RECEPTION, dark={"Reception"}).rings == [NIGHT]


def test_a_trunk_that_never_registers_is_taken_for_working(office: Pbx) -> None:
    office.trunk("Operator A")["Gateway"]["RequireRegistrationFor"] = "Nothing"
    office.trunk_online("Operator A", False)
    assert office.oracle.call(RECEPTION).answered


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"GroupIds": [1]}, "no outbound rule"),
        ({"Prefix": "00"}, "no outbound rule"),
        ({"NumberLengthRanges": "9-10"}, "no outbound rule"),
        ({"DNRanges": [{"From": "100", "To": "140"}]}, "no outbound rule"),
        ({"Routes": [{"TrunkId": -1}]}, "blocks the number"),
    ],
)
def test_a_mobile_is_reached_only_by_a_rule_that_takes_it(
    office: Pbx, changed: dict[str, Any], words: str
) -> None:
    with_mobile(office)
    outbound = office.state.find("OutboundRules", Name="International")
    assert outbound is not None
    outbound |= changed
    call = office.oracle.call(RECEPTION, dark={"Reception"})
    assert call.ends.kind == "lost"
    assert words in call.ends.why


def test_rules_are_tried_by_priority_and_dial_what_their_route_makes_of_the_number(
    office: Pbx,
) -> None:
    with_mobile(office)
    trunk = office.trunk("Operator B")["Id"]
    route = {"TrunkId": trunk, "StripDigits": 3, "Prepend": "0"}
    office.state.add("OutboundRules", Name="France", Prefix="+33", Priority=0, Routes=[route])
    call = office.oracle.call(RECEPTION, dark={"Reception"})
    assert call.ends.trunk == "Operator B"
    assert "dialled 0199000777" in call.ends.why


def test_a_trunk_without_a_channel_left_is_skipped(office: Pbx) -> None:
    with_mobile(office)
    second_route(office)
    office.trunk("Operator A")["SimultaneousCalls"] = 1
    call = office.oracle.call(RECEPTION, dark={"Reception"})
    assert call.ends.trunk == "Operator B"
    assert "no channel left" in call.ends.why


def test_nothing_is_forwarded_outside_where_that_is_not_allowed(office: Pbx) -> None:
    with_mobile(office)
    office.state["GeneralSettingsForPbx"]["AllowFwdToExternal"] = False
    assert "not allowed" in office.oracle.call(RECEPTION, dark={"Reception"}).ends.why


def test_an_extension_that_only_calls_inside_is_not_forwarded_outside(office: Pbx) -> None:
    forward(office, "120", MOBILE)
    office.user("120")["Internal"] = True
    assert "internal calls only" in office.oracle.call("120", dark={"Accounting"}).ends.why


def test_a_number_that_is_not_on_the_trunk_never_rings_whatever_the_rules_say(
    office: Pbx,
) -> None:
    rule(office, RECEPTION)["Data"] = "+33199000009"
    assert "no trunk has this number" in office.oracle.call("+33199000009").ends.why
    assert "no inbound rule" in office.oracle.call(RECEPTION).ends.why


def test_a_rule_may_name_the_end_of_a_number_and_a_trunk_may_have_a_rule_for_the_rest(
    office: Pbx,
) -> None:
    own = rule(office, RECEPTION)
    own["Data"] = "*000001"
    assert office.oracle.call(RECEPTION).answered
    own |= {"Condition": "ForwardAll", "Data": ""}
    assert office.oracle.call("33199000001").answered


@pytest.mark.parametrize(
    ("circumstances", "trunk", "why"),
    [
        ({}, "Operator A", "outbound rule Emergency"),
        ({"dark": {"Reception"}}, "Operator A", "outbound rule Emergency"),
        ({"dark": {"Accounting"}}, "", "120 cannot call: not registered: Accounting is dark"),
    ],
)
def test_an_emergency_number_goes_out_by_the_rules_for_emergencies(
    office: Pbx, circumstances: dict[str, Any], trunk: str, why: str
) -> None:
    call = office.oracle.call("18", caller="120", **circumstances)
    assert call.ends.trunk == trunk
    assert why in call.ends.why


def test_with_a_second_route_an_emergency_call_survives_the_first_operator(office: Pbx) -> None:
    office.trunk_online("Operator A", False)
    assert not office.oracle.call("112", caller="120").answered
    second_route(office)
    assert office.oracle.call("112", caller="120").ends.trunk == "Operator B"


def test_an_extension_calls_another_by_its_number(office: Pbx) -> None:
    forward(office, "140", MOBILE)
    assert office.oracle.call("140", caller="120").rings == ["140"]
    assert office.oracle.call("140", caller="120", dark={"Legal"}).rings == [MOBILE]
    office.user("120")["Internal"] = True
    assert "internal calls only" in office.oracle.call(MOBILE, caller="120").ends.why


def test_beside_a_pbx_on_a_dark_site_only_the_house_can_be_called(office: Pbx) -> None:
    office.on_site("Reception", "Accounting")
    dark = {"Reception", "Accounting"}
    assert not office.oracle.call(MOBILE, caller="120", dark=dark).answered
    call = office.oracle.call("120", caller="140", dark=dark)
    assert (call.ends.kind, call.ends.why) == ("lost", "the PBX is on the dark site")
