# SPDX-License-Identifier: GPL-3.0-or-later
"""The client as the runner sees it: a child process, and the record of all that it reported."""

from __future__ import annotations

import contextlib
import json
import selectors
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import relais
from relais.core.drill.model import Attempt, Session
from relais.core.model import Drill, DrillSip
from relais.shell.clock import monotonic_ms
from relais.shell.drill.namespace import PATH

INTERVAL_MS = 20.0
TIMEOUT_MS = 900.0
_WAIT_MS = 50.0
_ANY_ANSWER = ("options", "dialog")
"""A server that does not like the question lives all the same."""
_NO_HELP = (0, 408, 481)


class ClientDied(Exception):
    """The client ended before it was told to."""


@dataclass
class _SessionRecord:
    opened_ms: float | None = None
    heard_ms: list[float] = field(default_factory=list)
    told_ms: float | None = None


@dataclass
class Record:
    """Everything reported so far; `until_ms`: all answers before that moment are in."""

    until_ms: float = 0.0
    fresh: dict[str, list[Attempt]] = field(default_factory=lambda: defaultdict(list))
    fixed: dict[str, list[Attempt]] = field(default_factory=lambda: defaultdict(list))
    told: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    last_good_ms: dict[str, float] = field(default_factory=dict)
    asked: dict[str, list[Attempt]] = field(default_factory=lambda: defaultdict(list))
    statuses: dict[str, int] = field(default_factory=dict)
    spoken_ms: list[float] = field(default_factory=list)
    voice_ms: list[float] = field(default_factory=list)
    hung_up_ms: float | None = None
    batches: dict[str, dict[int, _SessionRecord]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(_SessionRecord))
    )

    def add(self, line: list[Any]) -> None:
        """Take in one line of the client."""
        match line:
            case ["a", service, which, sent_ms, answered_ms, port]:
                self._attempt(service, which, Attempt(sent_ms, answered_ms, port))
            case ["t", service, at_ms, *_]:
                self.told[service].append(at_ms)
            case ["sr", kind, sent_ms, answered_ms, status]:
                self._asked(kind, Attempt(sent_ms, answered_ms), status)
            case ["sv", spoken_ms, heard_ms]:
                self.spoken_ms += spoken_ms
                self.voice_ms += heard_ms
            case ["sb", at_ms]:
                self.hung_up_ms = at_ms
            case ["so", batch, number, at_ms]:
                self.batches[batch][number].opened_ms = at_ms
            case ["sh", batch, number, at_ms]:
                self.batches[batch][number].heard_ms.append(at_ms)
            case ["sx", batch, number, at_ms, *_]:
                self.batches[batch][number].told_ms = at_ms
            case ["p", at_ms]:
                self.until_ms = at_ms
            case _:
                raise ValueError(f"the drill's client said {line!r}")

    def _attempt(self, service: str, which: str, attempt: Attempt) -> None:
        store = self.fresh if which == "fresh" else self.fixed
        store[service].append(attempt)
        if which == "fresh" and attempt.ok:
            last = self.last_good_ms.get(service, 0.0)
            self.last_good_ms[service] = max(last, attempt.sent_ms)

    def _asked(self, kind: str, attempt: Attempt, status: int) -> None:
        """A request of the telephone; an answer that helps nobody is none."""
        good = status < 500 and status not in _NO_HELP if kind in _ANY_ANSWER else status < 300
        self.statuses[kind] = status
        self.asked[kind].append(attempt if good else Attempt(attempt.sent_ms))

    def requests(self, kind: str) -> tuple[Attempt, ...]:
        """The telephone's requests of a kind, in the order they left."""
        return tuple(sorted(self.asked[kind], key=lambda attempt: attempt.sent_ms))

    def attempts(self, which: str, service: str) -> tuple[Attempt, ...]:
        """The `fresh` or `fixed` attempts of a service, in the order they left."""
        store = self.fresh if which == "fresh" else self.fixed
        return tuple(sorted(store[service], key=lambda attempt: attempt.sent_ms))

    def sessions(self, batch: str) -> tuple[Session, ...]:
        """The sessions of a batch that did open."""
        return tuple(
            Session(one.opened_ms, tuple(one.heard_ms), one.told_ms)
            for one in self.batches[batch].values()
            if one.opened_ms is not None
        )


class ClientProcess:
    """Starts the client in the drill's namespace and reads its reports."""

    def __init__(self, drill: Drill, password: str = "", local: tuple[str, ...] = ()) -> None:
        self.record = Record()
        self._rest = b""
        theirs, mine = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603
                _command(), stdin=theirs.fileno(), stdout=theirs.fileno()
            )
        self._channel = mine
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._channel, selectors.EVENT_READ)
        self._say(json.dumps(_orders(drill, password, local)))

    def _say(self, word: str) -> None:
        self._channel.sendall(word.encode() + b"\n")

    def open_sessions(self) -> None:
        """Let the client open its second batch of sessions."""
        self._say("sessions")

    def follow(self, until: Callable[[], bool]) -> None:
        """Read reports until a condition holds; it is asked about 20 times a second.

        Raises ClientDied, and whatever the condition raises.
        """
        while not until():
            self._read()

    def follow_for(self, duration_ms: float) -> None:
        """Read reports for a time. Raises ClientDied."""
        end = monotonic_ms() + duration_ms
        self.follow(lambda: monotonic_ms() >= end)

    def _read(self) -> None:
        if not self._selector.select(_WAIT_MS / 1000):
            return
        chunk = self._channel.recv(1 << 20)
        if not chunk:
            raise ClientDied("the drill's client ended early")
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self.record.add(json.loads(line))

    def finish(self) -> None:
        """Stop sending, take in what is still on its way, end the process."""
        self._say("stop")
        end = monotonic_ms() + TIMEOUT_MS + 1000
        with contextlib.suppress(ClientDied):  # its way to say that it is done
            self.follow(lambda: monotonic_ms() >= end)

    def kill(self) -> None:
        """End the process whatever it does."""
        self._selector.close()
        self._process.kill()
        self._process.wait()
        self._channel.close()


def _command() -> list[str]:
    """The same Python with the same package, from a folder or a zipapp, in the namespace."""
    home = str(Path(relais.__file__).parent.parent)
    code = (
        f"import sys; sys.path.insert(0, {home!r}); "
        "from relais.shell.drill.client import main; sys.exit(main())"
    )
    return ["nsenter", f"--net={PATH}", "--", sys.executable, "-I", "-c", code]


def _orders(drill: Drill, password: str, local: tuple[str, ...]) -> dict[str, object]:
    sessions = drill.sessions
    return {
        "interval_ms": INTERVAL_MS,
        "timeout_ms": TIMEOUT_MS,
        "services": [
            {
                "name": service.name,
                "protocol": service.protocol,
                "probe": service.probe,
                "address": service.address,
                "port": service.port,
                "query": service.query or "example.com",
            }
            for service in drill.services
        ],
        "sessions": None
        if sessions is None or not sessions.count
        else {"address": sessions.address, "port": sessions.port, "count": sessions.count},
        "local": list(local),
        "sip": None if drill.sip is None else _account(drill.sip, password),
    }


def _account(sip: DrillSip, password: str) -> dict[str, object]:
    return {
        "registrar": sip.registrar,
        "port": sip.port,
        "domain": sip.domain,
        "user": sip.user,
        "password": password,
        "call": sip.call,
    }
