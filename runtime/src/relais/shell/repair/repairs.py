# SPDX-License-Identifier: GPL-3.0-or-later
"""All repairs of a daemon behind one door."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path

from relais.core.link import Link
from relais.core.model import Config
from relais.shell.clock import monotonic_ms
from relais.shell.flows import Flows
from relais.shell.nfnetlink import Network
from relais.shell.nft import Nft
from relais.shell.repair.firewall import FirewallKeeper, Steered
from relais.shell.repair.log import Note, RepairLog
from relais.shell.repair.renewal import LeaseKeeper
from relais.shell.repair.routing import RoutingKeeper


class Repairs:
    """Looks after rules, routes, addresses and the ruleset; tells `note` of each repair.

    `run` is the folder of what must outlive a daemon: `firewall.json` tells a successor what the
    ruleset is made of.
    """

    def __init__(
        self, config: Config, nft: Nft, flows: Flows, steered: Steered, note: Note, run: Path
    ) -> None:
        self._log = RepairLog(note, (wan.name for wan in config.wans))
        self._routing = RoutingKeeper(config, self._log)
        lan = _networks(config)
        self._leases = LeaseKeeper(config.targets, run / "renew", note)
        self._firewall = FirewallKeeper(
            nft, lambda: flows.retranslate(lan), steered, self._log, run / "firewall.json"
        )

    def start(self) -> None:
        """Look once at everything, then listen. Needs a running event loop."""
        self._firewall.start()
        self._routing.changed()

    def changed(self) -> None:
        """The kernel has told of a change of links, addresses, routes or rules."""
        self._routing.changed()

    def look_at(self, links: Mapping[str, Link]) -> None:
        """Every few seconds: whether a line may be dead because its operator forgot the lease."""
        self._leases.look(links, monotonic_ms())

    def close(self) -> None:
        """Stop listening."""
        self._firewall.close()
        self._routing.close()

    def summary(self) -> dict[str, object]:
        """Repairs of the last hour and what is fought over, for the state document."""
        return self._log.summary(monotonic_ms())


def _networks(config: Config) -> tuple[Network, ...]:
    """What is translated: the office's networks."""
    if config.lan is None:
        return ()
    given = (config.lan.address, config.lan.address6)
    return tuple(ipaddress.ip_interface(address).network for address in given if address)
