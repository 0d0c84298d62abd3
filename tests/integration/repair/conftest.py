# SPDX-License-Identifier: GPL-3.0-or-later
"""A provisioned office in its best state, and what can be seen of it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

import pytest

# What moves by itself: counts, ages, the time that an announced route has left. And a network
# that an operator announces comes back with the next announcement.
PICTURE = r"""
{ ip rule; ip -6 rule; ip route show table all; ip -6 route show table all
  ip -oneline address; } | grep -v -e ' table local ' -e 'lookup default' \
    -e '^multicast' -e '/64 dev wan2 proto ra' |
  sed -E 's/[ \\]*(nodad[ \\]*)?(valid_lft|expires).*//; s/ mtu [0-9]+.*//; s/ tentative//' | sort
nft -s list table inet relais | grep -v 'elements = { 0x00000[12]'
"""


@dataclass(frozen=True)
class Office:
    """A lab whose gateway runs; `lab` is the lab itself."""

    lab: Any

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

    def wait_back(self, what: str, before: str) -> None:
        """Wait until all is as it was; what is not is told."""
        try:
            self.lab.wait(f"{what}: back", lambda: self.picture() == before)
        except AssertionError as late:
            lines = difflib.unified_diff(before.splitlines(), self.picture().splitlines(), n=0)
            raise AssertionError("\n".join([str(late), *lines])) from None


@pytest.fixture
def gateway(site_lab: Any) -> Office:
    """The provisioned site at rest."""
    site_lab.at_rest()
    return Office(site_lab)
