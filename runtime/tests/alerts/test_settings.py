# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of alerts: every problem at once, none with a secret; and the outside watch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from alert_world import hook_server
from relais import cli
from relais.alerts.heartbeat import fetch
from relais.alerts.settings import named, parse_settings
from relais.core.fields import ConfigError

GOOD = {
    "schema": "relais.alerts/1",
    "site": "Cabinet Exemple",
    "gateway": "gw",
    "language": "fr",
    "timezone": "Europe/Paris",
    "targets": ["mailtos://bot:secret@mail.example", {"url": "json://hook.example"}],
    "sms": ["+33199000005", {"number": "+33199000006", "importance": "normal"}],
    "sms_command": ["/usr/local/bin/sms", "{number}"],
    "quiet_hours": "22:00-07:00",
    "remind_every": "90m",
    "heartbeat_url": "https://watch.example/ping/secret",
}


def test_settings_that_are_good_show_no_secret() -> None:
    settings = parse_settings(GOOD)
    assert settings.remind_every_s == 5400
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        ("targets", ["secret"], "targets[0].url"),
        ("targets", [7], "targets[0]"),
        ("targets", [{"url": 7}], "targets[0].url"),
        ("targets", [{"url": "json://h", "classes": ["secret"]}], "targets[0].classes"),
        ("targets", [{"url": "json://h", "importance": "no"}], "targets[0].importance"),
        ("targets", [{"url": "json://h", "clases": ["total"]}], "targets[0].clases"),
        ("targets", "json://secret", "targets"),
        ("sms", [""], "sms[0].number"),
        ("sms_command", ["/bin/sms"], "sms_command"),
        ("sms_command", "sms {number}", "sms_command"),
        ("quiet_hours", "22-7", "quiet_hours"),
        ("remind_every", "often", "remind_every"),
        ("timezone", "Mars/Olympus", "timezone"),
        ("language", "de", "language"),
        ("heartbeat_url", "ftp://secret.example", "heartbeat_url"),
        ("schema", "relais.alerts/2", "schema"),
        ("heartbeet_url", "https://secret.example", "heartbeet_url"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_without_a_secret(
    key: str, value: object, path: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_settings({**GOOD, key: value})
    assert [problem.path for problem in caught.value.problems] == [path]
    assert "secret" not in str(caught.value.problems[0])


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mailtos://bot:secret@mail.example:465/?to=ops@msp.example", "mailtos://mail.example"),
        ("jsons://user:secret@hook.example/secret", "jsons://hook.example"),
        ("tgram://123456:secret/789", "tgram://..."),
        ("mailto://[secret", "(unreadable)"),
    ],
)
def test_an_address_is_shown_by_its_scheme_and_its_host_where_that_is_no_token(
    url: str, shown: str
) -> None:
    assert named(url) == shown


def test_the_command_tells_every_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "alerts.json"
    file.write_text(json.dumps({**GOOD, "quiet_hours": 7, "language": "de"}))
    assert cli.main(["alerts", "check", "--json", "--settings", str(file)]) == 1
    problems = json.loads(capsys.readouterr().out)["error"]["problems"]
    assert [problem.partition(":")[0] for problem in problems] == ["language", "quiet_hours"]
    file.write_text("secret")
    assert cli.main(["alerts", "check", "--settings", str(file)]) == 1
    said = capsys.readouterr().err
    assert "is not JSON" in said
    assert "secret" not in said


def test_the_outside_watch_is_asked_over_http() -> None:
    with hook_server() as watch:
        assert fetch(f"http://127.0.0.1:{watch.port}/ping/abc") is True
        assert watch.gets == ["/ping/abc"]
    assert fetch(f"http://127.0.0.1:{watch.port}/ping/abc") is False
