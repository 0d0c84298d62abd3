# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing trunks and rules: what is taken, what is refused, and how it reads back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.pbx.client import Answer, Client, found, patch, refusal


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


def test_a_deleted_trunk_takes_its_inbound_rules_with_it_and_blanks_routes(
    client: Client,
) -> None:
    trunk = found(client, "Trunks", "Number eq '10000'")
    assert client.ask("DELETE", f"Trunks({trunk['Id']})").status == 204
    assert [each["Data"] for each in client.rows("InboundRules")] == ["+33199000003"]
    assert {route["TrunkId"] for route in rule(client)["Routes"]} == {-1}


def test_a_partial_object_replaces_the_whole_one(client: Client) -> None:
    trunk = found(client, "Trunks", "Number eq '10000'")
    assert trunk["Gateway"]["TimeBetweenReg"] == 120
    patch(client, "Trunks", trunk, {"Gateway": {"Name": "Operator A", "Host": "sip.example"}})
    after = found(client, "Trunks", "Number eq '10000'")["Gateway"]
    assert (after["Host"], after["TimeBetweenReg"]) == ("sip.example", None)
