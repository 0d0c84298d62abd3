# SPDX-License-Identifier: GPL-3.0-or-later
"""One token for a play, patience with a busy PBX, and one clear sentence for whatever fails."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.pbx.fixtures import StartPbx
from tests.pbx.server import Handler
from tests.pbx.state import State

from .conftest import Controller

WRONG = "not-this-one"


def users(controller: Controller, **params: Any) -> dict[str, Any]:
    return controller.run("info", gather=["users"], **params)


def cache(controller: Controller) -> Path:
    (found,) = (controller.home / ".cache" / "relais-threecx").glob("*.json")
    return found


def test_the_tasks_of_a_play_share_one_token(controller: Controller) -> None:
    for _task in range(3):
        assert users(controller).get("msg") is None
    assert controller.pbx.tokens.issued == 1
    asked = [one for one in controller.pbx.requests if "SystemStatus" in one.path]
    assert len(asked) == 1, "the version is asked once for each token"


def test_tasks_at_the_same_time_share_one_token(newest: Controller) -> None:
    started = [newest.start("info", gather=["users"]) for _task in range(4)]
    for process in started:
        assert newest.finish(process).get("msg") is None
    assert newest.pbx.tokens.issued == 1


def test_a_token_is_kept_where_only_its_owner_reads_it(newest: Controller) -> None:
    users(newest)
    file = cache(newest)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert newest.pbx.client_secret not in file.read_text()
    assert newest.pbx.client_id not in file.name


def test_a_token_is_kept_in_the_file_that_was_named(newest: Controller, tmp_path: Path) -> None:
    file = tmp_path / "kept" / "token.json"
    users(newest, token_cache=str(file))
    users(newest, token_cache=str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert newest.pbx.tokens.issued == 1


def test_a_file_that_others_can_read_is_not_trusted(newest: Controller) -> None:
    users(newest)
    cache(newest).chmod(0o644)
    found = users(newest)
    assert found["code"] == "token_cache"
    assert "others can read" in found["msg"]


def test_a_link_in_place_of_the_file_is_not_followed(newest: Controller) -> None:
    users(newest)
    file = cache(newest)
    target = file.with_name("elsewhere")
    file.rename(target)
    file.symlink_to(target)
    assert "symbolic link" in users(newest)["msg"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"token": 5, "until": "x"}'])
def test_a_damaged_file_means_a_new_token(newest: Controller, text: str) -> None:
    users(newest)
    cache(newest).write_text(text)
    assert users(newest).get("msg") is None
    assert newest.pbx.tokens.issued == 2


def test_a_token_that_ended_early_is_renewed_once(controller: Controller) -> None:
    users(controller)
    controller.pbx.expire_tokens()
    assert users(controller).get("msg") is None
    assert controller.pbx.tokens.issued == 2


def test_a_token_is_renewed_before_its_end(newest: Controller) -> None:
    users(newest)
    file = cache(newest)
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"until": 1}))
    users(newest)
    assert newest.pbx.tokens.issued == 2
    assert 401 not in {one.status for one in newest.pbx.requests}


def test_a_token_lives_for_an_hour_in_minutes_and_in_seconds(controller: Controller) -> None:
    users(controller)
    file = cache(controller)
    left = json.loads(file.read_text())["until"] - file.stat().st_mtime
    assert 3400 < left < 3600


def test_a_token_that_says_nothing_of_itself_lives_as_long(
    controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then only expires_in tells, in minutes or in seconds."""
    monkeypatch.setattr(controller.pbx.tokens, "_signed", lambda _claims: "opaque")
    users(controller)
    file = cache(controller)
    left = json.loads(file.read_text())["until"] - file.stat().st_mtime
    assert 3400 < left < 3600


def test_a_token_that_somebody_else_renewed_is_taken_over(newest: Controller) -> None:
    """Another process renews the token while this one still works with the old one."""
    users(newest)
    kept = cache(newest).read_text()
    newest.pbx.expire_tokens()
    users(newest)
    assert newest.pbx.tokens.issued == 2
    fresh = json.loads(cache(newest).read_text())
    cache(newest).write_text(json.dumps(fresh | {"token": json.loads(kept)["token"]}))
    users(newest)
    assert newest.pbx.tokens.issued == 3


def test_a_wrong_secret_is_one_sentence_and_is_not_tried_again(newest: Controller) -> None:
    first = users(newest, client_secret=WRONG)
    assert first["code"] == "wrong_secret"
    assert "refuses client_id relais with this client_secret" in first["msg"]
    assert "Admin > Integrations > API" in first["msg"]
    users(newest, client_secret=WRONG)
    tried = [one for one in newest.pbx.requests if one.path == "/connect/token"]
    assert len(tried) == 1, "a loop over many users must not have the controller locked out"
    assert users(newest).get("msg") is None, "the right secret works at once"


def test_the_secret_may_come_from_the_environment(
    newest: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELAIS_THREECX_CLIENT_SECRET", newest.pbx.client_secret)
    assert users(newest, client_secret=None).get("msg") is None
    monkeypatch.delenv("RELAIS_THREECX_CLIENT_SECRET")
    assert "client_secret" in users(newest, client_secret=None)["msg"]


def test_a_missing_licence_is_told_apart_from_a_weak_role(newest: Controller) -> None:
    newest.pbx.licence("professional")
    found = users(newest)
    assert found["code"] == "licence_or_role"
    assert "Enterprise" in found["msg"]
    assert "System Owner" in found["msg"]


def test_a_weak_role_is_told_which_right_it_lacks(newest: Controller) -> None:
    newest.pbx.role("group_admins")
    assert users(newest).get("msg") is None, "it may read users, though not the version"
    found = newest.run("info", gather=["trunks"])
    assert found["code"] == "role"
    assert "forbids GET Trunks" in found["msg"]
    assert found["missing"] == ["OutboundRules", "Trunks", "SystemStatus"]


def test_a_role_that_may_not_write_has_written_nothing(newest: Controller) -> None:
    newest.pbx.role("managers")
    found = newest.run("ring_group", number="800", ring_time_s=31)
    assert found["code"] == "role"
    assert "forbids PATCH RingGroups" in found["msg"]
    group = newest.pbx.state.find("RingGroups", Number="800")
    assert group is not None
    assert group["RingTime"] == 20


def test_a_pbx_that_is_not_there_is_one_sentence(newest: Controller) -> None:
    newest.pbx.stop()
    found = users(newest)
    assert found["code"] == "unreachable"
    assert f"{newest.pbx.host}:{newest.pbx.port} cannot be reached" in found["msg"]
    assert "from inside" in found["msg"]


def test_a_name_that_nobody_knows_is_one_sentence(newest: Controller) -> None:
    assert users(newest, host="pbx.invalid")["code"] == "unreachable"


def test_a_certificate_that_is_not_trusted_is_one_sentence(newest: Controller) -> None:
    found = users(newest, ca_path=None)
    assert found["code"] == "untrusted"
    assert "ca_path" in found["msg"]
    assert users(newest, ca_path=None, validate_certs=False).get("msg") is None


def test_a_ca_file_that_does_not_exist_is_named(newest: Controller) -> None:
    assert "/nowhere.pem, which does not exist" in users(newest, ca_path="/nowhere.pem")["msg"]


def test_a_port_without_tls_is_one_sentence(start_pbx: StartPbx, newest: Controller) -> None:
    plain = start_pbx(tls=False)
    found = users(newest, port=plain.port)
    assert found["code"] == "tls"
    assert "443 or 5001" in found["msg"]


def test_a_busy_pbx_is_given_the_time_it_asks_for(newest: Controller) -> None:
    users(newest)
    newest.pbx.fail_next(status=429, retry_after=1, times=2)
    assert users(newest).get("msg") is None
    assert [one.status for one in newest.pbx.requests[-3:]] == [429, 429, 200]


def test_a_pbx_that_wants_too_much_patience_is_left_alone(newest: Controller) -> None:
    users(newest)
    newest.pbx.fail_next(status=429, retry_after=900)
    found = users(newest)
    assert found["code"] == "busy"
    assert "900 s" in found["msg"]


def test_a_token_is_asked_for_again_when_the_pbx_is_busy(newest: Controller) -> None:
    newest.pbx.fail_next(status=503, on="POST /connect/token")
    newest.pbx.reset_next(on="POST /connect/token")
    assert users(newest).get("msg") is None
    assert newest.pbx.tokens.issued == 1


def test_what_creates_is_not_sent_again_when_it_may_have_been_done(newest: Controller) -> None:
    users(newest)
    newest.pbx.fail_next(status=503, on="POST")
    found = newest.run("ring_group", number="810", name="Night")
    assert found["code"] == "refused"
    assert len(newest.writes()) == 1


def test_a_change_whose_answer_is_lost_is_told_and_repeated_by_hand(newest: Controller) -> None:
    newest.pbx.reset_after(on="PATCH")
    found = newest.run("ring_group", number="800", ring_time_s=31)
    assert found["code"] == "unanswered"
    assert "run the task again" in found["msg"]
    assert newest.run("ring_group", number="800", ring_time_s=31)["changed"] is False


def test_a_reading_that_is_cut_off_is_repeated(newest: Controller) -> None:
    users(newest)
    newest.pbx.reset_next(on="GET")
    assert users(newest).get("msg") is None


def test_an_old_pbx_is_refused_with_the_version_it_needs(newest: Controller) -> None:
    newest.pbx.state["SystemStatus"]["Version"] = "20.0.6.724"
    found = users(newest)
    assert found["code"] == "version"
    assert "runs 20.0.6; 20.0.7 or later is needed" in found["msg"]


def test_every_page_is_read_in_every_version(controller: Controller) -> None:
    state: State = controller.pbx.state
    for number in range(200, 420):
        state.add("Users", Number=str(number), FirstName=str(number), LastName="Page")
    found = users(controller)["users"]
    assert len(found) == 45 + 220
    assert len({one["Number"] for one in found}) == len(found)
    for one in controller.pbx.requests:
        assert "$top=" not in one.query or "$top=100" in one.query


def test_every_reading_selects_what_it_reads(controller: Controller) -> None:
    everything = (
        "system health trunks users departments ring_groups queues ivrs inbound_rules "
        "outbound_rules emergency_rules holidays sbcs settings"
    )
    controller.run("info", gather=everything.split())
    for one in controller.pbx.requests:
        if one.method == "GET" and "Pbx.SystemHealthStatus" not in one.path:
            assert "select=" in one.query, one.path
        assert one.status == 200, one.path


def test_the_headers_are_those_that_the_api_knows(newest: Controller) -> None:
    newest.run("ring_group", number="810", name="Night")
    created = next(one for one in newest.pbx.requests if one.path == "/xapi/v1/RingGroups"
                   and one.method == "POST")  # fmt: skip
    assert created.headers["Prefer"] == "return=representation"
    assert created.headers["OData-Version"] == "4.0"


def test_the_names_of_headers_are_sent_as_the_api_writes_them(
    newest: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: set[str] = set()
    serve = Handler._serve

    def noting(handler: Handler) -> None:
        names.update(handler.headers.keys())
        serve(handler)

    for method in ("do_GET", "do_POST"):
        monkeypatch.setattr(Handler, method, noting)
    users(newest)
    assert {"OData-Version", "OData-MaxVersion"} <= names


def test_a_real_ansible_shows_no_secret_however_verbose(newest: Controller) -> None:
    """Through ansible itself, with -vvvv and --diff, from failure to success."""
    program = Path(sys.executable).with_name("ansible")
    environment = {
        **newest.environment,
        "ANSIBLE_COLLECTIONS_PATH": newest.environment["PYTHONPATH"],
        "ANSIBLE_HOME": str(newest.home),
        "RELAIS_THREECX_CLIENT_SECRET": newest.pbx.client_secret,
        "LC_ALL": "C.UTF-8",
    }
    connection = {k: v for k, v in newest.connection.items() if k != "client_secret"}
    for options in ({"extension": "100", "busy": {"to": "mobile"}}, {"extension": "999"}):
        argv = [program, "localhost", "-i", "localhost,", "-c", "local", "-vvvv", "--diff",
                "-e", f"ansible_python_interpreter={sys.executable}",
                "-m", "relais.continuity.threecx_user_forwarding",
                "-a", json.dumps({**connection, **options})]  # fmt: skip
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
        newest.outputs.append(done.stdout + done.stderr)
        token = json.loads(cache(newest).read_text())["token"]
        assert token not in done.stdout + done.stderr
    assert "no extension 999" in done.stdout
    assert newest.pbx.user("100")["ForwardingProfiles"][0]["AvailableRoute"]["BusyInternal"]["To"]
