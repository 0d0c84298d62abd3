# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded traces are decided as they were when somebody last looked."""

from __future__ import annotations

import json

import pytest
from simulate.golden import CASES, RECORDED, decided, decisions_path


@pytest.mark.parametrize("name", [*CASES, *RECORDED])
def test_a_recorded_trace_is_decided_as_before(name: str) -> None:
    expected = decisions_path(name).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in decided(name)] == [json.loads(line) for line in expected]
