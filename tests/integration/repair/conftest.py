# SPDX-License-Identifier: GPL-3.0-or-later
"""A provisioned office in its best state, and what can be seen of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

# What moves by itself: counts, ages, the time that an announced route has left. And a network
# that an operator announces comes back with the next announcement.
PICTURE = r"""
{ ip rule; ip -6 rule; ip route show table all; ip -6 route show table all
  ip -oneline address; } | grep -v -e ' table local ' -e 'lookup default' \
    -e '^multicast' -e '/64 dev wan2 proto ra' |
  sed -E 's/[ \\]*(nodad[ \\]*)?(valid_lft|expires).*//; s/ mtu [0-9]+.*//' | sort
nft -s list table inet relais | grep -v 'elements = { 0x00000[12]'
"""


@dataclass(frozen=True)
class Office:
    """A lab whose gateway runs; `lab` is the lab itself."""

    lab: Any

    def calm(self) -> None:
        """Every line up and well, the voice on the fibre, nothing fought over."""
        self.lab.do("fault", "all", "clear")
        # Without the memory of a bad time, which a metered line in reserve loses slowly.
        for command in ("systemctl stop relaisd", "rm -f /run/relais/handover.json"):
            self.lab.exec("gw", *command.split())
        self.lab.exec("gw", "systemctl", "start", "relaisd")

        def well() -> bool:
            if self.lab.exec("gw", "relais", "status").returncode != 0:
                return False
            wans = self.lab.relais("status")["wans"].values()
            good = all(wan["state"] == "up" and wan["quality"] == "good" for wan in wans)
            return good and self.uses() == ["fibre"]

        self.lab.wait("every line is well and voice on the fibre", well, within_s=120)

    def uses(self) -> list[str]:
        """WANs of the voice."""
        voice = self.lab.relais("status")["services"]["voice"]
        return [member["wan"] for member in voice["wans"]]

    def wan(self, name: str) -> dict[str, Any]:
        """One line as the daemon sees it."""
        seen: dict[str, Any] = self.lab.relais("status")["wans"][name]
        return seen

    def events(self, after: int, kind: str) -> list[dict[str, Any]]:
        """What was told of one kind behind a number."""
        told = self.lab.relais("events", "--after", str(after))["events"]
        return [event for event in told if event["kind"] == kind]

    def last_event(self) -> int:
        """Number of the newest event."""
        number: int = self.lab.relais("status")["last_event"]
        return number

    def picture(self) -> str:
        """Rules, routes, addresses and the ruleset."""
        shown: str = self.lab.exec("gw", "sh", "-c", PICTURE).stdout
        return shown


@pytest.fixture(scope="module")
def office(site_lab: Any) -> Office:
    """The provisioned site in its best state, once for all tests of a module."""
    office = Office(site_lab)
    office.calm()
    return office


@pytest.fixture
def gateway(office: Office) -> Office:
    """The same, with every line still up."""

    def up() -> bool:
        return all(wan["state"] == "up" for wan in office.lab.relais("status")["wans"].values())

    office.lab.wait("every line up", up, within_s=60)
    return office
