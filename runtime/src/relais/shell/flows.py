# SPDX-License-Identifier: GPL-3.0-or-later
"""Open flows: make them leave a dead link, move them along, see whether anybody talks."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain
from typing import TypeVar

from relais.shell.nfnetlink import Flow, Network, Nfnetlink
from relais.shell.nudge import Nudger

AT_ONCE = 100
PAUSE_S = 0.005
"""A hundred flows at a time, as the kernel hands them over, so that they do not hold the daemon
up."""
STALE_MS = 20_000.0
T = TypeVar("T")


class Flows:
    """Flows are named by their connection mark: those with `connmark & mask == mark`."""

    def __init__(self, netfilter: Nfnetlink) -> None:
        self._netfilter = netfilter
        self._nudger = Nudger()
        self._looks: dict[int, tuple[float, dict[bytes, int]]] = {}

    def evict(self, marks: Collection[tuple[int, int]]) -> None:
        """Forget the flows of these marks and masks, then make idle TCP clients notice.

        The table is searched once for all: the kernel looks into every bucket of it, which takes
        tens of ms, while to forget takes one. Raises OSError.
        """
        open_tcp = self._netfilter.tcp_connections(marks)
        for mark, mask in marks:
            self._netfilter.flush_conntrack(mark, mask)
        _paced(open_tcp, self._nudger.send)

    def move(self, mark: int, mask: int, sources: Collection[Network] = ()) -> None:
        """Forget the flows that are not TCP, one by one: those that began in one of these networks,
        or all. Raises OSError.

        The kernels before 6.8 cannot leave a protocol out of a flush.
        """

        def goes(flow: Flow) -> bool:
            return not _tcp(flow) and (not sources or any(flow.source in net for net in sources))

        groups = self._netfilter.flows(mark, mask)
        others = ([flow for flow in group if goes(flow)] for group in groups)
        _paced(others, self._netfilter.forget)

    def retranslate(self, networks: Collection[Network]) -> int:
        """Forget what began while no rule translated it, so that it begins anew; how many it were.

        The kernel decides on a translation once: such a flow would stay dead for as long as it goes
        on. One that was ever answered is let be. Raises OSError.
        """
        flows = self._netfilter.untranslated(networks)
        groups = (flows[first : first + AT_ONCE] for first in range(0, len(flows), AT_ONCE))
        _paced(groups, self._netfilter.forget)
        return len(flows)

    def fastest_pps(self, mark: int, mask: int, now_ms: float) -> float | None:
        """Packets per second of the busiest flow that is not TCP since the last look, both ways.

        None when there was no look a moment ago; a flow that the kernel does not count has none.
        Raises OSError.
        """
        flows = chain.from_iterable(self._netfilter.flows(mark, mask))
        counted = (flow for flow in flows if not _tcp(flow))
        packets = {flow.key: flow.packets for flow in counted if flow.packets is not None}
        looked_ms, before = self._looks.get(mark, (-STALE_MS, {}))
        self._looks[mark] = (now_ms, packets)
        if not 0 < now_ms - looked_ms < STALE_MS:
            return None
        most = max((count - before.get(key, 0) for key, count in packets.items()), default=0)
        return most * 1000 / (now_ms - looked_ms)


def _tcp(flow: Flow) -> bool:
    return flow.protocol == socket.IPPROTO_TCP


def _paced(groups: Iterator[Sequence[T]], act: Callable[[Sequence[T]], object]) -> None:
    group = next(groups, None)
    if group is not None:
        act(group)
        asyncio.get_running_loop().call_later(PAUSE_S, _paced, groups, act)
