# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence of a drill names who was told of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from alert_world import START, Site, incident
from relais.shell.drill.alerts import alerts_of

MINUTE = timedelta(minutes=1)


def test_who_was_told_of_this_drill_stands_there_without_a_secret(tmp_path: Path) -> None:
    settings = {
        "targets": ["mailtos://bot:secret@mail.example", "tgram://secret/7"],
        "sms": ["+33199000005"],
    }
    site = Site(tmp_path, settings, send=lambda target, _text, _settings: None)
    site.now = START - 10 * MINUTE
    site.look()
    site.happens(incident(START - 10 * MINUTE, **{"class": "drill"}))
    site.look(10 * MINUTE)
    site.happens(incident(START, **{"class": "drill"}), incident(START, "lte"))
    site.look(timedelta(seconds=2))
    told = alerts_of(START + timedelta(milliseconds=500), site.places.outbox)
    assert sorted(alert.target for alert in told) == [
        "mailtos://mail.example",
        "sms",
        "tgram://...",
    ]
    assert {alert.after_ms for alert in told} == {2500.0}


def test_without_alerts_nobody_was_told(tmp_path: Path) -> None:
    assert alerts_of(START, tmp_path / "outbox.db") == ()
    (tmp_path / "damaged.db").write_bytes(b"no database" * 1000)
    assert alerts_of(START, tmp_path / "damaged.db") == ()
