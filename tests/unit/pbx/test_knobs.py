# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests can do to the double: faults, rights, and the world around the PBX."""

from __future__ import annotations

import http.client

import pytest

from tests.pbx import Pbx
from tests.pbx.fixtures import StartPbx
from tests.unit.pbx.client import Client


def test_a_request_can_be_throttled_and_the_next_is_served(pbx: Pbx, client: Client) -> None:
    pbx.fail_next(429, retry_after=2)
    answer = client.get("Users")
    assert (answer.status, answer.headers["Retry-After"], answer.body) == (429, "2", None)
    assert client.get("Users").status == 200


def test_a_fault_befalls_the_requests_that_it_names_as_often_as_it_says(
    pbx: Pbx, client: Client
) -> None:
    pbx.fail_next(503, times=2, on="GET /xapi/v1/Queues")
    assert client.get("Users").status == 200
    assert [client.get("Queues").status for _time in range(3)] == [503, 503, 200]


def test_the_token_can_be_refused_for_a_while(pbx: Pbx) -> None:
    pbx.fail_next(503, on="/connect/token")
    assert Client(pbx).form(grant_type="client_credentials").status == 503


def test_a_connection_that_is_reset_before_changes_nothing_and_after_does(
    pbx: Pbx, client: Client
) -> None:
    user = pbx.user("120")
    for knob, mobile in ((pbx.reset_next, user["Mobile"]), (pbx.reset_after, "+33199000999")):
        knob(on="PATCH")
        with pytest.raises((ConnectionError, http.client.HTTPException, OSError)):
            client.ask("PATCH", f"Users({user['Id']})", {"Mobile": "+33199000999"})
        assert user["Mobile"] == mobile


def test_a_slow_answer_does_not_hold_up_another_client(pbx: Pbx, client: Client) -> None:
    """The slow one ends when the double does: it is asked for far longer than any test lasts."""
    import threading

    pbx.slow_next(3600, on="Queues")
    answers: list[int] = []
    slow = threading.Thread(target=lambda: answers.append(client.get("Queues").status))
    slow.start()
    assert client.get("Users").status == 200
    assert answers == []
    pbx.stop()
    slow.join(10)
    assert not slow.is_alive()


@pytest.mark.parametrize(
    ("role", "reads", "status", "writes"),
    [
        ("system_owners", 200, 200, 204),
        ("system_admins", 200, 200, 204),
        ("group_admins", 200, 403, 204),
        ("managers", 200, 403, 403),
        ("users", 403, 403, 403),
    ],
)
def test_a_role_decides_what_the_client_may_do(
    pbx: Pbx, client: Client, role: str, reads: int, status: int, writes: int
) -> None:
    pbx.role(role)
    assert client.get("Users").status == reads
    assert client.get("SystemStatus").status == status
    answer = client.ask("PATCH", f"Users({pbx.user('120')['Id']})", {"Mobile": ""})
    assert answer.status == writes


def test_without_the_licence_the_token_is_given_and_opens_nothing(pbx: Pbx) -> None:
    pbx.licence("professional")
    answer = Client(pbx).log_in().get("Users")
    assert (answer.status, answer.body) == (403, None)


def trunk(client: Client, number: str = "10000") -> dict[str, object]:
    (row,) = client.rows("Trunks", filter=f"Number eq '{number}'", select="Id,IsOnline")
    return row


@pytest.mark.parametrize(
    ("polls", "seen"),
    [
        (0, [True, True, True]),
        (1, [True, True, True]),
        (3, [False, False, True]),
        (None, [False, False, False]),
    ],
)
def test_a_refreshed_trunk_comes_up_after_some_readings_or_never(
    pbx: Pbx, client: Client, polls: int | None, seen: list[bool]
) -> None:
    pbx.trunk_registers("Operator A", polls)
    number = trunk(client)["Id"]
    answer = client.ask("POST", "Trunks/Pbx.RefreshRegistration", {"id": number})
    assert (answer.status, answer.body) == (204, None)
    assert [trunk(client)["IsOnline"] for _time in seen] == seen
    assert pbx.simulation.refreshed == ["10000"]


def test_the_refresh_of_a_trunk_that_is_not_there_is_not_found(client: Client) -> None:
    assert client.ask("POST", "Trunks/Pbx.RefreshRegistration", {"id": 1}).status == 404
    assert client.ask("POST", "Trunks/Pbx.RefreshRegistration", {}).status == 400


def test_a_trunk_by_address_alone_is_not_registered_anew(pbx: Pbx, client: Client) -> None:
    pbx.trunk("Operator A")["Gateway"]["RequireRegistrationFor"] = "Nothing"
    pbx.trunk_registers("Operator A", None)
    client.ask("POST", "Trunks/Pbx.RefreshRegistration", {"id": trunk(client)["Id"]})
    assert trunk(client)["IsOnline"] is True


@pytest.mark.parametrize(
    ("online", "code", "level"), [(True, "RegisteredOK", "Info"), (False, "ErrNoReply", "Error")]
)
def test_an_analysis_says_how_a_trunk_stands(
    pbx: Pbx, client: Client, online: bool, code: str, level: str
) -> None:
    pbx.trunk_online("Operator A", online)
    answer = client.ask("POST", f"Trunks({trunk(client)['Id']})/Pbx.RunAnalysis")
    assert answer.status == 200
    assert {"Code": code, "Level": level}.items() <= answer.body["value"][0].items()


@pytest.mark.parametrize(
    ("online", "code"), [(True, "OutboundCallSuccessful"), (False, "OutboundCallFailed")]
)
def test_a_test_call_goes_out_over_a_trunk_that_is_up(
    pbx: Pbx, client: Client, online: bool, code: str
) -> None:
    pbx.trunk_online("Operator A", online)
    path = f"Trunks({trunk(client)['Id']})/Pbx.TestOutboundCall"
    answer = client.ask("POST", path, {"contact": "100", "destination": "+33199000777"})
    assert code in [report["Code"] for report in answer.body["Reports"]]
    assert "+33199000777" in answer.body["Log"][0]["Text"]
    assert client.ask("POST", path, {"contact": "100"}).status == 400


def test_what_happens_to_trunks_and_phones_is_in_the_log_and_in_the_status(
    pbx: Pbx, client: Client
) -> None:
    before = len(client.rows("EventLogs"))
    pbx.trunk_online("Operator B", False)
    pbx.trunk_online("Operator B", False)
    pbx.user_registered("120", False)
    assert len(client.rows("EventLogs")) == before + 2
    status = client.get("SystemStatus").body
    assert (status["TrunksRegistered"], status["ExtensionsRegistered"]) == (1, 44)
    health = client.get("SystemStatus/Pbx.SystemHealthStatus()").body
    assert (health["Trunks"], health["Phones"], health["Firewall"]) == (False, False, True)


def test_a_session_border_controller_and_the_public_address_can_change(
    pbx: Pbx, client: Client
) -> None:
    pbx.sbc_up("sbc-office", False)
    (sbc,) = client.rows("Sbcs", select="Name,HasConnection,Connection")
    assert (sbc["HasConnection"], sbc["Connection"]["Up"]) == (False, False)
    pbx.public_address("198.51.100.9")
    assert client.get("SystemStatus").body["IpV4"] == "198.51.100.9"


def test_the_firewall_check_has_a_result(client: Client) -> None:
    assert client.ask("POST", "Firewall/Pbx.StartCheck").status == 204
    assert client.get("Firewall/Pbx.GetLastResult()").body == {"value": True}


def test_a_double_that_runs_by_itself_is_turned_over_http(pbx: Pbx, client: Client) -> None:
    def turn(knob: str, body: str) -> int:
        return client.send("POST", f"/double/{knob}", body.encode()).status

    assert turn("trunk_online", '{"name": "Operator A", "online": false}') == 204
    assert trunk(client)["IsOnline"] is False
    assert turn("on_site", '{"departments": ["Reception"], "carrier_forward": {"*": "1"}}') == 204
    assert turn("trunk_online", '{"name": "Nobody", "online": false}') == 400
    assert turn("explode", "{}") == 404
    call = b'{"number": "+33199000003", "dark": ["Reception"], "at": "2026-12-01T10:00:00Z"}'
    answer = client.send("POST", "/double/call", call)
    assert answer.body["rings"] == ["1"]
    assert [hop["kind"] for hop in answer.body["hops"]] == ["carrier", "external"]
    assert "+33199000003" in client.send("POST", "/double/numbers").body


def test_knobs_that_do_not_exist_are_told(start_pbx: StartPbx, pbx: Pbx) -> None:
    with pytest.raises(ValueError, match="no role nobody"):
        pbx.role("nobody")
    with pytest.raises(ValueError, match="no licence free"):
        pbx.licence("free")
    with pytest.raises(ValueError, match="no such version"):
        start_pbx("18.0.9")
    with pytest.raises(KeyError, match="no trunk Nobody"):
        pbx.trunk_online("Nobody", True)


def test_without_tls_it_speaks_plain_http(start_pbx: StartPbx) -> None:
    pbx = start_pbx(tls=False)
    assert pbx.url.startswith("http://")
    assert len(Client(pbx).log_in().rows("Users")) == 45


def test_its_certificate_names_where_it_listens_and_nobody_else(pbx: Pbx) -> None:
    import ssl

    with pytest.raises(ssl.SSLCertVerificationError):
        http.client.HTTPSConnection(pbx.host, pbx.port, timeout=5).request("GET", "/")
    assert Client(pbx).send("GET", "/").status == 404


@pytest.mark.parametrize(
    ("online", "code"), [(True, "InboundCallSource"), (False, "InboundCallFailed")]
)
def test_a_test_call_comes_in_over_a_trunk_that_is_up(
    pbx: Pbx, client: Client, online: bool, code: str
) -> None:
    pbx.trunk_online("Operator A", online)
    path = f"Trunks({trunk(client)['Id']})/Pbx.TestInboundCall"
    answer = client.ask("POST", path)
    assert [report["Code"] for report in answer.body["Reports"]] == [code]
