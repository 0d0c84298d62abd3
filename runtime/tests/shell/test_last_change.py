# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of the last change is read, or it is as if there had been none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from relais.cli_tables import why_text
from relais.shell.last_change import last_change

TAKEN_BACK = {
    "schema": "relais.rollback/1",
    "by": "engineer@controller",
    "outcome": "rolled_back",
    "at": "2026-01-01T08:00:57Z",
    "reason": "nobody confirmed it within 60 s",
    "problems": [],
}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "relais.other/1"}'])
def test_a_record_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "last.json").write_text(text)
    assert last_change(tmp_path / "last.json") is None
    assert last_change(tmp_path / "nowhere") is None


def test_why_tells_that_a_change_was_taken_back(tmp_path: Path) -> None:
    (tmp_path / "last.json").write_text(json.dumps(TAKEN_BACK))
    text = why_text({"services": {}, "last_change": last_change(tmp_path / "last.json")})
    assert text == (
        "The last change of the configuration, by engineer@controller, was taken back on "
        "2026-01-01 08:00:57 UTC: nobody confirmed it within 60 s"
    )


def test_why_is_silent_about_a_change_that_was_kept() -> None:
    assert why_text({"services": {}, "last_change": {**TAKEN_BACK, "outcome": "confirmed"}}) == ""
