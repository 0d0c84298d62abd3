# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing: what is taken, what is refused, and how it reads back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.pbx import Pbx
from tests.unit.pbx.client import Answer, Client, found, patch, refusal

MOBILE = {"To": "External", "Number": "", "External": "+33199000100"}


def user(client: Client, number: str = "101") -> dict[str, Any]:
    return found(client, "Users", f"Number eq '{number}'")


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


def test_a_profile_with_both_kinds_of_route_is_refused(client: Client) -> None:
    before = user(client)["ForwardingProfiles"]
    sent = profiles_with(before, "Away", AvailableRoute=before[0]["AvailableRoute"])
    answer = patch(client, "Users", user(client), {"ForwardingProfiles": sent})
    assert refusal(answer)[0].startswith("ForwardingProfiles")


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


def test_a_user_who_moves_has_a_primary_department_among_the_own_ones(client: Client) -> None:
    legal = found(client, "Groups", "Name eq 'Legal'")["Id"]
    assert patch(client, "Users", user(client), {"Groups": [{"GroupId": legal}]}).status == 204
    assert user(client)["PrimaryGroupId"] == legal


def test_what_names_no_department_is_in_the_default_one(client: Client) -> None:
    for name in ("RingGroups", "Queues"):
        number = {"RingGroups": "810", "Queues": "811"}[name]
        assert client.ask("POST", name, {"Number": number, "Name": "New"}).status == 201
        (row,) = client.rows(name, filter=f"Number eq '{number}'", expand="Groups")
        assert [group["Name"] for group in row["Groups"]] == ["DEFAULT"]


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


def test_the_hours_of_the_system_are_those_of_the_default_department(client: Client) -> None:
    hours = {"Type": "SpecificHours", "IgnoreHolidays": False, "Periods": [
        {"DayOfWeek": "Friday", "Start": "08:00:00", "Stop": "16:00:00"}]}  # fmt: skip
    assert client.ask("PATCH", "OfficeHours", {"Hours": hours}).status == 204
    assert found(client, "Groups", "IsDefault eq true")["Hours"] == hours
    assert client.get("OfficeHours").body["Hours"] == hours


def test_a_menu_can_be_made_and_its_keys_are_numbered(client: Client) -> None:
    body = {"Number": "802", "Name": "Menu", "TimeoutForwardType": "RingGroup",
            "TimeoutForwardDN": "800", "Forwards": [
                {"Input": "1", "ForwardType": "Extension", "ForwardDN": "120"}]}  # fmt: skip
    assert client.ask("POST", "Receptionists", body).status == 201
    (menu,) = client.rows("Receptionists", expand="Forwards")
    assert menu["Forwards"][0]["Id"] > 0
    assert menu["Forwards"][0]["ForwardDN"] == "120"


def test_an_action_that_is_asked_for_its_result_breaks_down(client: Client) -> None:
    body = {"dn": "100", "destination": "+33199000777"}
    assert client.ask("POST", "Users/Pbx.MakeCall", body).status == 200
    client.prefer = "return=representation"
    answer = client.ask("POST", "Users/Pbx.MakeCall", body)
    assert (answer.status, answer.body) == (500, None)
    assert client.ask("POST", "Groups", {"Name": "Annex"}).status == 201
