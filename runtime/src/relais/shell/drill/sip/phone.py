# SPDX-License-Identifier: GPL-3.0-or-later
"""A telephone that registers, asks whether the server lives, and keeps one call with voice.

Lines that it reports: `["sr", kind, sent_ms, answered_ms|null, status]` for each request, where
kind is `register`, `options`, `invite`, or `dialog` for a question within the call;
`["sv", [sent_ms, ...], [heard_ms, ...]]` for packets of voice, in groups; `["sb", ms]` when the
other end hangs up.
"""

from __future__ import annotations

import os
import secrets
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from relais.shell.clock import monotonic_ms
from relais.shell.drill.loop import READ, Loop
from relais.shell.drill.sip import messages
from relais.shell.drill.sip.agent import Agent, Draft, route_of
from relais.shell.drill.sip.messages import Credentials, Message, host_in_uri

Emit = Callable[[list[object]], None]
BEAT_MS = 50.0
EVERY_MS = 500.0
IN_DOUBT_EVERY_MS = 100.0
"""How often one asks; as often as that while an answer is late, so that the return is seen."""
LATE_MS = 200.0
CALL_WITHIN_MS = 8000.0
VOICE_MS = 20.0
_VOICE_BYTES = 160  # 20 ms of G.711 (RFC 3551, 4.5.14)
_SILENCE = b"\xff" * _VOICE_BYTES
_VOICE_PORTS = range(10_000, 11_000, 2)
_EXPIRES_S = 120


@dataclass(frozen=True, slots=True)
class Account:
    """Where the telephone registers, as whom, and the number that it calls (None: no call)."""

    registrar: str
    port: int
    domain: str
    user: str
    password: str = field(repr=False)
    call: str | None


@dataclass(frozen=True, slots=True)
class _Call:
    """An answered call: where its requests go, and how its ends are named."""

    draft: Draft
    peer: str
    target: str
    route: tuple[tuple[str, str], ...]


class Phone:
    """Begins with `start`; a network error is a request without an answer."""

    def __init__(self, loop: Loop, emit: Emit, account: Account, timeout_ms: float) -> None:
        self._loop, self._emit, self._account = loop, emit, account
        self._timeout_ms = timeout_ms
        credentials = Credentials(account.user, account.password)
        self._agent = Agent(loop, credentials, self._report, self._answered, self._requested)
        family = socket.AF_INET6 if ":" in account.registrar else socket.AF_INET
        self._voice = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._voice_to: tuple[str, int] | None = None
        self._voice_number = int.from_bytes(os.urandom(2), "big")
        self._voice_source = int.from_bytes(os.urandom(4), "big")
        self._spoken: list[float] = []
        self._listened: list[float] = []
        self._call_id = secrets.token_hex(8)
        self._last_ms = dict.fromkeys(("register", "options", "dialog"), 0.0)
        self._call: _Call | None = None
        self._called = self._ended = False

    def start(self) -> None:
        """Register, and from then on do what is due. Raises OSError when there is no route."""
        self._agent.start(self._account.registrar, self._account.port)
        self._take_voice_port()
        self._loop.watch(self._voice, READ, self._listen)
        now = monotonic_ms()
        self._loop.every(BEAT_MS, now, self._beat)
        self._loop.every(VOICE_MS, now + VOICE_MS / 3, self._speak)

    def stop(self) -> None:
        """Hang up, and leave nothing registered."""
        self._ended = True
        self._within("BYE", "bye")
        self._register(expires_s=0)

    def report_voice(self) -> None:
        """Tell of the voice packets since the last time."""
        if self._spoken or self._listened:
            self._emit(["sv", self._spoken, self._listened])
            self._spoken, self._listened = [], []

    def _take_voice_port(self) -> None:
        for port in _VOICE_PORTS:
            try:
                self._voice.bind((self._agent.own, port))
            except OSError:
                continue
            return
        raise OSError("no port is free for the voice")

    # --- what is due -----------------------------------------------------------------------

    def _beat(self) -> None:
        if self._ended:
            return
        now = monotonic_ms()
        due = {"register": self._register, "options": self._options, "dialog": self._ask_in_call}
        for kind, ask in due.items():
            late = self._agent.overdue(kind, LATE_MS)
            if now - self._last_ms[kind] >= (IN_DOUBT_EVERY_MS if late else EVERY_MS):
                self._last_ms[kind] = now
                ask()

    def _options(self) -> None:
        server = host_in_uri(self._account.registrar)
        self._ask("options", "OPTIONS", f"sip:{server}", self._timeout_ms)

    def _register(self, expires_s: int = _EXPIRES_S) -> None:
        headers = (("Contact", self._contact), ("Expires", str(expires_s)))
        self._ask("register", "REGISTER", f"sip:{self._domain}", self._timeout_ms, headers)

    def _ask_in_call(self) -> None:
        self._within("OPTIONS", "dialog")

    def _invite(self) -> None:
        body = messages.offer(self._agent.own, self._voice.getsockname()[1])
        headers = (("Contact", self._contact), ("Content-Type", "application/sdp"))
        uri = f"sip:{self._account.call}@{self._domain}"
        self._ask("invite", "INVITE", uri, CALL_WITHIN_MS, headers, body)

    def _ask(
        self,
        kind: str,
        method: str,
        uri: str,
        within_ms: float,
        headers: tuple[tuple[str, str], ...] = (),
        body: str = "",
    ) -> None:
        own = f"<sip:{self._account.user}@{self._domain}>"
        to = own if method == "REGISTER" else f"<{uri}>"
        call_id = f"{self._call_id}-{kind}"
        self._agent.ask(Draft(kind, method, uri, own, to, call_id, within_ms, headers, body=body))

    def _within(self, method: str, kind: str) -> None:
        """A request within the call, if there is one."""
        call = self._call
        if call is not None:
            own, call_id = call.draft.own, call.draft.call_id
            draft = Draft(
                kind, method, call.target, own, call.peer, call_id, self._timeout_ms, (), call.route
            )
            self._agent.ask(draft)

    @property
    def _domain(self) -> str:
        return host_in_uri(self._account.domain)

    @property
    def _contact(self) -> str:
        own = host_in_uri(self._agent.own)
        return f"<sip:{self._account.user}@{own}:{self._agent.port}>"

    # --- what comes ------------------------------------------------------------------------

    def _report(self, kind: str, sent_ms: float, answered_ms: float | None, status: int) -> None:
        self._emit(["sr", kind, sent_ms, answered_ms, status])

    def _answered(self, draft: Draft, answer: Message) -> None:
        if draft.kind == "register" and answer.status < 300 and not self._called:
            self._called = True
            if self._account.call is not None:
                self._invite()
        if draft.kind == "invite" and answer.status < 300:
            target = answer.contact or draft.uri
            self._agent.acknowledge(draft, answer, target)
            self._call = _Call(draft, answer.header("to"), target, route_of(answer))
            self._voice_to = answer.media
        if draft.kind == "dialog" and answer.status == 481:
            self._hung_up()

    def _requested(self, asked: Message) -> None:
        if asked.method == "ACK":
            return
        if asked.method == "INVITE":
            self._agent.send(messages.response(asked, 486, "Busy Here", ()))
            return
        self._agent.send(messages.response(asked, 200, "OK", ()))
        if asked.method == "BYE":
            self._hung_up()

    def _hung_up(self) -> None:
        if self._call is not None:
            self._call = self._voice_to = None
            self._emit(["sb", monotonic_ms()])

    def _speak(self) -> None:
        if self._voice_to is None or self._ended:
            return
        self._voice_number = (self._voice_number + 1) % 65536
        stamp = self._voice_number * _VOICE_BYTES % 2**32
        head = struct.pack(">BBHII", 0x80, 0, self._voice_number, stamp, self._voice_source)
        self._spoken.append(monotonic_ms())
        try:
            self._voice.sendto(head + _SILENCE, self._voice_to)
        except OSError:
            return

    def _listen(self) -> None:
        try:
            data = self._voice.recv(2048)
        except OSError:
            return
        if len(data) > 12:
            self._listened.append(monotonic_ms())
