# SPDX-License-Identifier: GPL-3.0-or-later
"""What the telephone system is told after a switch, what is tried again, and what never shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from relais.cli import main
from relais.core.telephony.refresh import ATTEMPTS
from relais.core.telephony.settings import parse_settings
from relais.shell.telephony import refresh as refreshing
from relais.shell.telephony.refresh import Outcome, claim, refresh
from telephone_system import SECRET, Pbx, running, trunk

TOLD = ["POST /xapi/v1/Trunks/Pbx.RefreshRegistration"] * 2


class Site:
    """The gateway's side: a folder, the settings, and pauses that are noted instead of waited."""

    def __init__(self, pbx: Pbx, folder: Path) -> None:
        self.pbx, self.folder = pbx, folder
        self.pauses: list[float] = []
        self.said: list[str] = []

    def refresh(self, *wans: str, **changes: object) -> Outcome:
        settings = parse_settings(self.pbx.settings(**changes))

        chosen = wans or ("lte",)
        return refresh(settings, chosen, self.folder, self.said.append, self.pauses.append)

    def last(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "last.json").read_text())
        return document


@pytest.fixture
def pbx(tmp_path: Path) -> Iterator[Pbx]:
    with running(tmp_path) as system:
        yield system


@pytest.fixture
def site(pbx: Pbx, tmp_path: Path) -> Site:
    return Site(pbx, tmp_path)


def test_the_new_address_is_announced_before_every_trunk_registers_anew(site: Site) -> None:
    outcome = site.refresh("lte")
    assert outcome.problems == []
    assert site.pbx.network["PublicStaticIP"] == "203.0.113.130"
    assert site.pbx.network["SipPort"] == 5060
    asked = site.pbx.paths()
    assert asked.index("PATCH /xapi/v1/NetworkSettings") < asked.index(TOLD[0])
    assert [path for path in asked if path.startswith("POST /xapi")] == TOLD
    assert site.pbx.tokens == 1
    assert site.last() | {"at": "", "took_ms": 0} == {
        "schema": "relais.telephony.refresh/1",
        "at": "",
        "wans": ["lte"],
        "ok": True,
        "attempts": 1,
        "took_ms": 0,
        "public_address": {"before": "203.0.113.2", "after": "203.0.113.130"},
        "trunks": [{"name": "Operator A", "online": True}, {"name": "10001", "online": True}],
        "problems": [],
    }


def test_a_system_that_finds_its_address_by_stun_keeps_its_settings(site: Site) -> None:
    site.pbx.network["StunDisabled"] = False
    assert site.refresh("lte").problems == []
    assert not [path for path in site.pbx.paths() if path.startswith("PATCH")]


def test_nothing_is_written_when_the_address_is_right_already(site: Site) -> None:
    assert site.refresh("fibre").public_address is None
    assert not [path for path in site.pbx.paths() if path.startswith("PATCH")]


def test_a_line_without_a_static_address_is_a_problem_of_a_system_that_announces_one(
    site: Site,
) -> None:
    outcome = site.refresh("lte", public_addresses={"fibre": "203.0.113.2", "lte": None})
    assert len(outcome.problems) == 1
    assert "no static address of lte is known: let it use STUN" in outcome.problems[0]
    assert [one["online"] for one in site.last()["trunks"]] == [True, True]


def test_it_waits_until_the_trunks_are_registered(site: Site) -> None:
    site.pbx.comes_online_after = 4
    outcome = site.refresh()
    assert (outcome.problems, outcome.attempts) == ([], 1)
    assert site.pauses == [refreshing.POLL_S] * 3


def test_trunks_that_never_register_are_told_again_with_longer_pauses_and_then_named(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refreshing, "ONLINE_WITHIN_MS", 0.0)
    site.pbx.comes_online_after = 1000
    outcome = site.refresh()
    assert outcome.attempts == ATTEMPTS
    assert site.pauses == [1, 2, 4, 8, 16, 20, 20, 20, 20]
    assert outcome.problems == [
        "trunk 'Operator A' is not registered",
        "trunk '10001' is not registered",
    ]
    assert site.last()["ok"] is False


def test_a_trunk_that_does_not_register_is_not_waited_for(site: Site) -> None:
    site.pbx.comes_online_after = 1000
    site.pbx.trunks = [trunk(30, "10000", "Operator A", registers="Nothing")]
    outcome = site.refresh(trunks=["Operator A"])
    assert (outcome.problems, site.pauses) == ([], [])


def test_more_trunks_than_fit_on_a_page_are_all_seen(site: Site) -> None:
    others = [trunk(100 + n, str(20_000 + n), f"Other {n}") for n in range(150)]
    site.pbx.trunks = [*others, trunk(30, "10000", "Operator A")]
    assert site.refresh(trunks=["Operator A"]).problems == []


def test_a_trunk_that_is_not_there_is_named_and_the_others_are_refreshed(site: Site) -> None:
    outcome = site.refresh(trunks=["Operator A", "Operator Z"])
    assert outcome.problems == [
        "trunk 'Operator Z' is not there; there are: Operator A, Operator B"
    ]
    assert outcome.trunks == {"Operator A": True}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_system_that_is_busy_is_asked_again_when_it_says_so(site: Site, status: int) -> None:
    site.pbx.misbehaves = [(status, {"Retry-After": "7"}, b""), (status, {}, b"")]
    outcome = site.refresh()
    assert (outcome.problems, outcome.attempts) == ([], 3)
    assert site.pauses == [7, 2]


def test_a_system_out_of_reach_is_tried_for_a_while_and_then_given_up(site: Site) -> None:
    outcome = site.refresh(url="https://localhost:1")
    assert outcome.attempts == ATTEMPTS
    assert "localhost port 1: " in outcome.problems[0]


def test_a_token_that_another_program_made_invalid_is_renewed_once(site: Site) -> None:
    stolen = [(200, {}, b'{"access_token": "stolen"}'), (401, {}, b"")]
    site.pbx.misbehaves = [*stolen]
    assert site.refresh().problems == []
    site.pbx.misbehaves = [*stolen, *stolen]
    assert "does another program use this client?" in site.refresh().problems[0]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "the client id or its secret is wrong"),
        (400, "the client id or its secret is wrong"),
        (302, "status 302"),
        (404, "status 404"),
    ],
)
def test_a_refusal_is_final(site: Site, status: int, said: str) -> None:
    site.pbx.misbehaves = [(status, {"Location": "https://localhost:1/"}, b"")]
    outcome = site.refresh()
    assert (outcome.attempts, site.pauses, len(site.pbx.asked)) == (1, [], 1)
    assert said in outcome.problems[0]


def test_a_role_or_licence_that_does_not_suffice_is_explained(site: Site) -> None:
    site.pbx.misbehaves = [(200, {}, b'{"access_token": "good"}'), (403, {}, b"")]
    assert "role System Owner" in site.refresh().problems[0]


def test_a_certificate_that_nobody_vouches_for_is_refused(site: Site) -> None:
    outcome = site.refresh(ca=None)
    assert "its certificate is refused" in outcome.problems[0]
    assert site.pbx.asked == []


def test_no_message_shows_secret_or_token(site: Site) -> None:
    told = {"error": {"message": f"no {SECRET} and no token-1 here"}}
    site.pbx.misbehaves = [
        (200, {}, b'{"access_token": "token-1"}'),
        (400, {}, json.dumps(told).encode()),
    ]
    outcome = site.refresh()
    assert outcome.problems == ["GET /xapi/v1/NetworkSettings: status 400: no *** and no *** here"]
    assert SECRET not in repr(parse_settings(site.pbx.settings()))


def test_a_newer_switch_takes_over_what_is_left(site: Site) -> None:
    site.pbx.misbehaves = [(503, {}, b"")]
    switched = site.folder / "switched"
    switched.write_text('{"left": "lte", "wans": ["fibre"]}')
    site.pbx.network["PublicStaticIP"] = "203.0.113.130"
    outcome = site.refresh("lte")
    assert (outcome.wans, outcome.problems, site.pauses) == (("fibre",), [], [])
    assert site.pbx.network["PublicStaticIP"] == "203.0.113.2"
    assert not switched.exists()


def test_a_switch_is_attended_to_once(tmp_path: Path) -> None:
    assert claim(tmp_path) is None
    (tmp_path / "switched").write_text('{"wans": ["lte"]}')
    assert claim(tmp_path) == ("lte",)
    assert claim(tmp_path) is None
    (tmp_path / "switched").write_text("rubbish")
    assert claim(tmp_path) == ()
    assert claim(tmp_path) is None


def test_the_command_says_what_it_did_and_never_the_secret(
    pbx: Pbx, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "telephony.json"
    settings.write_text(json.dumps(pbx.settings()))
    (tmp_path / "switched").write_text('{"wans": ["lte"]}')
    words = ["telephony", "refresh", "--settings", str(settings), "--folder", str(tmp_path)]
    assert main([*words, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["ok"], answer["wans"]) == (True, ["lte"])
    assert main(words) == 0
    assert capsys.readouterr().out.startswith("no switch to tell of")
    settings.write_text(json.dumps(pbx.settings(client_secret="wrong-" + SECRET)))
    assert main([*words, "--wan", "lte"]) == 1
    shown = capsys.readouterr()
    assert "the client id or its secret is wrong" in shown.out
    assert SECRET not in shown.out + shown.err + (tmp_path / "last.json").read_text()


def test_every_mistake_in_the_settings_is_told_at_once_without_the_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "telephony.json"
    broken = {
        "schema": "relais.telephony/1",
        "url": f"http://user:{SECRET}@pbx.example/",
        "client_secret": [SECRET],
        "trunks": "all",
        "public_addresses": {"fibre": "one"},
        "tokens": SECRET,
    }
    settings.write_text(json.dumps(broken))
    assert main(["telephony", "check", "--settings", str(settings)]) == 1
    said = capsys.readouterr().err
    for place in (
        "url",
        "client_id",
        "client_secret",
        "trunks",
        "public_addresses.fibre",
        "tokens",
    ):
        assert f": {place}: " in said
    assert SECRET not in said
    settings.write_text(f'{{"client_secret": "{SECRET}"')
    assert main(["telephony", "check", "--settings", str(settings), "--json"]) == 1
    assert SECRET not in capsys.readouterr().out
