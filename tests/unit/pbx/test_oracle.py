# SPDX-License-Identifier: GPL-3.0-or-later
"""Who rings when a number is called, from what the PBX holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.pbx import EVERYBODY, Oracle, Pbx
from tests.unit.pbx.firm import (
    CLOSED,
    MOBILE,
    NIGHT,
    OPEN,
    OTHER,
    PAUSE,
    RECEPTION,
    SUPPORT,
    department,
    forward,
    group,
    outside,
    rule,
    with_mobile,
)


def test_by_day_the_reception_rings(office: Pbx) -> None:
    call = office.oracle.call(RECEPTION)
    assert call.rings == ["100", "101", "102"]
    assert [hop.kind for hop in call.hops][:3] == ["trunk", "inbound_rule", "ring_group"]
    assert call.answered


def test_without_a_fallback_a_dark_site_answers_with_voicemail(office: Pbx) -> None:
    call = office.oracle.call(RECEPTION, dark={"Reception"})
    assert call.rings == []
    assert (call.ends.kind, call.ends.number) == ("voicemail", "100")
    assert "no member can ring" in call.ends.why
    assert not call.answered


def test_with_a_fallback_the_mobile_rings_over_the_first_trunk(office: Pbx) -> None:
    group(office, "RingGroups", "800")["ForwardNoAnswer"] = outside(MOBILE)
    call = office.oracle.call(RECEPTION, dark={"Reception"})
    assert (call.rings, call.ends.trunk) == ([MOBILE], "Operator A")
    assert call.channels == 2


def test_members_of_a_group_are_not_forwarded_one_by_one(office: Pbx) -> None:
    forward(office, "100", MOBILE)
    assert office.oracle.call(RECEPTION, dark={"Reception"}).rings == []


@pytest.mark.parametrize(
    ("circumstances", "rings"),
    [
        ({}, ["120"]),
        ({"dark": {"Accounting"}}, [MOBILE]),
        ({"dark": {"Reception"}}, ["120"]),
        ({"busy": {"120"}}, [MOBILE]),
        ({"silent": {"120"}}, ["120", MOBILE]),
    ],
)
def test_an_extension_goes_to_the_mobile_when_it_is_dark_busy_or_silent(
    office: Pbx, circumstances: dict[str, Any], rings: list[str]
) -> None:
    forward(office, "120", MOBILE)
    assert office.oracle.call("120", **circumstances).rings == rings


@pytest.mark.parametrize("reason", ["NoAnswer", "Busy", "NotRegistered"])
def test_each_reason_needs_a_forward_of_its_own(office: Pbx, reason: str) -> None:
    forward(office, "120", MOBILE, reason)
    ways = {"NoAnswer": {"silent": {"120"}}, "Busy": {"busy": {"120"}},
            "NotRegistered": {"dark": {"Accounting"}}}  # fmt: skip
    reached = {
        name for name, way in ways.items() if MOBILE in office.oracle.call("120", **way).rings
    }
    assert reached == {reason}


def test_calls_from_inside_and_outside_have_destinations_of_their_own(office: Pbx) -> None:
    route = office.user("120")["ForwardingProfiles"][0]["AvailableRoute"]
    route["NotRegisteredExternal"] = outside(MOBILE)
    assert office.oracle.call("120", dark={"Accounting"}).ends.kind == "voicemail"
    rule(office, RECEPTION)["OfficeHoursDestination"] = {"To": "Extension", "Number": "120"}
    assert office.oracle.call(RECEPTION, dark={"Accounting"}).rings == [MOBILE]


def test_a_phone_that_lost_its_registration_is_forwarded_without_any_site_being_dark(
    office: Pbx,
) -> None:
    forward(office, "120", MOBILE)
    office.user_registered("120", False)
    assert office.oracle.call("120").rings == [MOBILE]


def test_a_softphone_with_a_network_of_its_own_still_rings_unless_it_must_stay_at_home(
    office: Pbx,
) -> None:
    forward(office, "120", MOBILE)
    user = office.user("120")
    user["AllowLanOnly"] = False
    assert office.oracle.call("120", dark={"Accounting"}, apps={"120"}).rings == ["120"]
    user["AllowLanOnly"] = True
    assert office.oracle.call("120", dark={"Accounting"}, apps={"120"}).rings == [MOBILE]


def test_whoever_is_away_is_forwarded_by_the_profile_of_the_absence(office: Pbx) -> None:
    user = office.user("120")
    user["CurrentProfileName"] = "Away"
    user["ForwardingProfiles"][1]["AwayRoute"]["Internal"] = outside(MOBILE)
    assert office.oracle.call("120").rings == [MOBILE]


def test_the_mobile_may_ring_along(office: Pbx) -> None:
    office.user("120")["ForwardingProfiles"][0]["RingMyMobile"] = True
    call = office.oracle.call("120", silent={"120"})
    assert call.rings == ["120", "+33199000120"]


def test_a_queue_waits_for_its_agents_and_then_goes_on(office: Pbx) -> None:
    queue = group(office, "Queues", "801")
    queue["ForwardNoAnswer"] = outside(MOBILE)
    assert office.oracle.call(SUPPORT).rings == ["160", "161", "162", "163", "164", "165"]
    call = office.oracle.call(SUPPORT, dark={"Support"})
    assert call.rings == [MOBILE]
    assert "after 120 s in the queue" in call.ends.why
    for agent in queue["Agents"]:
        office.user(agent["Number"])["QueueStatus"] = "LoggedOut"
    assert office.oracle.call(SUPPORT).rings == [MOBILE]


def test_a_group_that_hunts_rings_one_after_the_other(office: Pbx) -> None:
    group(office, "RingGroups", "800")["RingStrategy"] = "Hunt"
    assert office.oracle.call(RECEPTION).rings == ["100"]
    assert office.oracle.call(RECEPTION, silent={"100"}).rings == ["100", "101"]
    assert office.oracle.call(RECEPTION, busy={"100"}).rings == ["101"]


def test_a_chain_is_followed_to_its_end(office: Pbx) -> None:
    group(office, "RingGroups", "800")["ForwardNoAnswer"] = {"To": "Queue", "Number": "801"}
    group(office, "Queues", "801")["ForwardNoAnswer"] = {"To": "Extension", "Number": "110"}
    forward(office, "110", MOBILE)
    call = office.oracle.call(RECEPTION, dark={EVERYBODY})
    kinds = [hop.kind for hop in call.hops]
    assert kinds == ["trunk", "inbound_rule", "ring_group", "queue", "user", "external"]
    assert call.rings == [MOBILE]


def test_a_loop_is_told(office: Pbx) -> None:
    group(office, "RingGroups", "800")["ForwardNoAnswer"] = {"To": "Queue", "Number": "801"}
    group(office, "Queues", "801")["ForwardNoAnswer"] = {"To": "RingGroup", "Number": "800"}
    call = office.oracle.call(RECEPTION, dark={EVERYBODY})
    assert (call.ends.kind, "loop" in call.ends.why) == ("lost", True)


def test_a_forward_to_a_number_of_ones_own_comes_in_again(office: Pbx) -> None:
    group(office, "RingGroups", "800")["ForwardNoAnswer"] = outside(SUPPORT)
    call = office.oracle.call(RECEPTION, dark={"Reception"})
    assert call.rings[0] == "160"
    group(office, "RingGroups", "800")["ForwardNoAnswer"] = outside(OTHER)
    assert "loop" in office.oracle.call(RECEPTION, dark={"Reception"}).ends.why


@pytest.mark.parametrize(
    ("at", "ends"), [(OPEN, "extension"), (PAUSE, "voicemail"), (CLOSED, "voicemail")]
)
def test_hours_are_those_of_the_department_in_its_time_zone(
    office: Pbx, at: datetime, ends: str
) -> None:
    assert office.oracle.call(RECEPTION, at=at).ends.kind == ends


def test_a_holiday_closes_the_departments_that_share_it(office: Pbx) -> None:
    rule(office, RECEPTION)["HolidaysDestination"] = outside(NIGHT)
    christmas = datetime(2026, 12, 25, 10, tzinfo=UTC)
    assert office.oracle.call(RECEPTION, at=christmas).rings == [NIGHT]
    department(office, "Reception")["OverrideHolidays"] = True
    assert office.oracle.call(RECEPTION, at=christmas).rings == ["100", "101", "102"]


def test_a_department_that_is_closed_by_hand_sends_its_calls_on_until_the_time_is_over(
    office: Pbx,
) -> None:
    closed = department(office, "Reception")
    closed |= {
        "CurrentGroupHours": "ForceClosed",
        "OverrideExpiresAt": "2026-12-01T10:30:00Z",
        "OutOfOfficeRoute": {"IsPromptEnabled": False, "Prompt": "", "Route": outside(MOBILE)},
    }
    rule(office, RECEPTION)["AlterDestinationDuringOutOfOfficeHours"] = False
    group(office, "RingGroups", "800")["OutOfOfficeRoute"]["Route"]["To"] = "None"
    call = office.oracle.call(RECEPTION)
    assert call.rings == [MOBILE]
    assert "department" in [hop.kind for hop in call.hops]
    later = datetime(2026, 12, 1, 10, 31, tzinfo=UTC)
    assert office.oracle.call(RECEPTION, at=later).rings == ["100", "101", "102"]


def test_what_the_rule_says_of_closed_hours_comes_before_what_the_group_says(office: Pbx) -> None:
    department(office, "Reception")["CurrentGroupHours"] = "ForceClosed"
    group(office, "RingGroups", "800")["OutOfOfficeRoute"]["Route"] = outside(MOBILE)
    rule(office, RECEPTION)["OutOfOfficeHoursDestination"] = outside(NIGHT)
    assert office.oracle.call(RECEPTION).rings == [NIGHT]
    rule(office, RECEPTION)["AlterDestinationDuringOutOfOfficeHours"] = False
    assert office.oracle.call(RECEPTION).rings == [MOBILE]


def test_an_operator_can_be_named_for_the_time_being(office: Pbx) -> None:
    own = department(office, "Reception")
    own |= {"CurrentGroupHours": "ForceCustomOperator", "CustomOperator": outside(NIGHT)}
    assert office.oracle.call(RECEPTION).rings == [NIGHT]


def test_a_menu_that_nobody_touches_goes_where_its_time_ends(office: Pbx) -> None:
    office.state.add(
        "Receptionists", Number="802", Name="Menu", TimeoutForwardType="RingGroup",
        TimeoutForwardDN="800",
    )  # fmt: skip
    rule(office, RECEPTION)["OfficeHoursDestination"] = {"To": "IVR", "Number": "802"}
    call = office.oracle.call(RECEPTION)
    assert call.rings == ["100", "101", "102"]
    assert "no key in 5 s" in call.hops[3].why


def test_the_oracle_reads_what_the_api_serves_without_the_double(office: Pbx) -> None:
    entities = {
        "Users": [{"Id": 1, "Number": "10", "IsRegistered": False, "ForwardingProfiles": [
            {"Name": "Available", "AwayRoute": None,
             "AvailableRoute": {"NotRegisteredInternal": outside(MOBILE)}}]}],
        "OutboundRules": [{"Name": "all", "Prefix": "", "Routes": [{"TrunkId": 3}]}],
        "Trunks": [{"Id": 3, "Number": "10000", "IsOnline": True}],
    }  # fmt: skip
    assert Oracle(entities, OPEN).call("10").rings == [MOBILE]


def test_an_outcome_reads_as_a_story(office: Pbx) -> None:
    with_mobile(office)
    text = str(office.oracle.call(RECEPTION, dark={"Reception"}))
    assert text.splitlines() == [
        "call to +33199000001",
        "  trunk 10000 (Operator A): +33199000001 belongs to it",
        "  inbound_rule +33199000001 (DID +33199000001): Reception is open",
        "  ring_group 800 (Reception): by the rule",
        "  external +33199000777 over Operator A: no member can ring; outbound rule International,"
        " dialled +33199000777",
    ]


def test_a_department_that_does_not_exist_is_told(office: Pbx) -> None:
    with pytest.raises(ValueError, match="no such department: Nowhere"):
        office.oracle.call(RECEPTION, dark={"Nowhere"})


def test_whoever_keeps_calls_of_groups_away_does_not_ring_with_them(office: Pbx) -> None:
    office.user("100")["ForwardingProfiles"][0]["DisableRingGroupCalls"] = True
    assert office.oracle.call(RECEPTION).rings == ["101", "102"]
    assert office.oracle.call("100").rings == ["100"]


def test_a_user_without_voicemail_loses_the_call(office: Pbx) -> None:
    office.user("100")["VMEnabled"] = False
    assert office.oracle.call(RECEPTION, dark={"Reception"}).ends.kind == "lost"


def test_an_extension_that_is_disabled_does_not_ring(office: Pbx) -> None:
    office.user("120")["Enabled"] = False
    assert office.oracle.call("120").rings == []


@pytest.mark.parametrize(
    ("at", "rings"),
    [
        (datetime(2026, 12, 30, 10, tzinfo=UTC), [NIGHT]),
        (datetime(2027, 1, 1, 10, tzinfo=UTC), [NIGHT]),
        (datetime(2027, 1, 4, 10, tzinfo=UTC), ["100", "101", "102"]),
    ],
)
def test_a_holiday_may_span_new_year(office: Pbx, at: datetime, rings: list[str]) -> None:
    office.state.add(
        "Holidays", Name="Turn of the year", Group="GRP0001", Day=28, Month=12, DayEnd=2,
        MonthEnd=1, IsRecurrent=True,
    )  # fmt: skip
    rule(office, RECEPTION)["HolidaysDestination"] = outside(NIGHT)
    assert office.oracle.call(RECEPTION, at=at).rings == rings


def test_a_holiday_of_an_afternoon_leaves_the_morning_open(office: Pbx) -> None:
    office.state.add(
        "Holidays", Name="Afternoon off", Group="GRP0001", Day=1, Month=12, Year=2026, DayEnd=1,
        MonthEnd=12, YearEnd=2026, TimeOfStartDate="PT13H30M", TimeOfEndDate="PT18H",
    )  # fmt: skip
    rule(office, RECEPTION)["HolidaysDestination"] = outside(NIGHT)
    assert office.oracle.call(RECEPTION).rings == ["100", "101", "102"]
    afternoon = datetime(2026, 12, 1, 14, tzinfo=UTC)
    assert office.oracle.call(RECEPTION, at=afternoon).rings == [NIGHT]


def test_during_a_break_a_group_goes_where_its_break_leads(office: Pbx) -> None:
    own = department(office, "Reception")
    own["BreakTime"] = {"Type": "SpecificHours", "Periods": [
        {"DayOfWeek": "Tuesday", "Start": "11:00:00", "Stop": "11:15:00"}]}  # fmt: skip
    group(office, "RingGroups", "800")["BreakRoute"]["Route"] = outside(NIGHT)
    assert office.oracle.call(RECEPTION).rings == [NIGHT]


@pytest.mark.parametrize(
    ("schedule", "rings"),
    [
        ({"Type": "AllHours"}, ["100", "101", "102"]),
        ({"Type": "Never"}, []),
        ({"Type": "SpecificHours", "Periods": []}, []),
    ],
)
def test_a_rule_may_have_hours_of_its_own(
    office: Pbx, schedule: dict[str, Any], rings: list[str]
) -> None:
    rule(office, RECEPTION)["Hours"] = schedule
    assert office.oracle.call(RECEPTION).rings == rings
