# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests of a telephone and their answers, over one UDP socket on a `Loop`."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from relais.shell.clock import monotonic_ms
from relais.shell.drill.loop import READ, Loop
from relais.shell.drill.sip import messages
from relais.shell.drill.sip.messages import Credentials, Message, host_in_uri

_RETRANSMIT_MS = (500.0, 1500.0)  # T1 of RFC 3261, 17.1.1.1, and its double after that
_NEVER_MIND = frozenset({"ACK", "BYE"})


@dataclass(frozen=True, slots=True)
class Draft:
    """A request but for what differs each time that it is sent: branch, number, credentials.

    `kind` is the name under which it is reported, `within_ms` how long it may take.
    """

    kind: str
    method: str
    uri: str
    own: str
    to: str
    call_id: str
    within_ms: float
    headers: tuple[tuple[str, str], ...] = ()
    route: tuple[tuple[str, str], ...] = ()
    body: str = ""


@dataclass(slots=True)
class Asked:
    """A request under way; `began_ms` is when its first form, before any challenge, left."""

    draft: Draft
    began_ms: float
    data: bytes = field(repr=False)
    challenged: bool = False
    provisional: bool = False


Report = Callable[[str, float, float | None, int], None]
"""Kind, when it was sent, when it was answered (None: it was not), status."""


class Agent:
    """`answered` is called with each final answer, `requested` with what others ask."""

    def __init__(
        self,
        loop: Loop,
        credentials: Credentials,
        report: Report,
        answered: Callable[[Draft, Message], None],
        requested: Callable[[Message], None],
    ) -> None:
        self._loop, self._credentials, self._report = loop, credentials, report
        self._answered, self._requested = answered, requested
        self._sock: socket.socket | None = None
        self._tag = secrets.token_hex(6)
        self._sequence = 0
        self._asked: dict[str, Asked] = {}
        self.own, self.port = "", 0

    def start(self, address: str, port: int) -> None:
        """Take a port. Raises OSError when there is no route."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._sock.connect((address, port))
        self.own, self.port = self._sock.getsockname()[:2]
        self._loop.watch(self._sock, READ, self._heard)

    def ask(self, draft: Draft, began_ms: float | None = None) -> None:
        """Send a request; one without an answer is reported when its time is up."""
        self._sequence += 1
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        via = f"SIP/2.0/UDP {host_in_uri(self.own)}:{self.port};branch={branch};rport"
        headers = [
            ("Via", via),
            ("Max-Forwards", "70"),
            *draft.route,
            ("From", f"{draft.own};tag={self._tag}"),
            ("To", draft.to),
            ("Call-ID", draft.call_id),
            ("CSeq", f"{self._sequence} {draft.method}"),
            *draft.headers,
            *self._credentials.header(draft.method, draft.uri, secrets.token_hex(4)),
        ]
        data = messages.request(draft.method, draft.uri, headers, draft.body)
        now = monotonic_ms()
        asked = Asked(draft, began_ms or now, data, challenged=began_ms is not None)
        self._asked[branch] = asked
        self.send(data)
        self._loop.at(asked.began_ms + draft.within_ms, lambda: self._give_up(branch))
        if draft.method == "INVITE":
            for pause_ms in _RETRANSMIT_MS:
                self._loop.at(now + pause_ms, lambda: self._again(branch))

    def acknowledge(self, draft: Draft, answer: Message, uri: str) -> None:
        """The ACK of an answer to an INVITE: for a success a request of its own, with its route."""
        number = answer.header("cseq").partition(" ")[0]
        success = answer.status < 300
        branch = f"z9hG4bK{secrets.token_hex(8)}" if success else answer.branch
        via = f"SIP/2.0/UDP {host_in_uri(self.own)}:{self.port};branch={branch};rport"
        headers = [
            ("Via", via),
            ("Max-Forwards", "70"),
            *(route_of(answer) if success else ()),
            ("From", answer.header("from")),
            ("To", answer.header("to")),
            ("Call-ID", draft.call_id),
            ("CSeq", f"{number} ACK"),
        ]
        self.send(messages.request("ACK", uri, headers))

    def send(self, data: bytes) -> None:
        """Send a datagram; one that cannot leave is one that is lost."""
        if self._sock is not None:
            try:
                self._sock.send(data)
            except OSError:
                return

    def overdue(self, kind: str, after_ms: float) -> bool:
        """Whether an answer to such a request is late."""
        now = monotonic_ms()
        waits = (asked for asked in self._asked.values() if asked.draft.kind == kind)
        return any(now - asked.began_ms > after_ms for asked in waits)

    def _give_up(self, branch: str) -> None:
        asked = self._asked.pop(branch, None)
        if asked is not None and asked.draft.method not in _NEVER_MIND:
            self._report(asked.draft.kind, asked.began_ms, None, 0)

    def _again(self, branch: str) -> None:
        asked = self._asked.get(branch)
        if asked is not None and not asked.provisional:
            self.send(asked.data)

    def _heard(self) -> None:
        if self._sock is None:
            return
        try:
            data = self._sock.recv(65535)
        except OSError:  # an ICMP error: the request that it belongs to will time out
            return
        message = messages.parse(data)
        if message is None:
            return
        if message.status:
            self._take(message)
        else:
            self._requested(message)

    def _take(self, answer: Message) -> None:
        asked = self._asked.get(answer.branch)
        if asked is None:
            return
        if answer.status < 200:
            asked.provisional = True
            return
        del self._asked[answer.branch]
        draft = asked.draft
        if draft.method == "INVITE" and answer.status >= 300:
            self.acknowledge(draft, answer, draft.uri)
        unmet = answer.status in (401, 407) and not asked.challenged
        if unmet and self._credentials.challenged(answer):
            self.ask(draft, asked.began_ms)
            return
        if draft.method not in _NEVER_MIND:
            self._report(draft.kind, asked.began_ms, monotonic_ms(), answer.status)
        self._answered(draft, answer)


def route_of(answer: Message) -> tuple[tuple[str, str], ...]:
    """The way of requests within a dialog that we began (RFC 3261, 12.1.2)."""
    recorded = [
        part.strip()
        for value in answer.headers.get("record-route", ())
        for part in value.split(",")
    ]
    return tuple(("Route", route) for route in reversed(recorded))
