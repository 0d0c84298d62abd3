# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the measuring: what is accepted, and one clear word for what is not."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from relais.core.fields import ConfigError
from relais.throughput.settings import parse_settings


def document(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"schema": "relais.throughput/1"}
    return {**made, "download_url": "https://speed.example.net/1GB", **changes}


def test_only_where_to_measure_against_must_be_said() -> None:
    found = parse_settings(document())
    assert (found.begins, found.ends) == (time(2), time(5))
    assert (found.seconds, found.connections, found.upload_url) == (8, 4, None)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"download_url": None}, "download_url: is missing, and so is upload_url"),
        ({"download_url": "speed.example.net"}, "download_url: must be a URL such as https://"),
        ({"download_url": "ftp://speed.example.net/1"}, "download_url: must be a URL such as"),
        ({"upload_url": "https://me:secret@example.net/"}, "upload_url: must not carry a password"),
        ({"hours": "2-5"}, "hours: must be two times of day such as 02:00-05:00, not '2-5'"),
        ({"hours": "02:00-02:00"}, "hours: must be two times of day"),
        ({"seconds": 3}, "seconds: must be between 4 and 30, not 3"),
        ({"conections": 2}, "conections: is not a known key; did you mean connections?"),
        ({"schema": "relais.alerts/1"}, "schema: must be 'relais.throughput/1'"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_place(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(ConfigError) as told:
        parse_settings(document(**changes))
    assert word in str(told.value)
    assert len(told.value.problems) == 1
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("hours", "inside", "outside"),
    [("02:00-05:00", (2, 4), (1, 5)), ("23:00-01:00", (23, 0), (22, 1))],
)
def test_hours_may_pass_midnight(
    hours: str, inside: tuple[int, ...], outside: tuple[int, ...]
) -> None:
    settings = parse_settings(document(hours=hours))
    assert all(settings.within_hours(time(hour)) for hour in inside)
    assert not any(settings.within_hours(time(hour)) for hour in outside)
