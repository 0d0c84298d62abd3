# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells an outside watch that the site is alive, so that somebody notices when it falls silent.

What watches is a service of the provider's, which raises an alarm when the address was not asked
for some minutes (a "dead man's switch").
"""

from __future__ import annotations

import contextlib
import urllib.request
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

EVERY = timedelta(seconds=60)
WITHIN_S = 10.0


def fetch(url: str) -> bool:
    """Ask once, straight and by no proxy; whether it was answered well."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, headers={"User-Agent": "relais"})  # noqa: S310 - checked
    with contextlib.suppress(OSError, ValueError), opener.open(request, timeout=WITHIN_S) as answer:
        return 200 <= int(answer.status) < 300
    return False


class Heartbeat:
    """Asks in a thread, once a minute, and only while the gateway is well."""

    def __init__(self, url: str | None, ask: Callable[[str], bool] = fetch) -> None:
        self._url = url
        self._ask = ask
        self._next: datetime | None = None
        self._under_way: Future[bool] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="heartbeat")

    def beat(self, now: datetime, *, well: bool) -> None:
        """Ask if it is time."""
        if self._url is None or not well or not self._is_time(now):
            return
        if self._under_way is None or self._under_way.done():
            self._next = now + EVERY
            self._under_way = self._pool.submit(self._ask, self._url)

    def _is_time(self, now: datetime) -> bool:
        # A wall clock that was set back must not make the site look dead.
        return self._next is None or not now < self._next <= now + EVERY

    def settle(self) -> bool | None:
        """Wait for the answer under way: whether it was a good one; None when nothing was asked."""
        return None if self._under_way is None else self._under_way.result()
