# SPDX-License-Identifier: GPL-3.0-or-later
"""Alerts that really leave: by apprise to mail and HTTP servers, by a command as an SMS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from alert_world import START, Receiver, Site, hook_server, incident, instant, mail_server, total
from relais import cli
from relais.shell import chain, database

MINUTE = timedelta(minutes=1)
SMS = """#!/bin/sh
printf '%s\\t%s\\n' "$1" "$(cat)" >> "$(dirname "$0")/sent"
"""


@pytest.fixture
def mail() -> Iterator[Receiver]:
    with mail_server() as receiver:
        yield receiver


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with hook_server() as receiver:
        yield receiver


@pytest.fixture
def modem(tmp_path: Path) -> Path:
    """A command that sends an SMS; the file `sent` beside it has what it sent."""
    command = tmp_path / "send-sms"
    command.write_text(SMS)
    command.chmod(0o755)
    return command


@pytest.fixture
def site(tmp_path: Path, mail: Receiver, hook: Receiver, modem: Path) -> Site:
    settings = {
        "targets": [
            f"mailto://127.0.0.1:{mail.port}/?from=gw@site.example&to=ops@msp.example",
            f"json://127.0.0.1:{hook.port}/alerts",
        ],
        "sms": ["+33199000005"],
        "sms_command": [str(modem), "{number}"],
    }
    return Site(tmp_path, settings)


def sms_sent(modem: Path) -> list[str]:
    sent = modem.with_name("sent")
    return sent.read_text().splitlines() if sent.exists() else []


def test_a_switch_is_told_by_mail_by_http_and_by_sms(
    site: Site, mail: Receiver, hook: Receiver, modem: Path
) -> None:
    site.look()
    site.happens(incident())
    site.look()
    told = "Cabinet Exemple : Lien fibre coupé, les services passent par lte"
    assert mail.subjects() == [told]
    assert mail.mails[0]["To"] == "ops@msp.example"
    assert "Début : 28/11/2026 à 21:05:00 (CET)" in mail.bodies()[0]
    assert "voice : fonctionne, par lte (0,3 s sans réponse)" in mail.bodies()[0]
    assert [post["title"] for post in hook.posts] == [told]
    assert "20261128T200500Z-fibre" in hook.posts[0]["message"]
    assert sms_sent(modem) == [
        "+33199000005\tCabinet Exemple : lien fibre coupé, les services passent par lte. "
        "Début 28/11/2026 à 21:05:00 (CET). 20261128T200500Z-fibre"
    ]


def test_a_mail_carries_the_fingerprint_of_the_journal_and_an_sms_does_not(
    site: Site, mail: Receiver, modem: Path
) -> None:
    site.look()
    site.happens(incident())
    with database.transaction(site.places.journal) as opened:
        opened.executescript(chain.SCHEMA)
        opened.execute("INSERT INTO chain VALUES ('events', 7, '[7]', zeroblob(32))")
    site.look()
    assert mail.bodies()[0].rstrip().endswith(f"Empreinte du journal : 7-{64 * '0'}")
    assert "7-00" not in sms_sent(modem)[0]


def test_a_gateway_dark_for_ten_minutes_and_restarted_tells_everything_once_with_its_time(
    site: Site, mail: Receiver, hook: Receiver, modem: Path
) -> None:
    site.look()
    site.lines = {"fibre": "down", "lte": "down"}
    site.happens(total(START))
    site.pass_by(5 * MINUTE)
    assert (mail.mails, hook.posts) == ([], [])
    site.start()
    site.pass_by(5 * MINUTE)
    assert (mail.mails, hook.posts) == ([], [])
    assert len(sms_sent(modem)) == 1
    site.happens(total(START, START + 10 * MINUTE))
    site.lines = {"fibre": "up", "lte": "up"}
    site.look()
    site.start()
    site.pass_by(30 * MINUTE, 5 * MINUTE)
    subjects = [
        "Cabinet Exemple : Plus aucun accès Internet",
        "Cabinet Exemple : Retour à la normale après 10 min 0 s (plus aucun accès Internet)",
    ]
    assert mail.subjects() == subjects
    assert [post["title"] for post in hook.posts] == subjects
    began, ended = mail.bodies()
    assert "Début : 28/11/2026 à 21:05:00 (CET)" in began
    assert "Ce message part en retard, le 28/11/2026 à 21:15:" in began
    assert "Fin : 28/11/2026 à 21:15:00 (CET), après 10 min 0 s" in ended
    assert len(sms_sent(modem)) == 2


def test_while_every_line_is_cut_only_the_sms_is_tried(
    site: Site, mail: Receiver, hook: Receiver, modem: Path
) -> None:
    site.look()
    site.lines = {"fibre": "down", "lte": "lost"}
    site.happens(incident(), total(START))
    site.pass_by(3 * MINUTE)
    assert [line.split(". ")[0] for line in sms_sent(modem)] == [
        "+33199000005\tCabinet Exemple : plus aucun accès Internet"
    ]
    assert (mail.mails, hook.posts) == ([], [])
    assert not [line for line in site.said if "cannot" in line]


def test_a_dead_daemon_keeps_nobody_from_being_told(site: Site, mail: Receiver) -> None:
    site.lines = {"fibre": "down", "lte": "down"}
    site.look()
    site.daemon = "dead"
    site.happens(incident())
    site.look(MINUTE)
    assert len(mail.mails) == 1


def test_what_a_server_does_not_take_waits_and_holds_up_nobody_else(
    site: Site, hook: Receiver, mail: Receiver
) -> None:
    with mail_server() as gone:
        port = gone.port
    url = f"mailto://user:secret@127.0.0.1:{port}/?from=gw@site.example&to=ops@msp.example"
    site.settings["targets"] = [url, f"json://127.0.0.1:{hook.port}/"]
    site.look()
    site.happens(incident())
    site.pass_by(2 * MINUTE)
    assert len(hook.posts) == 1
    assert any("mailto://127.0.0.1#" in line and "not reached" in line for line in site.said)
    assert "secret" not in "".join(site.said)


def test_the_command_tests_every_target(
    site: Site, mail: Receiver, hook: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    file = site.folder / "alerts.json"
    file.write_text(json.dumps(site.document()))
    assert cli.main(["alerts", "check", "--settings", str(file)]) == 0
    assert cli.main(["alerts", "test", "--json", "--settings", str(file)]) == 0
    answer = json.loads(capsys.readouterr().out.partition("\n")[2])
    assert [one["target"].partition("#")[0] for one in answer["targets"]] == [
        "mailto://127.0.0.1",
        "json://127.0.0.1",
        "sms:+33199000005",
    ]
    assert mail.subjects() == ["Cabinet Exemple : essai des alertes"]
    assert len(hook.posts) == 1


def test_an_address_that_apprise_does_not_know_fails_the_test_without_being_shown(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.settings = {"targets": ["nonsense://token-that-is-secret"]}
    file = site.folder / "alerts.json"
    file.write_text(json.dumps(site.document()))
    assert cli.main(["alerts", "test", "--settings", str(file)]) == 1
    said = capsys.readouterr().out
    assert "apprise does not know this kind of address" in said
    assert "secret" not in said


def test_the_list_shows_what_was_told_and_what_waits(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.look()
    site.lines = {"fibre": "down", "lte": "down"}
    site.happens(total(START))
    site.look()
    outbox = str(site.places.outbox)
    assert cli.main(["alerts", "list", "--json", "--outbox", outbox]) == 0
    alerts = json.loads(capsys.readouterr().out)["alerts"]
    assert [(one["state"], one["at"]) for one in alerts] == [
        ("waiting", instant(START)),
        ("waiting", instant(START)),
        ("sent", instant(START)),
    ]
    assert cli.main(["alerts", "list", "--outbox", outbox]) == 0
    assert "Plus aucun accès Internet" in capsys.readouterr().out
