# SPDX-License-Identifier: GPL-3.0-or-later
"""What a real gateway keeps of a cut, and that it is as it was written."""

from __future__ import annotations

import json
from typing import Any

import pytest


@pytest.fixture
def gateway(site_lab: Any) -> Any:
    """The provisioned site at rest."""
    site_lab.at_rest()
    return site_lab


def state(gateway: Any) -> str:
    """What the daemon says of the fibre; empty while it says nothing."""
    if gateway.exec("gw", "relais", "status").returncode:
        return ""
    found: str = gateway.relais("status")["wans"]["fibre"]["state"]
    return found


def test_a_cut_is_kept_with_its_length_and_the_journal_verifies(gateway: Any) -> None:
    gateway.do("fault", "isp-fibre", "silent")
    gateway.wait("the fibre is given up", lambda: state(gateway) == "down")
    gateway.do("fault", "isp-fibre", "clear")
    gateway.wait("the fibre answers", lambda: state(gateway) in ("recovering", "up"))
    gateway.exec("gw", "systemctl", "restart", "relaisd")  # A stop writes all that is known.
    gateway.wait("the daemon answers", lambda: state(gateway) != "")
    told = gateway.exec("gw", "relais", "export", "--step", "1").stdout.splitlines()
    rows = [json.loads(line) for line in told]
    periods = [row for row in rows if row["table"] == "periods" and row["subject"] == "wan"]
    fibre = [row for row in periods if row["name"] == "fibre"]
    cut, back = fibre[-2:]
    assert (cut["condition"], cut["excused"], back["condition"]) == (
        "unavailable",
        False,
        "available",
    )
    assert cut["ended_ms"] == back["began_ms"]
    rolls = [row for row in rows if row["table"] == "rolls" and row["wan"] == "fibre"]
    dark = [
        row["sent"]
        for row in rolls
        if cut["began_ms"] <= row["at_s"] * 1000 and row["at_s"] * 1000 + 1000 <= cut["ended_ms"]
    ]
    assert sum(row["sent"] for row in rolls) > 0
    assert sum(dark) == 0
    assert gateway.relais("verify")["ok"]
