# SPDX-License-Identifier: GPL-3.0-or-later
"""How far each of our services is locked in, by systemd's own account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pytest

TEMPLATES = Path(__file__).resolve().parents[3] / "roles"
ANCHOR = TEMPLATES / "anchor" / "templates" / "relais-anchor.service.j2"
# The firewall must stand even where a kernel or a container cannot do all that could be asked.
MOST = {"relaisd.service": 2.0, "relais-firewall.service": 2.5}


def exposure(verdict: str) -> float:
    """0 is locked in, 10 wide open: systemd-analyze(1)."""
    return float(verdict.split("Overall exposure level for ")[1].split(": ")[1].split()[0])


@pytest.mark.parametrize("unit", MOST)
def test_a_unit_on_the_gateway_is_locked_in(field: Any, unit: str) -> None:
    assert field.gateway.run("systemctl", "is-active", unit) == "active\n"
    verdict = field.gateway.run("systemd-analyze", "security", "--no-pager", unit)
    assert exposure(verdict) <= MOST[unit], verdict


def test_the_anchor_is_locked_in(field: Any) -> None:
    environment = jinja2.Environment(autoescape=False)  # noqa: S701
    environment.filters["comment"] = str
    values = {"anchor_port": 8367, "anchor_address": "", "ansible_managed": ""}
    unit = environment.from_string(ANCHOR.read_text()).render(values)
    field.gateway.run("sh", "-c", "cat > /run/relais-anchor.service", stdin=unit)
    offline = ("security", "--offline=true", "--no-pager", "/run/relais-anchor.service")
    assert exposure(field.gateway.run("systemd-analyze", *offline)) <= 1.5
