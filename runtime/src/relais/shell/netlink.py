# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel says of each WAN: carrier, address, next hop (rtnetlink(7), by pyroute2)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from pyroute2 import AsyncIPRoute

from relais.core.events import LinkObserved
from relais.core.model import Wan
from relais.shell.clock import monotonic_ms

_GROUPS = 0x1 | 0x10 | 0x40  # RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE
_IFF_UP, _IFF_LOWER_UP = 0x1, 0x10000
_SCOPE_UNIVERSE, _UNICAST = 0, 1
RESYNC_S = 5.0

Observe = Callable[[LinkObserved], None]


class LinkWatcher:
    """Tells `observe` the whole picture of a WAN whenever it differs from the last one."""

    def __init__(self, wans: tuple[Wan, ...], observe: Observe) -> None:
        self._wans = wans
        self._observe = observe
        self._last: dict[str, tuple[object, ...]] = {}

    async def run(self) -> None:
        """Watch until cancelled. A full look every few seconds makes up for lost messages."""
        async with AsyncIPRoute() as request, AsyncIPRoute() as monitor:
            await monitor.bind(groups=_GROUPS)
            await self._look(request)
            changed = asyncio.Event()
            listener = asyncio.create_task(self._listen(monitor, changed))
            try:
                while True:
                    try:
                        await asyncio.wait_for(changed.wait(), RESYNC_S)
                    except TimeoutError:
                        if listener.done():
                            listener.result()
                    changed.clear()
                    await self._look(request)
            finally:
                listener.cancel()

    async def _listen(self, monitor: Any, changed: asyncio.Event) -> None:
        while True:
            async for message in monitor.get():
                self._carrier_lost(message)
                changed.set()

    def _carrier_lost(self, message: Any) -> None:
        """Act on a lost carrier at once, without waiting for the full look."""
        if message.get("event") not in ("RTM_NEWLINK", "RTM_DELLINK"):
            return
        name = message.get("ifname")
        flags = message.get("flags") or 0
        gone = message.get("event") == "RTM_DELLINK" or not flags & _IFF_LOWER_UP
        for wan in self._wans:
            if wan.interface == name and gone:
                self._tell(wan, False, None, None)

    async def _look(self, request: Any) -> None:
        links: dict[str, tuple[int, bool]] = {}
        async for link in await request.link("dump"):
            flags = link.get("flags") or 0
            running = bool(flags & _IFF_UP) and bool(flags & _IFF_LOWER_UP)
            links[link.get("ifname")] = (link.get("index"), running)
        addresses: dict[int, str] = {}
        async for item in await request.get_addr(family=socket.AF_INET):
            if item.get("scope") == _SCOPE_UNIVERSE:
                text = f"{item.get('address')}/{item.get('prefixlen')}"
                addresses.setdefault(item.get("index"), text)
        for wan in self._wans:
            index, carrier = links.get(wan.interface, (0, False))
            gateway = await self._gateway(request, wan, index) if index else None
            self._tell(wan, carrier, addresses.get(index), gateway)

    async def _gateway(self, request: Any, wan: Wan, index: int) -> str | None:
        """The next hop of the default route in the WAN's table; `on-link` for one without."""
        async for route in await request.get_routes(family=socket.AF_INET, table=wan.table):
            default = route.get("dst_len") == 0 and route.get("type") == _UNICAST
            if default and route.get("oif") == index:
                return route.get("gateway") or "on-link"
        return None

    def _tell(self, wan: Wan, carrier: bool, address: str | None, gateway: str | None) -> None:
        seen = (carrier, address, gateway)
        if self._last.get(wan.name) != seen:
            self._last[wan.name] = seen
            self._observe(LinkObserved(monotonic_ms(), wan.name, carrier, address, gateway))
