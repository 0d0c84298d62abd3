# SPDX-License-Identifier: GPL-3.0-or-later
"""The real client process against real sockets on the loopback interface."""

from __future__ import annotations

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
from typing import Any

import pytest
import relais
from relais.shell.drill.client_process import Record

LIMIT_S = 15


class World:
    """Echo servers in one thread; `mute` stops every answer, `reset` ends every connection."""

    def __init__(self) -> None:
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.tcp = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.connections: list[socket.socket] = []
        self.muted = threading.Event()
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self.ended.is_set():
            ready, _unused, _unused = select.select(
                [self.udp, self.tcp, *self.connections], [], [], 0.05
            )
            for sock in ready:
                self._answer(sock)

    def _answer(self, sock: socket.socket) -> None:
        if sock is self.tcp:
            self.connections.append(sock.accept()[0])
        elif sock is self.udp:
            data, sender = sock.recvfrom(2048)
            is_question = len(data) > 16  # an echo request is a nonce of 16 bytes
            if is_question:
                data = data[:2] + b"\x81\x80" + data[4:]
            if not self.muted.is_set():
                sock.sendto(data, sender)
        else:
            self._echo(sock)

    def _echo(self, sock: socket.socket) -> None:
        try:
            data = sock.recv(4096)
            if data and not self.muted.is_set():
                sock.sendall(data)
        except OSError:
            data = b""
        if not data:
            self.connections.remove(sock)
            sock.close()

    def reset(self) -> None:
        for sock in list(self.connections):
            sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.ended.set()
        self._thread.join()
        for sock in (self.udp, self.tcp, *self.connections):
            sock.close()


class Child:
    """The client as the runner starts it, without the namespace."""

    def __init__(self, orders: dict[str, Any]) -> None:
        code = "from relais.shell.drill.client import main; raise SystemExit(main())"
        home = str(Path(relais.__file__).parent.parent)
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": home},
        )
        self.record = Record()
        self.say(json.dumps(orders))

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
def world() -> Iterator[World]:
    with closing(World()) as one:
        yield one


def orders(world: World, *probes: tuple[str, str], sessions: int = 0) -> dict[str, Any]:
    ports = {"udp": world.udp.getsockname()[1], "tcp": world.tcp.getsockname()[1]}
    services = [
        {
            "name": f"{protocol}-{probe}",
            "protocol": protocol,
            "probe": probe,
            "address": "127.0.0.1",
            "port": ports[protocol],
            "query": "example.com",
        }
        for protocol, probe in probes
    ]
    held = {"address": "127.0.0.1", "port": ports["tcp"], "count": sessions} if sessions else None
    return {"interval_ms": 20, "timeout_ms": 300, "services": services, "sessions": held}


ALL = (("udp", "echo"), ("udp", "dns"), ("tcp", "echo"), ("tcp", "connect"))


def test_every_kind_of_request_is_answered_from_fresh_ports(world: World) -> None:
    with closing(Child(orders(world, *ALL))) as child:
        names = [f"{protocol}-{probe}" for protocol, probe in ALL]
        child.until(lambda r: all(sum(a.ok for a in r.fresh[name]) >= 10 for name in names))
        for name in names:
            ports = [attempt.source_port for attempt in child.record.fresh[name]]
            assert len(set(ports)) == len(ports), f"{name} does not use fresh ports"


def test_the_fixed_flows_keep_their_port(world: World) -> None:
    with closing(Child(orders(world, ("udp", "echo"), ("tcp", "echo")))) as child:
        for name in ("udp-echo", "tcp-echo"):
            child.until(lambda r, name=name: sum(a.ok for a in r.fixed[name]) >= 10)  # type: ignore[misc]
            assert len({attempt.source_port for attempt in child.record.fixed[name]}) == 1


def test_silence_is_reported_as_failed_attempts_and_ends_with_the_first_answer(
    world: World,
) -> None:
    with closing(Child(orders(world, ("udp", "echo"), ("tcp", "echo")))) as child:
        names = ("udp-echo", "tcp-echo")
        child.until(lambda r: all(any(a.ok for a in r.fresh[name]) for name in names))
        world.muted.set()
        child.until(lambda r: all(sum(not a.ok for a in r.fresh[n]) >= 5 for n in names))
        child.until(lambda r: all(sum(not a.ok for a in r.fixed[n]) >= 5 for n in names))
        good = {name: sum(a.ok for a in child.record.fresh[name]) for name in names}
        world.muted.clear()
        child.until(lambda r: all(sum(a.ok for a in r.fresh[n]) > good[n] + 5 for n in names))


def test_a_refused_destination_is_a_failure_and_nothing_else(world: World) -> None:
    given = orders(world, ("udp", "echo"), ("tcp", "connect"))
    for one in given["services"]:
        one["port"] = 1  # nobody listens there
    with closing(Child(given)) as child:
        for name in ("udp-echo", "tcp-connect"):
            child.until(lambda r, name=name: len(r.fresh[name]) >= 5)  # type: ignore[misc]
            assert not any(attempt.ok for attempt in child.record.fresh[name])


def test_sessions_report_opening_answers_and_their_end(world: World) -> None:
    with closing(Child(orders(world, sessions=8))) as child:
        child.until(lambda r: sum(len(s.heard_ms) >= 2 for s in r.sessions("before")) == 8)
        assert all(session.told_ms is None for session in child.record.sessions("before"))
        world.reset()
        child.until(lambda r: sum(s.told_ms is not None for s in r.sessions("before")) == 8)
        child.say("sessions")
        child.until(lambda r: sum(len(s.heard_ms) >= 1 for s in r.sessions("during")) == 8)


def test_a_fixed_connection_tells_when_it_is_ended(world: World) -> None:
    with closing(Child(orders(world, ("tcp", "echo")))) as child:
        child.until(lambda r: sum(a.ok for a in r.fixed["tcp-echo"]) >= 3)
        world.reset()
        child.until(lambda r: len(r.told["tcp-echo"]) == 1)


def test_the_client_reports_what_is_under_way_and_ends_when_told(world: World) -> None:
    with closing(Child(orders(world, ("udp", "echo")))) as child:
        child.until(lambda r: any(a.ok for a in r.fresh["udp-echo"]))
        child.say("stop")
        assert child.process.stdout
        for line in child.process.stdout:
            child.record.add(json.loads(line))
        assert child.process.wait(LIMIT_S) == 0


def test_the_client_does_not_outlive_the_runner(world: World) -> None:
    with closing(Child(orders(world, ("udp", "echo")))) as child:
        child.until(lambda r: any(a.ok for a in r.fresh["udp-echo"]))
        assert child.process.stdin
        child.process.stdin.close()
        assert child.process.wait(LIMIT_S) == 0
