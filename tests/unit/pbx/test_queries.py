# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading: what OData gives, and what it refuses."""

from __future__ import annotations

import json

import pytest

from tests.pbx import Pbx
from tests.pbx.fixtures import StartPbx
from tests.unit.pbx.client import Client


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        ("Number eq '100'", ["100"]),
        ("Number ne '100' and contains(FirstName,'Alice')", ["128", "151"]),
        ("tolower(EmailAddress) eq 'bruno.martin@cabinet.example'", ["101"]),
        ("Number eq '100' or Number eq '101'", ["100", "101"]),
        ("(Number eq '100' or Number eq '101') and LastName eq 'Martin'", ["100", "101"]),
        ("Number ge '170'", ["170", "171"]),
        ("Number le '101'", ["100", "101"]),
        ("IsRegistered eq false", []),
        ("QueueStatus eq 'LoggedIn' and Number eq '160'", ["160"]),
        ("LastName eq 'O''Hara'", []),
    ],
)
def test_a_filter_finds_what_it_describes(
    client: Client, condition: str, numbers: list[str]
) -> None:
    rows = client.rows("Users", filter=condition, select="Id,Number,FirstName", orderby="Number")
    assert [row["Number"] for row in rows] == numbers


@pytest.mark.parametrize(
    "condition",
    [
        "Nickname eq 'x'",
        "Number eq 100",
        "Number like '1%'",
        "startswith(Number,'1')",
        "Groups/any(g: g/GroupId eq 1)",
        "Number eq '100' and",
        "Hours eq null",
    ],
)
def test_a_filter_that_no_pbx_has_been_seen_to_take_is_refused(
    client: Client, condition: str
) -> None:
    answer = client.get("Users", filter=condition)
    assert answer.status == 400
    assert answer.message


def test_events_are_filtered_by_time_and_level_and_searched(pbx: Pbx, client: Client) -> None:
    pbx.clock.advance(600)
    since = pbx.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    pbx.trunk_online("Operator A", False)
    rows = client.rows("EventLogs", filter=f"TimeGenerated ge {since} and Type eq 'Warning'")
    assert [row["Params"] for row in rows] == [["Operator A", "10000"]]
    assert len(client.rows("EventLogs", search="operator a")) == 1
    assert client.rows("EventLogs", search="nothing of the kind") == []


def test_a_page_has_a_hundred_rows_at_most(pbx: Pbx, client: Client) -> None:
    for number in range(1000, 1100):
        pbx.state.add("Users", Number=str(number), FirstName="More", LastName="People")
    assert client.get("Users", top="101").status == 400
    pages = [
        client.rows("Users", top="100", skip=str(skip), select="Id", orderby="Id")
        for skip in (0, 100)
    ]
    assert [len(page) for page in pages] == [100, 45]
    assert len({row["Id"] for page in pages for row in page}) == 145


def test_whoever_asks_for_no_page_gets_the_first(pbx: Pbx, client: Client) -> None:
    for number in range(1000, 1100):
        pbx.state.add("Users", Number=str(number))
    answer = client.get("Users", select="Id", count="true")
    assert len(answer.rows) == 100
    assert answer.body["@odata.count"] == 145
    assert "@odata.nextLink" not in answer.body


def test_rows_come_in_the_order_that_is_asked_for(client: Client) -> None:
    rows = client.rows("Users", orderby="LastName desc,FirstName", top="2", select="Id,FirstName")
    assert [row["FirstName"] for row in rows] == ["Alice", "Bruno"]


def test_what_is_selected_is_all_that_comes(client: Client) -> None:
    (row,) = client.rows("Users", filter="Number eq '100'", select="Id,Mobile")
    assert row.keys() == {"Id", "Mobile"}


def test_a_reading_without_select_shows_secrets(client: Client) -> None:
    assert "fake-secret" in json.dumps(client.rows("Users", top="1"))
    assert "fake-secret" in json.dumps(client.rows("Sbcs"))
    assert "fake-secret" in json.dumps(client.rows("Trunks"))
    assert "fake-secret" in json.dumps(client.rows("Users", select="Id", expand="Phones"))


def test_the_password_of_a_trunk_is_never_shown(client: Client) -> None:
    trunks = client.rows("Trunks", select="Id,AuthPassword")
    assert [trunk["AuthPassword"] for trunk in trunks] == [
        {"Concealed": True, "Value": None},
        {"Concealed": True, "Value": None},
    ]


def test_links_to_others_come_only_when_they_are_expanded(client: Client) -> None:
    (bare,) = client.rows("Users", filter="Number eq '100'")
    assert "Groups" not in bare and "ForwardingProfiles" not in bare
    (full,) = client.rows(
        "Users",
        filter="Number eq '100'",
        select="Id",
        expand="Groups($select=GroupId,Name;$expand=Rights($select=RoleName))",
    )
    assert full["Groups"][0]["Rights"] == {"RoleName": "users"}
    assert full["Groups"][0].keys() == {"GroupId", "Name", "Rights"}


@pytest.mark.parametrize(
    ("path", "option", "value"),
    [
        ("Trunks", "expand", "DidNumbers"),
        ("Trunks", "expand", "Nothing"),
        ("Users", "select", "Id,Nothing"),
        ("Users", "orderby", "Nothing"),
        ("Users", "orderby", "Hours"),
        ("Users", "top", "-1"),
        ("Users", "apply", "x"),
        ("Users", "expand", "Groups($filter=GroupId eq 1)"),
    ],
)
def test_an_option_that_means_nothing_is_refused(
    client: Client, path: str, option: str, value: str
) -> None:
    assert client.get(path, **{option: value}).status == 400


def test_departments_list_their_members_and_the_favourites_stand_among_them(
    client: Client,
) -> None:
    groups = client.rows("Groups", select="Id,Name", expand="Members($select=Number,Type)")
    members = {group["Name"]: group["Members"] for group in groups}
    assert {"Number": "800", "Type": "RingGroup"} in members["Reception"]
    assert "___FAVORITES___100" in members


def test_addresses_are_not_sensitive_to_case(client: Client) -> None:
    assert [group["Number"] for group in client.rows("Ringgroups")] == ["800"]


@pytest.mark.parametrize(
    ("version", "by_key", "by_function"),
    [("20.0.7", 404, 200), ("20.0.8", 200, 404), ("20.0.10", 200, 404)],
)
@pytest.mark.parametrize("name", ["Users", "RingGroups", "Queues", "Trunks", "Peers"])
def test_the_way_to_an_object_by_its_number_changed_with_20_0_8(
    start_pbx: StartPbx, name: str, version: str, by_key: int, by_function: int
) -> None:
    client = Client(start_pbx(version)).log_in()
    number = client.rows(name, top="1")[0]["Number"]
    assert client.get(f"{name}(Number='{number}')").status == by_key
    assert client.get(f"{name}/Pbx.GetByNumber(number='{number}')").status == by_function
    assert len(client.rows(name, filter=f"Number eq '{number}'")) == 1


@pytest.mark.parametrize(
    ("version", "present"),
    [
        ("20.0.7", set()),
        ("20.0.9", {"BlockTunnel"}),
        ("20.0.10", {"BlockTunnel", "ForbidRecording"}),
    ],
)
def test_properties_come_with_the_version_that_brought_them(
    start_pbx: StartPbx, version: str, present: set[str]
) -> None:
    client = Client(start_pbx(version)).log_in()
    (user,) = client.rows("Users", top="1")
    assert {"BlockTunnel", "ForbidRecording"} & user.keys() == present
    assert ("Connection" in client.rows("Sbcs")[0]) == (version != "20.0.7")


@pytest.mark.parametrize(
    "path", ["Nothing", "Users(1)", "Users/Pbx.Nothing", "Users(38)/Nothing", "SystemStatus(1)"]
)
def test_what_is_not_there_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status == 404


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("SystemStatus", {"TrunksRegistered": 2, "TrunksTotal": 2, "ExtensionsTotal": 45}),
        ("NetworkSettings", {"StunDisabled": True, "SipPort": 5060}),
        ("NotificationSettings", {"NotifyCodes": ["LicenseLimit", "TrunkError"]}),
        ("GeneralSettingsForPbx", {"AllowFwdToExternal": True}),
        ("OfficeHours", {"TimeZoneId": "28"}),
        ("Firewall", {"Running": False}),
    ],
)
def test_what_there_is_one_of_is_read_as_a_bare_object(
    client: Client, path: str, known: dict[str, object]
) -> None:
    answer = client.get(path)
    assert answer.status == 200
    assert known.items() <= answer.body.items()
    only = next(iter(known))
    assert client.get(path, select=only).body.keys() == {"@odata.context", only}


def test_links_can_be_read_by_themselves(client: Client) -> None:
    (user,) = client.rows("Users", filter="Number eq '100'", select="Id")
    profiles = client.rows(f"Users({user['Id']})/ForwardingProfiles", select="Id,Name")
    assert [profile["Name"] for profile in profiles][:2] == ["Available", "Away"]


def test_numbers_from_outside_are_listed_with_where_they_lead(client: Client) -> None:
    rows = client.rows("DidNumbers", expand="RoutingRule($select=Id,RuleName)")
    assert [row["Number"] for row in rows] == ["+33199000001", "+33199000002", "+33199000003"]
    assert rows[0]["RoutingRule"]["RuleName"] == "DID +33199000001"


def test_time_zones_have_a_name_that_others_know(client: Client) -> None:
    zones = client.rows("Defs/TimeZones", select="Id,IanaName")
    assert {"Id": "28", "IanaName": "Europe/Paris"} in zones


def test_the_whole_default_site_can_be_read_without_a_word_that_is_unknown(
    pbx: Pbx, client: Client
) -> None:
    """Its traffic is held to the vendor's description at the end, like that of every test."""
    for name in ("Users", "Groups", "RingGroups", "Queues", "Receptionists", "Holidays", "Trunks",
                 "InboundRules", "OutboundRules", "DidNumbers", "Peers", "Sbcs", "EventLogs",
                 "OutboundRules/Pbx.GetEmergencyOutboundRules()"):  # fmt: skip
        assert client.get(name).status == 200
    for name, links in {
        "Users": "Groups($expand=Rights,GroupRights),ForwardingProfiles,ForwardingExceptions,"
        "Greetings,Phones",
        "Groups": "Members($expand=Rights),OfficeHolidays,Rights",
        "RingGroups": "Members,Groups",
        "Queues": "Agents,Managers,Groups",
        "InboundRules": "TrunkDN($expand=MemberOf)",
        "Trunks": "RoutingRules,ReceiveExtensions",
    }.items():
        assert client.rows(name, expand=links)
