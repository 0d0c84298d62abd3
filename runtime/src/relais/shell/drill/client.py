# SPDX-License-Identifier: GPL-3.0-or-later
"""The drill's client: a process in its own network namespace that uses every service at once.

Reads one JSON line of orders from standard input, then the words `sessions` and `stop`; writes JSON
lines. It ends when its standard input closes, so it never outlives the runner. Lines:
`["a", service, "fresh"|"fixed", sent_ms, answered_ms|null, port]` one attempt,
`["t", service, ms, why]` a fixed TCP flow was told, `["so"|"sh"|"sx", batch, number, ms, ...]` a
session opened, was answered, was told, `["p", ms]` all answers before that moment are reported,
and those of `sip.phone`.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from typing import Any

from relais.shell.clock import monotonic_ms
from relais.shell.drill.client_flows import (
    Destination,
    FixedTcp,
    FixedUdp,
    Fresh,
    FreshPorts,
    Session,
    Stream,
)
from relais.shell.drill.loop import READ, Loop
from relais.shell.drill.pings import Pings
from relais.shell.drill.sip.phone import Account, Phone

_FLUSH_MS = 25.0
_SESSION_BEAT_MS = 100.0
_LOCAL_BEAT_MS = 100.0


class Client:
    """Carries out the orders on a loop."""

    def __init__(self, orders: dict[str, Any], output: int) -> None:
        self._loop = Loop()
        self._output = output
        self._lines: list[list[object]] = []
        self._timeout_ms = float(orders["timeout_ms"])
        self._sending = True
        self._sessions: list[Session] = []
        self._session_orders = orders["sessions"]
        self._batches = iter(("before", "during"))
        self._start_services(orders)
        for address in orders.get("local", ()):
            pings = Pings(self._loop, self._emit, address, self._timeout_ms)
            self._loop.every(_LOCAL_BEAT_MS, monotonic_ms(), pings.beat)
        self._phone: Phone | None = None
        if orders.get("sip"):
            account = Account(**orders["sip"])
            self._phone = Phone(self._loop, self._emit, account, self._timeout_ms)
            self._phone.start()
        if self._session_orders:
            self.open_sessions()
            # many sessions share the machine with what is measured: slower beats for them
            period = max(_SESSION_BEAT_MS, float(self._session_orders["count"]))
            self._loop.every(period, monotonic_ms() + period, self._session_beat)
        self._loop.every(_FLUSH_MS, monotonic_ms() + _FLUSH_MS, self.flush)

    def _start_services(self, orders: dict[str, Any]) -> None:
        services = [Destination(**service) for service in orders["services"]]
        period = float(orders["interval_ms"])
        for index, to in enumerate(services):
            fixed: FixedTcp | FixedUdp
            if to.protocol == "tcp":
                fixed = FixedTcp(self._loop, self._emit, to, self._timeout_ms)
            else:
                fixed = FixedUdp(self._loop, self._emit, to, self._timeout_ms)
            start = monotonic_ms() + period * index / len(services)

            ports = FreshPorts()  # one for each service: their flows differ in the far end, too

            def fresh_beat(to: Destination = to, ports: FreshPorts = ports) -> None:
                if self._sending:
                    Fresh(self._loop, self._emit, to, ports, self._timeout_ms)

            def fixed_beat(flow: FixedTcp | FixedUdp = fixed) -> None:
                flow.beat()

            self._loop.every(period, start, fresh_beat)
            self._loop.every(period, start + period / 2, fixed_beat)

    def open_sessions(self) -> None:
        """Open a batch of sessions: `before` the fault, then `during` it."""
        batch = next(self._batches, None)
        if not self._session_orders or batch is None:
            return
        to = Destination(
            name=batch,
            protocol="tcp",
            probe="echo",
            address=self._session_orders["address"],
            port=self._session_orders["port"],
            query="",
        )
        for number in range(self._session_orders["count"]):
            session = Session(self._emit, batch, number)
            session.stream = Stream(self._loop, to, session)
            self._sessions.append(session)

    def _session_beat(self) -> None:
        for session in self._sessions:
            session.beat()

    def _emit(self, line: list[object]) -> None:
        self._lines.append(line)

    def flush(self) -> None:
        """Write what was seen since the last time."""
        if self._phone is not None:
            self._phone.report_voice()
        self._lines.append(["p", monotonic_ms()])
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in self._lines)
        self._lines.clear()
        data = text.encode()
        try:
            while data:
                data = data[os.write(self._output, data) :]
        except BrokenPipeError:
            self._loop.stop()

    def _order(self, source: int) -> None:
        words = os.read(source, 4096).decode().split()
        if not words:
            self._loop.stop()
        for word in words:
            if word == "sessions":
                self.open_sessions()
            elif word == "stop":
                self._sending = False
                if self._phone is not None:
                    self._phone.stop()
                self._loop.at(monotonic_ms() + self._timeout_ms + _FLUSH_MS, self._loop.stop)

    def run(self, source: int) -> None:
        """Work until told to stop or left alone."""
        self._loop.watch(source, READ, lambda: self._order(source))
        self._loop.run()
        self.flush()


def read_orders(source: int) -> dict[str, Any]:
    """The first line of standard input."""
    data = b""
    while not data.endswith(b"\n"):
        chunk = os.read(source, 65536)
        if not chunk:
            break
        data += chunk
    orders: dict[str, Any] = json.loads(data)
    return orders


def main() -> int:
    """Run the client on standard input and output."""
    gc.freeze()
    client = Client(read_orders(sys.stdin.fileno()), sys.stdout.fileno())
    client.run(sys.stdin.fileno())
    return 0
