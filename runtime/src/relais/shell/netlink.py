# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel says of each WAN: carrier, address, next hop."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from dataclasses import replace

from relais.core.events import LinkObserved
from relais.core.model import Wan
from relais.shell.clock import monotonic_ms
from relais.shell.rtnetlink import Monitor, Rtnetlink

RESYNC_S, RETRY_S = 5.0, 0.1
CALM_FACTOR = 5.0
"""A full look begins after five times what the last one took: a storm of changes of others costs
a fifth of a core at most. A lost carrier waits for no look."""
HOLD_MS = 80.0
"""An address or route that goes while the carrier stays is mostly a program at work on it, or put
back by us: what would cost every open flow waits for so long."""

log = logging.getLogger("relaisd")
Observe = Callable[[LinkObserved], None]
Changed = Callable[[], None]


class LinkWatcher:
    """Tells `observe` the whole picture of a WAN whenever it differs from the last one, and
    `changed` that anything did."""

    def __init__(self, wans: tuple[Wan, ...], observe: Observe, changed: Changed) -> None:
        self._wans = wans
        self._observe = observe
        self._last: dict[str, LinkObserved] = {}
        self._told = changed
        self._held: dict[str, float] = {}
        self._blind = False
        self._kernel = Rtnetlink()
        self._monitor = Monitor()
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Watch until cancelled. A full look every few seconds makes up for lost messages."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._monitor.fileno(), self._heard)
        try:
            while True:
                self._changed.clear()
                began = monotonic_ms()
                again_s = self.look()
                calm_ms = began + CALM_FACTOR * (monotonic_ms() - began)
                timer = loop.call_later(again_s, self._changed.set)
                await self._changed.wait()
                timer.cancel()
                await asyncio.sleep((calm_ms - monotonic_ms()) / 1000)
        finally:
            loop.remove_reader(self._monitor.fileno())
            self._monitor.close()
            self._kernel.close()

    def _heard(self) -> None:
        """Act on a lost carrier at once, without waiting for the full look."""
        self._changed.set()
        try:
            for interface in self._monitor.changed():
                for wan in self._wans:
                    if wan.interface == interface.name and not interface.running:
                        self._tell(_without_carrier(wan, present=interface.present))
        except OSError:
            pass  # Messages were lost: the full look sees what they said.
        self._told()

    def look(self) -> float:
        """Tell what has changed since the last look, at first all of it; seconds until the next
        look, unless something changes before."""
        try:
            self._look()
        except OSError as error:
            if not self._blind:
                log.warning("the state of the lines cannot be read, trying on: %s", error)
            self._blind = True
            return RETRY_S
        self._blind = False
        return RESYNC_S

    def _look(self) -> None:
        links = {interface.name: interface for interface in self._kernel.interfaces()}
        for wan in self._wans:
            link = links.get(wan.interface)
            if link is None:
                self._tell(_without_carrier(wan, present=False))
                continue
            gateway = self._kernel.gateway(wan.table, link.index)
            address = self._kernel.address(link.index)
            address6 = self._kernel.address(link.index, socket.AF_INET6) if wan.ipv6 else None
            running = link.running
            self._tell(LinkObserved(0.0, wan.name, running, address, gateway, address6))

    def _tell(self, seen: LinkObserved) -> None:
        if not self._holds(seen) and self._last.get(seen.wan) != seen:
            self._last[seen.wan] = seen
            self._observe(replace(seen, now_ms=monotonic_ms()))

    def _holds(self, seen: LinkObserved) -> bool:
        """Whether to wait a little before a picture that lacks something is told."""
        now = monotonic_ms()
        before = self._last.get(seen.wan)
        lacks = seen.address is None or seen.gateway is None
        if before is None or not before.usable or not seen.carrier or not lacks:
            self._held.pop(seen.wan, None)
            return False
        since = self._held.setdefault(seen.wan, now)
        if now - since >= HOLD_MS:
            return False
        wait_s = (since + HOLD_MS - now) / 1000
        asyncio.get_running_loop().call_later(wait_s, self._changed.set)
        return True


def _without_carrier(wan: Wan, *, present: bool) -> LinkObserved:
    return LinkObserved(0.0, wan.name, False, None, None, present=present)
