# SPDX-License-Identifier: GPL-3.0-or-later
"""`/connect/token`: who gets in, and for how long."""

from __future__ import annotations

import base64
import json

import pytest

from tests.pbx import Pbx
from tests.pbx.fixtures import StartPbx
from tests.unit.pbx.client import Client


def claims(token: str) -> dict[str, object]:
    part = token.split(".")[1]
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def test_a_form_with_the_right_secret_gets_a_token_that_opens_the_api(pbx: Pbx) -> None:
    assert len(Client(pbx).log_in().rows("Users")) == 45


def test_a_multipart_form_gets_a_token_too(pbx: Pbx) -> None:
    fields = {
        "client_id": pbx.client_id,
        "client_secret": pbx.client_secret,
        "grant_type": "client_credentials",
    }
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    data = ("".join(parts) + "--edge--\r\n").encode()
    answer = Client(pbx).send("POST", "/connect/token", data, "multipart/form-data; boundary=edge")
    assert answer.status == 200
    assert claims(answer.body["access_token"])["sub"] == pbx.client_id


def test_a_wrong_secret_is_told_by_name(pbx: Pbx) -> None:
    answer = Client(pbx).form(
        client_id=pbx.client_id,
        client_secret=pbx.client_secret.upper(),
        grant_type="client_credentials",
    )
    assert answer.status == 401
    assert answer.body["error"] == "invalid_client"
    assert answer.body["error_description"]


def test_no_other_way_to_log_in_is_granted(pbx: Pbx) -> None:
    answer = Client(pbx).form(grant_type="password", username="100")
    assert (answer.status, answer.body["error"]) == (400, "unsupported_grant_type")


def test_a_new_token_makes_the_old_one_void(pbx: Pbx) -> None:
    first, second = Client(pbx).log_in(), Client(pbx).log_in()
    refused = first.get("Users")
    assert (refused.status, refused.body) == (401, None)
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert second.get("Users").status == 200


@pytest.mark.parametrize(
    ("version", "expires_in"), [("20.0.7", 60), ("20.0.8", 60), ("20.0.9", 3600), ("20.0.10", 3600)]
)
def test_a_token_lives_an_hour_whatever_unit_the_version_counts_in(
    start_pbx: StartPbx, version: str, expires_in: int
) -> None:
    pbx = start_pbx(version)
    client = Client(pbx)
    answer = client.form(
        client_id=pbx.client_id,
        client_secret=pbx.client_secret,
        grant_type="client_credentials",
    )
    client.token = answer.body["access_token"]
    assert answer.body["expires_in"] == expires_in
    left = claims(client.token)["exp"] - pbx.clock.now().timestamp()  # type: ignore[operator]
    assert 3500 < left <= 3600
    pbx.clock.advance(3590)
    assert client.get("Users").status == 200
    pbx.clock.advance(20)
    assert client.get("Users").status == 401


def test_a_token_can_be_taken_away(pbx: Pbx) -> None:
    client = Client(pbx).log_in()
    pbx.expire_tokens()
    assert client.get("Users").status == 401
    assert client.log_in().get("Users").status == 200


def test_without_a_token_nothing_is_shown(pbx: Pbx) -> None:
    assert Client(pbx).get("Users").status == 401


def test_whoever_only_wants_to_know_whether_it_is_there_needs_no_token(pbx: Pbx) -> None:
    answer = Client(pbx).send("GET", "/.well-known/openid-configuration")
    assert "client_credentials" in answer.body["grant_types_supported"]


def test_the_log_of_requests_does_not_hold_the_secret(pbx: Pbx) -> None:
    Client(pbx).log_in()
    assert [each.path for each in pbx.requests] == ["/connect/token"]
    assert pbx.client_secret not in repr(pbx.requests)
