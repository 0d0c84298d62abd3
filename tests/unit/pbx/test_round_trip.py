# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever was read can be written back, and changes nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.pbx import Pbx
from tests.pbx.fixtures import StartPbx
from tests.unit.pbx.client import Client

WRITABLE = {
    "Users": "ForwardingProfiles,ForwardingExceptions,Groups($expand=Rights)",
    "Groups": "Members($expand=Rights)",
    "RingGroups": "Members,Groups($expand=Rights)",
    "Queues": "Agents,Managers,Groups($expand=Rights)",
    "Holidays": "",
    "Trunks": "Groups($expand=Rights)",
    "InboundRules": "TrunkDN",
    "OutboundRules": "",
    "Sbcs": "",
}
SINGLETONS = ("NetworkSettings", "NotificationSettings", "GeneralSettingsForPbx", "OfficeHours")


def key(name: str, row: dict[str, Any]) -> str:
    return f"'{row['Name']}'" if name == "Sbcs" else str(row["Id"])


def everything(pbx: Pbx) -> dict[str, Any]:
    found = copy.deepcopy(dict(pbx.state))
    found.pop("EventLogs")
    return found


@pytest.mark.parametrize("version", ["20.0.7", "20.0.10"])
@pytest.mark.parametrize("name", sorted(WRITABLE))
def test_a_row_can_be_written_back(start_pbx: StartPbx, name: str, version: str) -> None:
    pbx = start_pbx(version)
    client = Client(pbx).log_in()
    before = pbx.entities()
    options = {"expand": WRITABLE[name]} if WRITABLE[name] else {}
    for row in client.rows(name, **options):
        answer = client.ask("PATCH", f"{name}({key(name, row)})", row)
        assert answer.status == 204, answer
    assert pbx.entities() == before


@pytest.mark.parametrize("name", SINGLETONS)
def test_settings_can_be_written_back(pbx: Pbx, client: Client, name: str) -> None:
    before = pbx.entities()
    body = client.get(name).body
    assert client.ask("PATCH", name, body).status == 204
    assert pbx.entities() == before


def test_the_password_of_a_trunk_survives_being_written_back(pbx: Pbx, client: Client) -> None:
    kept = pbx.trunk("Operator A")["AuthPassword"]["Value"]
    (trunk,) = client.rows("Trunks", filter="Number eq '10000'")
    path = f"Trunks({trunk['Id']})"
    assert client.ask("PATCH", path, {"AuthPassword": trunk["AuthPassword"]}).status == 204
    assert pbx.trunk("Operator A")["AuthPassword"]["Value"] == kept
    assert client.ask("PATCH", path, {"AuthPassword": {"Value": "other"}}).status == 204
    assert pbx.trunk("Operator A")["AuthPassword"]["Value"] == "other"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "RingGroups({RingGroups})", {"RingTime": 30, "Members": [{"Number": "199"}]}),
        ("PATCH", "Groups({Groups})", {
            "Name": "Renamed", "Members": [{"Number": "120"}, {"Number": "199"}],
            "OfficeHolidays": [],
        }),
        ("PATCH", "Groups({Groups})", {"Members": [], "OfficeHolidays": [{"Day": 40, "Month": 1}]}),
        ("PATCH", "Trunks({Trunks})", {"DidNumbers": [], "Gateway": {"Name": "x"}}),
        ("PATCH", "InboundRules({InboundRules})", {"RuleName": "x", "TrunkDN": {"Number": "1"}}),
        ("PATCH", "OutboundRules({OutboundRules})", {"Prefix": "9", "GroupIds": [1]}),
        ("POST", "OutboundRules", {"Name": "x", "Routes": [{"TrunkId": 1}]}),
        ("POST", "Queues", {"Number": "850", "Name": "x", "Agents": [{"Number": "199"}]}),
        ("POST", "Holidays", {"Name": "x", "Group": "GRP0001", "Day": 31, "Month": 2}),
        ("DELETE", "Groups({Groups})", None),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_nothing_half_written(
    pbx: Pbx, client: Client, method: str, path: str, body: Any
) -> None:
    ids = {name: str(pbx.state[name][0]["Id"]) for name in WRITABLE if name != "Sbcs"}
    reception = pbx.state.find("Groups", Name="Reception")
    assert reception is not None
    ids["Groups"] = str(reception["Id"])
    before = everything(pbx)
    answer = client.ask(method, path.format(**ids), body)
    assert answer.status == 400, answer
    assert everything(pbx) == before
