# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test ``in_networks``: whether an address is inside one of some networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address, ip_network


def in_networks(address: str, networks: Iterable[str]) -> bool:
    """Say whether an address, of either IP version, is in one of the networks."""
    try:
        one = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(one in ip_network(network, strict=False) for network in networks)


class TestModule:
    """Ansible's way to find the test."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        """Return the tests of this file by name."""
        return {"in_networks": in_networks}
