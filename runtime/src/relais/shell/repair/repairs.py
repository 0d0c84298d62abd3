# SPDX-License-Identifier: GPL-3.0-or-later
"""All repairs of a daemon behind one door."""

from __future__ import annotations

from pathlib import Path

from relais.core.model import Config
from relais.shell.clock import monotonic_ms
from relais.shell.nft import Nft
from relais.shell.repair.firewall import FirewallKeeper, Steered
from relais.shell.repair.log import Note, RepairLog
from relais.shell.repair.routing import RoutingKeeper


class Repairs:
    """Looks after rules, routes, addresses and the ruleset; tells `note` of each repair.

    `kept` is the file that remembers, for a successor, what the ruleset is made of.
    """

    def __init__(self, config: Config, nft: Nft, steered: Steered, note: Note, kept: Path) -> None:
        self._log = RepairLog(note, (wan.name for wan in config.wans))
        self._routing = RoutingKeeper(config, self._log)
        self._firewall = FirewallKeeper(nft, steered, self._log, kept)

    def start(self) -> None:
        """Look once at everything, then listen. Needs a running event loop."""
        self._firewall.start()
        self._routing.changed()

    def changed(self) -> None:
        """The kernel has told of a change of links, addresses, routes or rules."""
        self._routing.changed()

    def close(self) -> None:
        """Stop listening."""
        self._firewall.close()
        self._routing.close()

    def summary(self) -> dict[str, object]:
        """Repairs of the last hour and what is fought over, for the state document."""
        return self._log.summary(monotonic_ms())
