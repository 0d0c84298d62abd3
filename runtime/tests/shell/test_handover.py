# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that one daemon leaves to the next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from relais.core.adopt import leave
from relais.shell.handover import Legacy, read, write
from world import World

ORIGINS = {"voice": ("20260101T090000Z-0012", "2026-01-01T09:00:00.150Z")}


@pytest.fixture
def left(tmp_path: Path) -> Path:
    world = World().start().run(10)
    write(tmp_path / "handover.json", Legacy(leave(world.state), ORIGINS))
    return tmp_path / "handover.json"


def test_what_was_left_is_found_once_and_is_for_its_user_only(left: Path) -> None:
    assert left.stat().st_mode & 0o777 == 0o600
    legacy = read(left, 1e9)
    assert legacy.beliefs is not None
    assert set(legacy.beliefs.links) == {"fibre", "lte"}
    assert legacy.origins == ORIGINS
    assert read(left, 1e9) == Legacy()


def test_a_file_of_another_version_is_read_as_far_as_it_goes(left: Path) -> None:
    document = json.loads(left.read_text())
    fibre = document["beliefs"]["links"]["fibre"]
    del fibre["quality"]
    fibre["mood"] = "sunny"
    left.write_text(json.dumps({**document, "more": 1}))
    beliefs = read(left, 1e9).beliefs
    assert beliefs is not None
    assert beliefs.links["fibre"].state == "up"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema": "relais.handover/2"}', "[" * 10_000])
def test_a_file_that_makes_no_sense_is_no_reason_to_fail(left: Path, text: str) -> None:
    left.write_text(text)
    assert read(left, 1e9) == Legacy()


def test_times_of_another_boot_are_not_believed(left: Path) -> None:
    assert read(left, 0.0) == Legacy()
