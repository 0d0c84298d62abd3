# SPDX-License-Identifier: GPL-3.0-or-later
"""The drill's telephone against a SIP server on the loopback interface."""

from __future__ import annotations

import hashlib
import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import relais
from relais.shell.drill.client_process import Record
from relais.shell.drill.sip.messages import Credentials, Message, parse

PASSWORD = "as good as any"  # noqa: S105 - of a server that is not there


class Server:
    """A registrar that challenges, a number that answers and sends the voice back.

    `muted` stops every answer; a `busy` one takes no call; one that is `gone` has forgotten it.
    """

    def __init__(self) -> None:
        self.sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.voice = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for sock in (self.sip, self.voice):
            sock.bind(("127.0.0.1", 0))
        self.port = self.sip.getsockname()[1]
        self.muted = threading.Event()
        self.busy = self.gone = False
        self.seen: list[Message] = []
        self.caller: tuple[str, int] | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._ended.is_set():
            for sock in select.select([self.sip, self.voice], [], [], 0.05)[0]:
                data, sender = sock.recvfrom(65535)
                if self.muted.is_set():
                    continue
                if sock is self.voice:
                    sock.sendto(data, sender)
                elif (message := parse(data)) is not None:
                    self.seen.append(message)
                    if message.method not in ("", "ACK"):
                        self._answer(message, sender)

    def _answer(self, asked: Message, sender: tuple[str, int]) -> None:
        more, body, status = [], "", "200 OK"
        if asked.method in ("REGISTER", "INVITE") and not self._is_known(asked):
            status = "401 Unauthorized"
            more = ['WWW-Authenticate: Digest realm="lab", nonce="n1", qop="auth", algorithm=MD5']
        elif asked.method == "INVITE" and self.busy:
            status = "486 Busy Here"
        elif asked.method == "INVITE":
            self.caller = sender
            port = self.voice.getsockname()[1]
            body = f"v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio {port} RTP/AVP 0\r\n"
            own = f"sip:echo@127.0.0.1:{self.port}"
            more = [f"Contact: <{own}>", "Record-Route: <sip:b;lr>, <sip:a;lr>"]
        elif asked.method == "OPTIONS" and asked.to_tag and self.gone:
            status = "481 Call Does Not Exist"
        kept = ("via", "from", "call-id", "cseq")
        lines = [f"{name}: {value}" for name in kept for value in asked.headers[name]]
        lines.append(f"To: {asked.header('to')}{'' if asked.to_tag else ';tag=there'}")
        lines += [*more, f"Content-Length: {len(body)}"]
        text = "\r\n".join([f"SIP/2.0 {status}", *lines, "", body])
        self.sip.sendto(text.encode(), sender)

    def _is_known(self, asked: Message) -> bool:
        given = asked.header("authorization")
        if not given:
            return False
        found = dict(
            (part.partition("=")[0].strip(), part.partition("=")[2].strip().strip('"'))
            for part in given.removeprefix("Digest ").split(",")
        )
        ha1 = md5(f"100:lab:{PASSWORD}")
        ha2 = md5(f"{asked.method}:{found['uri']}")
        tail = f"{found['nonce']}:{found['nc']}:{found['cnonce']}:auth:{ha2}"
        return found["response"] == md5(f"{ha1}:{tail}")

    def hang_up(self) -> None:
        """End the call from here."""
        assert self.caller is not None
        invite = next(one for one in reversed(self.seen) if one.method == "INVITE")
        lines = [
            f"BYE sip:100@{self.caller[0]} SIP/2.0",
            "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKbye",
            f"From: {invite.header('to')};tag=there",
            f"To: {invite.header('from')}",
            f"Call-ID: {invite.header('call-id')}",
            "CSeq: 1 BYE",
        ]
        self.sip.sendto("\r\n".join([*lines, "", ""]).encode(), self.caller)

    def methods(self) -> list[str]:
        return [message.method for message in self.seen]

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self.sip.close()
        self.voice.close()


def md5(text: str) -> str:
    """As the standard has it."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class Child:
    """The drill's client with nothing but a telephone, as the runner starts it."""

    def __init__(self, port: int, password: str = PASSWORD, call: str | None = "echo") -> None:
        code = "from relais.shell.drill.client import main; raise SystemExit(main())"
        home = str(Path(relais.__file__).parent.parent)
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": home},
        )
        self.record = Record()
        account = {"registrar": "127.0.0.1", "port": port, "domain": "sip.example"}
        account |= {"user": "100", "password": password, "call": call}
        orders = {"interval_ms": 20.0, "timeout_ms": 300.0, "services": [], "sessions": None}
        self.say(json.dumps({**orders, "sip": account}))

    def say(self, word: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(word.encode() + b"\n")
        self.process.stdin.flush()

    def until(self, holds: Callable[[Record], bool]) -> None:
        assert self.process.stdout
        while not holds(self.record):
            line = self.process.stdout.readline()
            assert line, "the client ended before it had shown what was awaited"
            self.record.add(json.loads(line))

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def server() -> Iterator[Server]:
    with closing(Server()) as one:
        yield one


@pytest.fixture
def phone(server: Server) -> Iterator[Child]:
    with closing(Child(server.port)) as one:
        one.until(lambda record: len(record.voice_ms) > 20)
        yield one


def test_it_registers_calls_and_talks(server: Server, phone: Child) -> None:
    assert phone.record.asked["register"][0].ok
    assert phone.record.asked["options"][0].ok
    phone.until(lambda record: any(one.ok for one in record.asked["dialog"]))
    assert len(phone.record.spoken_ms) >= len(phone.record.voice_ms)
    methods = server.methods()
    assert methods.index("REGISTER") < methods.index("INVITE") < methods.index("ACK")
    within = next(m for m in server.seen if m.method == "OPTIONS" and m.to_tag == "there")
    assert within.uri == f"sip:echo@127.0.0.1:{server.port}"
    assert within.headers["route"] == ("<sip:a;lr>", "<sip:b;lr>")


def test_it_answers_a_challenge_once_and_from_then_on_in_advance(
    server: Server, phone: Child
) -> None:
    phone.until(lambda record: len(record.asked["register"]) >= 3)
    registers = [m for m in server.seen if m.method == "REGISTER"]
    assert [bool(m.header("authorization")) for m in registers[:3]] == [False, True, True]
    counts = [
        m.header("authorization").partition("nc=")[2][:8]
        for m in server.seen
        if m.header("authorization")
    ]
    assert len(set(counts)) == len(counts)


def test_requests_and_voice_come_back_once_the_server_is_heard_again(
    server: Server, phone: Child
) -> None:
    server.muted.set()
    kinds = ("register", "options", "dialog")
    phone.until(lambda record: all(any(not a.ok for a in record.asked[k]) for k in kinds))
    heard = len(phone.record.voice_ms)
    server.muted.clear()
    phone.until(lambda record: all(record.asked[kind][-1].ok for kind in kinds))
    phone.until(lambda record: len(record.voice_ms) > heard)
    assert phone.record.hung_up_ms is None


def test_a_call_that_the_other_end_has_forgotten_is_over(server: Server, phone: Child) -> None:
    server.gone = True
    phone.until(lambda record: record.hung_up_ms is not None)
    assert not phone.record.asked["dialog"][-1].ok


def test_a_call_that_the_other_end_ends_is_over(server: Server, phone: Child) -> None:
    server.hang_up()
    phone.until(lambda record: record.hung_up_ms is not None)


def test_it_leaves_nothing_behind(server: Server, phone: Child) -> None:
    phone.say("stop")
    phone.process.wait(10)
    assert server.methods()[-2:] == ["BYE", "REGISTER"]
    assert server.seen[-1].header("expires") == "0"


def test_a_wrong_password_is_asked_once_each_time_and_calls_nobody(server: Server) -> None:
    with closing(Child(server.port, "wrong")) as phone:
        phone.until(lambda record: len(record.asked["register"]) >= 2)
        assert not any(attempt.ok for attempt in phone.record.asked["register"])
        assert phone.record.statuses["register"] == 401
        assert "INVITE" not in server.methods()


def test_a_number_that_is_busy_is_told(server: Server) -> None:
    server.busy = True
    with closing(Child(server.port)) as phone:
        phone.until(lambda record: bool(record.asked["invite"]))
        assert (phone.record.statuses["invite"], phone.record.voice_ms) == (486, [])
        assert server.methods().count("INVITE") == 1


def test_without_a_number_it_only_registers(server: Server) -> None:
    with closing(Child(server.port, call=None)) as phone:
        phone.until(lambda record: len(record.asked["register"]) >= 3)
        assert "INVITE" not in server.methods()


@pytest.mark.parametrize(
    "junk", [b"", b"\r\n\r\n", b"\x00\xff", b"SIP/2.0 ok\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"]
)
def test_junk_is_no_message(junk: bytes) -> None:
    assert parse(junk) is None


def test_short_names_of_headers_are_known() -> None:
    message = parse(
        b"SIP/2.0 200 OK\r\nv: SIP/2.0/UDP a;branch=z9hG4bK1\r\nt: <sip:b>;tag=x\r\n\r\n"
    )
    assert message is not None
    assert (message.branch, message.to_tag) == ("z9hG4bK1", "x")


def test_digests_are_those_of_the_standard() -> None:
    # RFC 2617, 3.5.
    one = Credentials("Mufasa", "Circle Of Life")
    challenge = (
        'Digest realm="testrealm@host.com", qop="auth,auth-int", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    answer = Message("", "", 401, {"www-authenticate": (challenge,)}, "")
    assert one.challenged(answer)
    (header,) = one.header("GET", "/dir/index.html", "0a4f113b")
    assert 'response="6629fae49393a05397450978507c4ef1"' in header[1]
    assert "Circle" not in header[1] and "Circle" not in repr(one)
