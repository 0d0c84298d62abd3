# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries messages out of the outbox: one at a time for each target, so that their order stays,
and the targets side by side, so that a dead mail server holds up nobody else."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

from relais.alerts.channels import WITHIN_S
from relais.alerts.outbox import Entry, Outbox
from relais.alerts.rules import Message
from relais.alerts.settings import Channel, Settings, Target
from relais.alerts.texts import Text, when_sent

Send = Callable[[Target, Text, Settings], str | None]
PATIENCE = tuple(timedelta(seconds=s) for s in (5, 10, 20, 40, 80, 160, 300))
"""How long after a failure a target is tried again; the last one goes on for ever."""
LANES = 16


class Courier:
    """Sends in threads; the outbox is only touched by whoever calls."""

    def __init__(self, settings: Settings, outbox: Outbox, send: Send) -> None:
        self._settings = settings
        self._outbox = outbox
        self._send = send
        self._targets = {target.name: target for target in settings.targets}
        self._under_way: dict[str, tuple[Message, Future[str | None]]] = {}
        self._failures: dict[str, tuple[int, datetime]] = {}
        self._pool = ThreadPoolExecutor(LANES, thread_name_prefix="send")

    def carry(self, now: datetime, *, dark: bool) -> list[str]:
        """Note what has left, send what may leave; returns what is worth a line in the log.

        While the site is `dark`, only what needs no line is tried.
        """
        said = self._collect(now)
        for entry in self._outbox.waiting(now):
            target = self._targets.get(entry.message.target)
            if target is None or target.name in self._under_way:
                continue
            if dark and target.channel is not Channel.SMS:
                continue
            if self._is_patient(target.name, now):
                continue
            self._begin(entry, target, now)
        return said

    def forgive(self) -> None:
        """There is a way out again: nobody waits for what failed without one."""
        self._failures.clear()

    def settle(self, now: datetime, *, within_s: float = 60.0) -> list[str]:
        """Wait until nothing is under way, and note what has left."""
        under_way = [future for _message, future in self._under_way.values()]
        concurrent.futures.wait(under_way, timeout=within_s)
        return self._collect(now)

    def stop(self, now: datetime) -> list[str]:
        """Begin nothing more. What does not end soon is sent again after a start."""
        said = self.settle(now, within_s=WITHIN_S)
        self._pool.shutdown(wait=False, cancel_futures=True)
        return said

    def _begin(self, entry: Entry, target: Target, now: datetime) -> None:
        message = entry.message
        body = when_sent(entry.text, message.at, now, self._settings, target.channel)
        self._outbox.sending(message)
        text = Text(entry.text.title, body)
        future = self._pool.submit(self._send, target, text, self._settings)
        self._under_way[target.name] = (message, future)

    def _collect(self, now: datetime) -> list[str]:
        said = []
        for name, (message, future) in list(self._under_way.items()):
            if not future.done():
                continue
            error = _outcome(future)
            if error is None:
                self._outbox.sent(message, now)
                self._failures.pop(name, None)
                said.append(f"told {name} of {message.incident}: {message.kind}")
            else:
                self._outbox.failed(message, error)
                count, _until = self._failures.get(name, (0, now))
                pause = PATIENCE[min(count, len(PATIENCE) - 1)]
                self._failures[name] = (count + 1, now + pause)
                said.append(f"cannot tell {name} of {message.incident}: {error}")
            del self._under_way[name]
        return said

    def _is_patient(self, name: str, now: datetime) -> bool:
        if name not in self._failures:
            return False
        _count, until = self._failures[name]
        # A wall clock that was set back must not make it wait for days.
        return now < until <= now + PATIENCE[-1]


def _outcome(future: Future[str | None]) -> str | None:
    error = future.exception()
    # The words of an exception may hold an address.
    return future.result() if error is None else f"failed ({type(error).__name__})"
