# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing: what is taken, what is refused, and how it reads back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.pbx import Pbx
from tests.unit.pbx.client import Answer, Client

MOBILE = {"To": "External", "Number": "", "External": "+33199000100"}
LINKS = {
    "Users": "ForwardingProfiles,Groups($expand=Rights)",
    "RingGroups": "Members",
    "Queues": "Agents",
    "InboundRules": "TrunkDN",
    "Groups": "Members,OfficeHolidays",
}


def found(client: Client, name: str, condition: str) -> dict[str, Any]:
    options = {"expand": LINKS[name]} if name in LINKS else {}
    (row,) = client.rows(name, filter=condition, **options)
    return row


def user(client: Client, number: str = "101") -> dict[str, Any]:
    return found(client, "Users", f"Number eq '{number}'")


def patch(client: Client, name: str, row: dict[str, Any], body: dict[str, Any]) -> Answer:
    return client.ask("PATCH", f"{name}({row['Id']})", body)


def refusal(answer: Answer) -> tuple[str, str]:
    """Return what a refusal is about, and the code that it gives."""
    assert answer.status == 400, answer
    (detail,) = answer.body["error"]["details"]
    assert answer.message == f"{detail['target']}:\n{detail['message']}"
    return detail["target"], detail["message"].removeprefix("WARNINGS.XAPI.")


def test_a_patch_changes_what_it_names_and_answers_nothing(client: Client) -> None:
    before = user(client)
    answer = patch(client, "Users", before, {"Mobile": "+33199000999"})
    assert (answer.status, answer.body) == (204, None)
    assert user(client) == before | {"Mobile": "+33199000999"}


@pytest.mark.parametrize(
    "body",
    [
        {"Nickname": "x"},
        {"Mobile": 33199000999},
        {"Enabled": "yes"},
        {"QueueStatus": "Gone"},
        {"Hours": {"Kind": "AllHours"}},
        {"Groups": {"GroupId": 1}},
        {},
        [],
        None,
    ],
)
def test_what_cannot_be_bound_is_refused_as_a_whole_with_a_misleading_word(
    client: Client, body: Any
) -> None:
    before = user(client)
    mixed = {"Mobile": "+33199000999", **body} if body else body
    answer = client.ask("PATCH", f"Users({before['Id']})", mixed)
    assert refusal(answer) == ("delta", "The delta field is required.")
    assert user(client) == before


def test_a_body_that_is_no_json_is_refused(client: Client) -> None:
    assert client.send("PATCH", "/xapi/v1/Users(1)", b"{").status == 400


def test_the_number_of_an_extension_cannot_be_changed(client: Client) -> None:
    answer = patch(client, "Users", user(client), {"Number": "199"})
    assert refusal(answer)[0] == "Number"


def test_a_mail_address_belongs_to_one_user(client: Client) -> None:
    taken = user(client, "100")["EmailAddress"].upper()
    answer = patch(client, "Users", user(client), {"EmailAddress": taken})
    assert refusal(answer) == ("EmailAddress", "ALREADY_IN_USE")


def test_a_user_is_made_of_the_basics_and_written_on_afterwards(client: Client) -> None:
    basics = {"Number": "200", "FirstName": "New", "LastName": "Person"}
    answer = client.ask("POST", "Users", basics | {"Mobile": "+33199000200"})
    assert refusal(answer)[0] == "Mobile"
    answer = client.ask("POST", "Users", basics)
    assert answer.status == 201
    made = user(client, "200")
    assert made["Id"] == answer.body["Id"]
    assert [profile["Name"] for profile in made["ForwardingProfiles"]] == [
        "Available", "Away", "Out of office", "Custom 1", "Custom 2",
    ]  # fmt: skip
    assert patch(client, "Users", made, {"Mobile": "+33199000200"}).status == 204
    assert refusal(client.ask("POST", "Users", basics)) == ("Number", "ALREADY_IN_USE")


def test_an_internal_number_belongs_to_one_thing(client: Client) -> None:
    answer = client.ask("POST", "RingGroups", {"Number": "101", "Name": "Twin"})
    assert refusal(answer) == ("Number", "ALREADY_IN_USE")


def profiles_with(profiles: list[dict[str, Any]], name: str, **changed: Any) -> Any:
    return [each | changed if each["Name"] == name else each for each in profiles]


def test_a_profile_is_changed_by_sending_all_of_them(client: Client) -> None:
    before = user(client)["ForwardingProfiles"]
    route = before[0]["AvailableRoute"] | {"NotRegisteredExternal": MOBILE}
    sent = profiles_with(before, "Available", AvailableRoute=route, NoAnswerTimeout=15)
    assert patch(client, "Users", user(client), {"ForwardingProfiles": sent}).status == 204
    after = user(client)["ForwardingProfiles"]
    assert after[1:] == before[1:]
    assert after[0]["NoAnswerTimeout"] == 15
    assert after[0]["AvailableRoute"]["NotRegisteredExternal"] == MOBILE | {
        "Name": "", "Type": "None", "Tags": [],
    }  # fmt: skip


def test_a_profile_that_is_left_out_is_as_it_was_on_the_first_day(client: Client) -> None:
    before = user(client)["ForwardingProfiles"]
    away = before[1]["AwayRoute"] | {"External": MOBILE}
    sent = profiles_with(before, "Away", AwayRoute=away)
    patch(client, "Users", user(client), {"ForwardingProfiles": sent})
    assert user(client)["ForwardingProfiles"][1]["AwayRoute"]["External"]["To"] == "External"
    patch(client, "Users", user(client), {"ForwardingProfiles": sent[:1]})
    assert user(client)["ForwardingProfiles"] == before


@pytest.mark.parametrize(("name", "wrong"), [("Away", "AvailableRoute"), ("Custom 1", "AwayRoute")])
def test_a_profile_carries_one_kind_of_route(client: Client, name: str, wrong: str) -> None:
    before = user(client)["ForwardingProfiles"]
    sent = profiles_with(before, name, AvailableRoute=None, AwayRoute=None)
    sent = profiles_with(sent, name, **{wrong: {}})
    answer = patch(client, "Users", user(client), {"ForwardingProfiles": sent})
    assert refusal(answer)[0].startswith("ForwardingProfiles")
    assert user(client)["ForwardingProfiles"] == before


def test_a_profile_of_somebody_else_is_not_found(client: Client) -> None:
    foreign = user(client, "100")["ForwardingProfiles"]
    answer = patch(client, "Users", user(client), {"ForwardingProfiles": foreign})
    assert refusal(answer) == ("ForwardingProfiles", "NOT_FOUND")


@pytest.mark.parametrize(
    ("destination", "target", "code"),
    [
        ({"To": "Extension", "Number": "199"}, "ForwardNoAnswer.Number", "NOT_FOUND"),
        ({"To": "RingGroup", "Number": "801"}, "ForwardNoAnswer.Number", "NOT_FOUND"),
        ({"To": "External", "External": ""}, "ForwardNoAnswer.External", "REQUIRED"),
    ],
)
def test_a_destination_leads_somewhere(
    client: Client, destination: dict[str, str], target: str, code: str
) -> None:
    group = found(client, "RingGroups", "Number eq '800'")
    answer = patch(client, "RingGroups", group, {"ForwardNoAnswer": destination})
    assert refusal(answer) == (target, code)


def test_a_destination_reads_back_with_the_name_and_type_behind_it(client: Client) -> None:
    group = found(client, "RingGroups", "Number eq '800'")
    patch(client, "RingGroups", group, {"ForwardNoAnswer": {"To": "Queue", "Number": "801"}})
    after = found(client, "RingGroups", "Number eq '800'")["ForwardNoAnswer"]
    assert after == {
        "To": "Queue", "Number": "801", "External": "", "Name": "Support", "Type": "Queue",
        "Tags": [],
    }  # fmt: skip


def test_a_partial_object_replaces_the_whole_one(client: Client) -> None:
    trunk = found(client, "Trunks", "Number eq '10000'")
    assert trunk["Gateway"]["TimeBetweenReg"] == 120
    patch(client, "Trunks", trunk, {"Gateway": {"Name": "Operator A", "Host": "sip.example"}})
    after = found(client, "Trunks", "Number eq '10000'")["Gateway"]
    assert (after["Host"], after["TimeBetweenReg"]) == ("sip.example", None)


def test_members_and_agents_are_replaced_and_must_exist(client: Client) -> None:
    for name, number, link in (("RingGroups", "800", "Members"), ("Queues", "801", "Agents")):
        row = found(client, name, f"Number eq '{number}'")
        assert patch(client, name, row, {link: [{"Number": "120"}]}).status == 204
        after = found(client, name, f"Number eq '{number}'")[link]
        assert [each["Number"] for each in after] == ["120"]
        assert after[0]["Name"]
        assert refusal(patch(client, name, row, {link: [{"Number": "199"}]})) == (link, "NOT_FOUND")


def test_a_role_is_written_with_the_membership_and_nowhere_else(client: Client) -> None:
    before = user(client)
    (group,) = before["Groups"]
    sent = {"GroupId": group["GroupId"], "GroupRights": {"RoleName": "system_owners"}}
    assert patch(client, "Users", before, {"Groups": [sent]}).status == 204
    assert user(client)["Groups"][0]["Rights"]["RoleName"] == "users"
    sent = {"GroupId": group["GroupId"], "Rights": {"RoleName": "managers"}}
    assert patch(client, "Users", before, {"Groups": [sent]}).status == 204
    assert user(client)["Groups"][0]["Rights"]["RoleName"] == "managers"
    assert refusal(patch(client, "Users", before, {"Groups": [{"GroupId": 1}]})) == (
        "Groups", "NOT_FOUND",
    )  # fmt: skip


def rule(client: Client, name: str = "National") -> dict[str, Any]:
    return found(client, "OutboundRules", f"Name eq '{name}'")


def test_an_outbound_rule_reads_back_with_five_routes(client: Client) -> None:
    trunks = [trunk["Id"] for trunk in client.rows("Trunks", select="Id,Number")]
    routes = [{"TrunkId": trunk} for trunk in trunks]
    assert patch(client, "OutboundRules", rule(client), {"Routes": routes}).status == 204
    after = rule(client)["Routes"]
    assert [route["TrunkId"] for route in after] == [*trunks, -1, -1, -1]
    assert [route["TrunkName"] for route in after[:2]] == ["Operator A", "Operator B"]
    # what was read can be written back
    assert patch(client, "OutboundRules", rule(client), {"Routes": after}).status == 204
    assert rule(client)["Routes"] == after
    assert patch(client, "OutboundRules", rule(client), {"Routes": routes * 3}).status == 400
    answer = patch(client, "OutboundRules", rule(client), {"Routes": [{"TrunkId": 1}]})
    assert refusal(answer) == ("Routes.TrunkId", "NOT_FOUND")


@pytest.mark.parametrize(
    ("written", "read"),
    [("118,119", "118-119"), ("118, 119,120,15", "118-120,15"), ("00,+", "00,+"), ("9,10", "9,10")],
)
def test_neighbouring_prefixes_read_back_as_a_range(
    client: Client, written: str, read: str
) -> None:
    patch(client, "OutboundRules", rule(client), {"Prefix": written})
    assert rule(client)["Prefix"] == read


def test_a_range_of_one_extension_reads_back_without_an_end(client: Client) -> None:
    ranges = [{"From": "100", "To": "100"}, {"From": "110", "To": "115"}]
    patch(client, "OutboundRules", rule(client), {"DNRanges": ranges})
    assert rule(client)["DNRanges"] == [{"From": "100"}, {"From": "110", "To": "115"}]


def test_rules_for_emergencies_are_not_among_the_others(client: Client) -> None:
    sent = {"Name": "Sea rescue", "Prefix": "196", "EmergencyRule": True, "Routes": []}
    answer = client.ask("POST", "OutboundRules", sent)
    assert (answer.status, answer.body) == (201, None)
    assert client.rows("OutboundRules", filter="Name eq 'Sea rescue'") == []
    hidden = client.rows("OutboundRules/Pbx.GetEmergencyOutboundRules()", orderby="Priority")
    assert [each["Name"] for each in hidden][-1] == "Sea rescue"
    assert (
        client.ask("PATCH", f"OutboundRules({hidden[-1]['Id']})", {"Prefix": "197"}).status == 204
    )
    assert client.ask("DELETE", f"OutboundRules({hidden[-1]['Id']})").status == 204


def test_rules_are_put_in_order_by_priorities_that_are_free(client: Client) -> None:
    first, second = rule(client), rule(client, "International")
    answer = patch(client, "OutboundRules", second, {"Priority": first["Priority"]})
    assert refusal(answer) == ("Priority", "DUPLICATE")
    moved = client.ask("POST", "OutboundRules/Pbx.MoveUpDown", {"id": second["Id"], "up": True})
    assert moved.status == 204
    rows = client.rows("OutboundRules", orderby="Priority")
    assert [row["Name"] for row in rows] == ["International", "National"]


def inbound(client: Client, **changed: Any) -> Answer:
    body = {
        "RuleName": "DID", "Condition": "BasedOnDID", "Data": "+33199000009",
        "TrunkDN": {"Number": "10000", "Id": 0}, "CallType": "AllCalls",
        "OfficeHoursDestination": {"To": "RingGroup", "Number": "800", "External": ""},
    }  # fmt: skip
    return client.ask("POST", "InboundRules", body | changed)


def test_an_inbound_rule_belongs_to_a_trunk_and_is_the_only_one_for_its_number(
    client: Client,
) -> None:
    made = inbound(client)
    assert made.status == 201
    row = found(client, "InboundRules", "Data eq '+33199000009'")
    assert row["TrunkDN"]["Name"] == "Operator A"
    assert row["OfficeHoursDestination"]["Name"] == "Reception"
    assert refusal(inbound(client)) == ("Data", "DUPLICATE")
    assert refusal(inbound(client, Data="")) == ("Data", "REQUIRED")
    assert refusal(inbound(client, TrunkDN={"Number": "19999", "Id": 0})) == (
        "TrunkDN", "NOT_FOUND",
    )  # fmt: skip


def test_a_department_is_closed_with_one_write_until_the_time_that_was_said(
    pbx: Pbx, client: Client
) -> None:
    group = found(client, "Groups", "Name eq 'Reception'")
    until = datetime.fromtimestamp(pbx.clock.now().timestamp() + 1800, UTC)
    text = until.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    body = {"CurrentGroupHours": "ForceClosed", "OverrideExpiresAt": text}
    assert patch(client, "Groups", group, body).status == 204
    closed = found(client, "Groups", "Name eq 'Reception'")
    assert closed["CurrentGroupHours"] == "ForceClosed"
    assert closed["OverrideExpiresAt"] == text.replace("+00:00", "Z")
    pbx.clock.advance(1801)
    after = found(client, "Groups", "Name eq 'Reception'")
    assert (after["CurrentGroupHours"], after["OverrideExpiresAt"]) == ("Default", None)


def test_a_department_that_is_opened_again_has_no_time_left_over(client: Client) -> None:
    group = found(client, "Groups", "Name eq 'Reception'")
    body = {"CurrentGroupHours": "ForceClosed", "OverrideExpiresAt": "2099-01-01T00:00:00Z"}
    patch(client, "Groups", group, body)
    patch(client, "Groups", group, {"CurrentGroupHours": "Default"})
    assert found(client, "Groups", "Name eq 'Reception'")["OverrideExpiresAt"] is None


def test_hours_read_back_with_seconds(pbx: Pbx, client: Client) -> None:
    group = pbx.state.find("Groups", Name="Reception")
    assert group is not None
    group["Hours"]["Periods"] = [{"DayOfWeek": "Monday", "Start": "08:00", "Stop": "12:00"}]
    (period,) = found(client, "Groups", "Name eq 'Reception'")["Hours"]["Periods"]
    assert (period["Start"], period["Stop"]) == ("08:00:00", "12:00:00")


def holiday(client: Client, **changed: Any) -> Answer:
    body = {
        "Name": "Works", "Group": "GRP0001", "Day": 2, "Month": 12, "Year": 2026,
        "DayEnd": 2, "MonthEnd": 12, "YearEnd": 2026, "IsRecurrent": False,
        "TimeOfStartDate": "PT13H30M", "TimeOfEndDate": "PT18H",
    }  # fmt: skip
    return client.ask("POST", "Holidays", body | changed)


def test_a_holiday_belongs_to_a_department_by_its_number(client: Client) -> None:
    assert refusal(holiday(client, Group=None)) == ("Group", "REQUIRED")
    assert refusal(holiday(client, Group="Reception")) == ("Group", "NOT_FOUND")
    assert holiday(client).status == 201
    group = found(client, "Groups", "Name eq 'Reception'")
    assert [each["Name"] for each in group["OfficeHolidays"]] == ["Works"]


def test_a_holiday_whose_name_is_taken_looks_like_a_breakdown(client: Client) -> None:
    assert holiday(client).status == 201
    answer = holiday(client, Day=3, DayEnd=3)
    assert (answer.status, answer.body) == (500, None)


def test_a_holiday_has_a_date_that_exists_and_no_year_when_it_returns(client: Client) -> None:
    assert refusal(holiday(client, Day=31, Month=11))[0] == "Day"
    answer = holiday(client, IsRecurrent=True)
    assert (answer.body["Year"], answer.body["YearEnd"]) == (0, 0)


def test_a_department_with_members_cannot_be_deleted(client: Client) -> None:
    group = found(client, "Groups", "Name eq 'Legal'")
    answer = client.ask("DELETE", f"Groups({group['Id']})")
    assert refusal(answer)[1] == "GROUP_WITH_MEMBERS_CANNOT_BE_DELETED"
    made = client.ask("POST", "Groups", {"Name": "Empty"})
    assert client.ask("DELETE", f"Groups({made.body['Id']})").status == 204
    answer = client.ask("POST", "Groups", {"Name": "Legal"})
    assert refusal(answer) == ("Name", "ALREADY_IN_USE")


def test_whatever_led_to_a_deleted_object_leads_nowhere(client: Client) -> None:
    group = found(client, "RingGroups", "Number eq '800'")
    assert client.ask("DELETE", f"RingGroups({group['Id']})").status == 204
    rows = client.rows("InboundRules", filter="Data eq '+33199000001'")
    assert rows[0]["OfficeHoursDestination"]["To"] == "None"


def test_a_deleted_user_is_nobodys_member(client: Client) -> None:
    assert client.ask("DELETE", f"Users({user(client)['Id']})").status == 204
    members = found(client, "RingGroups", "Number eq '800'")["Members"]
    assert [each["Number"] for each in members] == ["100", "102"]


def test_a_deleted_trunk_takes_its_inbound_rules_with_it_and_blanks_routes(
    client: Client,
) -> None:
    trunk = found(client, "Trunks", "Number eq '10000'")
    assert client.ask("DELETE", f"Trunks({trunk['Id']})").status == 204
    assert [each["Data"] for each in client.rows("InboundRules")] == ["+33199000003"]
    assert {route["TrunkId"] for route in rule(client)["Routes"]} == {-1}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("NetworkSettings", {"PublicStaticIP": "198.51.100.7", "StunDisabled": True}),
        ("NotificationSettings", {"NotifyCodes": ["TrunkStatusChanged", "TrunkFailover"]}),
        ("GeneralSettingsForPbx", {"AllowFwdToExternal": False}),
    ],
)
def test_settings_are_changed_at_their_path(
    client: Client, path: str, body: dict[str, Any]
) -> None:
    assert client.ask("PATCH", path, body).status == 204
    assert body.items() <= client.get(path).body.items()
    assert client.ask("PATCH", path, {"Nothing": 1}).status == 400


def test_what_is_only_read_cannot_be_written(client: Client) -> None:
    assert client.ask("PATCH", "SystemStatus", {"FQDN": "x.example"}).status == 405
    assert client.ask("POST", "EventLogs", {"Message": "x"}).status == 405
    trunk = found(client, "Trunks", "Number eq '10000'")
    assert patch(client, "Trunks", trunk, {"IsOnline": False}).status == 204
    assert found(client, "Trunks", "Number eq '10000'")["IsOnline"] is True


def test_many_users_at_once_end_in_an_empty_breakdown(client: Client) -> None:
    answer = client.ask("POST", "Users/Pbx.MultiUserUpdate", {"user": {}})
    assert (answer.status, answer.body) == (500, None)
