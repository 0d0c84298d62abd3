# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon finds a configuration to work with, and keeps the last good one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from relais.core.fields import ConfigError
from relais.shell.config_file import find_config
from world import document

GOOD = json.dumps(document()).encode()
SPOILT = {
    "cut short": GOOD[: len(GOOD) // 2],
    "empty": b"",
    "no text": b"\xff\xfe\x00",
    "another document": b'{"schema": "relais.plan/1"}',
}


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """A gateway whose daemon has worked with a good configuration."""
    path, copy = tmp_path / "config.json", tmp_path / "config.last-good.json"
    path.write_bytes(GOOD)
    find_config(path, copy).keep()
    return path, copy


@pytest.mark.parametrize("how", SPOILT)
def test_the_last_good_one_stands_in_for_a_spoilt_one(places: tuple[Path, Path], how: str) -> None:
    path, copy = places
    path.write_bytes(SPOILT[how])
    found = find_config(path, copy)
    assert found.config.site == "Cabinet Exemple"
    assert found.problem
    assert not found.mended()
    found.keep()
    assert copy.read_bytes() == GOOD, "a spoilt one is never kept"
    path.write_bytes(GOOD)
    assert found.mended()


def test_a_good_one_is_used_and_kept(places: tuple[Path, Path]) -> None:
    path, copy = places
    newer = json.dumps(document(site="Autre Cabinet")).encode()
    path.write_bytes(newer)
    found = find_config(path, copy)
    assert (found.config.site, found.problem, found.mended()) == ("Autre Cabinet", None, False)
    found.keep()
    assert copy.read_bytes() == newer


@pytest.mark.parametrize("other", [None, b"{}"])
def test_without_a_good_one_the_problems_of_the_file_are_told(
    places: tuple[Path, Path], other: bytes | None
) -> None:
    path, copy = places
    path.write_bytes(SPOILT["cut short"])
    copy.unlink()
    if other is not None:
        copy.write_bytes(other)
    with pytest.raises(ConfigError, match="is not JSON"):
        find_config(path, copy)
