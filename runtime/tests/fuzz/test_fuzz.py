# SPDX-License-Identifier: GPL-3.0-or-later
"""What strangers or a bad file may send: accepted or refused in words, never a crash or a hang.

RELAIS_FUZZ_INPUTS (1,000) inputs for each surface from RELAIS_FUZZ_SEED (1); `scripts/test fuzz`
takes 100,000.
"""

from __future__ import annotations

import copy
import functools
import json
import os
import signal
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fuzz import mutate
from relais.answers import Answers
from relais.cli import load_config
from relais.core import report
from relais.core.actions import Record
from relais.core.config import parse_config
from relais.core.events import Event
from relais.core.fields import ConfigError
from relais.core.model import Config, ProbeKind, Target
from relais.core.state import State, initial
from relais.core.step import step
from relais.shell import anchor, dns, icmp, netlink_socket, nft, probes, sip, tls
from relais.shell.control_server import ControlServer, Peer
from world import document

INPUTS = int(os.environ.get("RELAIS_FUZZ_INPUTS", "1000"))
SEED = int(os.environ.get("RELAIS_FUZZ_SEED", "1"))
HANG_S = 5.0
KEYS = (b"k" * 32, b"former-" * 6)
GOOD = document(
    timezone="Europe/Paris",
    drill={
        "interface": "relais-drill0",
        "gateway_address": "198.18.255.253/30",
        "client_address": "198.18.255.254/30",
        "budget_ms": {"silent": 1000},
        "windows": ["Sun 06:00-08:00"],
        "sessions": {"address": "198.51.100.10", "port": 7, "count": 20},
        "services": [
            {
                "name": "voice",
                "protocol": "udp",
                "probe": "dns",
                "address": "198.51.100.10",
                "port": 53,
                "query": "example.com",
            }
        ],
    },
)
GOOD["services"][0]["sla"] = {"loss_percent": 1, "latency_ms": 150, "jitter_ms": 30, "mos": 3.8}
GOOD["targets"] += [
    {"name": "d", "address": "198.51.100.200", "probe": "https", "query": "www.example.com"},
    {"name": "e", "address": "2001:db8::1", "probe": "http", "query": "/health"},
    {"name": "f", "address": "198.51.100.201", "probe": "sip", "query": "sip.example.com"},
    {"name": "g", "address": "198.51.100.202", "probe": "anchor"},
]
REQUESTS = [
    {"version": 1, "command": "status"},
    {"version": 1, "command": "why", "service": "voice"},
    {"version": 1, "command": "link", "wan": "fibre", "mode": "drain", "for_s": 60},
    {"version": 1, "command": "link", "wan": "lte", "mode": "auto"},
    {"version": 1, "command": "excuse", "wan": "fibre", "for_s": 60},
    {"version": 1, "command": "measured", "wan": "fibre", "down_mbit": 480.5, "up_mbit": 190}
    | {"bytes": 670_000_000, "seconds": 8},
    {"version": 1, "command": "events", "after": 0},
]


class Desk:
    """The part of the daemon that is asked, with its real core and without a kernel."""

    def __init__(self) -> None:
        self.config = parse_config(document())
        self.state: State = initial(self.config, 0.0)
        self.now_ms = 0.0

    def document(self) -> dict[str, object]:
        return {**report.state_document(self.state, str), "last_event": 0}

    @property
    def newest(self) -> Sequence[Mapping[str, object]]:
        return [{"seq": 1, "service": None}]

    def origin(self, service: str) -> tuple[str | None, str]:
        return None, ""

    def take(self, event: Event) -> None:
        self.state, _unused = step(self.state, event)

    def note(self, record: Record) -> str:
        return f"20261128T200500Z-{len(json.dumps(record.inputs)):04d}"


@contextmanager
def no_hang() -> Iterator[Callable[[], None]]:
    """Each call gives the next input five seconds; the one that takes longer is interrupted."""

    def too_long(_number: int, _frame: object) -> None:
        raise TimeoutError(f"no answer within {HANG_S:.0f} s")

    before = signal.signal(signal.SIGALRM, too_long)
    try:
        yield lambda: signal.setitimer(signal.ITIMER_REAL, HANG_S) and None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def survive(inputs: Iterator[Any], act: Callable[[Any], object]) -> dict[object, int]:
    """Feed the inputs; how often each outcome came. The input that breaks it is in the failure."""
    outcomes: dict[object, int] = {}
    with no_hang() as next_input:
        for number, one in enumerate(islice(inputs, INPUTS)):
            next_input()
            try:
                outcome = act(one)
            except Exception as error:
                pytest.fail(f"seed {SEED}, input {number}: {error!r}: {str(one)[:2000]}")
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert sum(outcomes.values()) == INPUTS
    print(f"{INPUTS} inputs: {outcomes}")
    return outcomes


def accepted(read: Callable[[], Config]) -> bool:
    """Whether a configuration is accepted; one that is must be fit for use."""
    try:
        config = read()
    except ConfigError as error:
        assert error.problems
        assert all(problem.path and problem.message for problem in error.problems)
        json.dumps([str(problem) for problem in error.problems])
        return False
    initial(config, 0.0)
    choices = {service.name: service.members for service in config.services}
    nft.steer_commands(nft.elements(config, choices, frozenset({1})))
    for target in config.targets:
        said(target)
    return True


hello = functools.cache(tls.client_hello)


def said(target: Target) -> bytes | None:
    """The first bytes that a target is sent: what a configuration brings must be sayable."""
    match target.probe:
        case ProbeKind.DNS:
            return dns.query(1, target.query or "example.com")
        case ProbeKind.SIP:
            return sip.options(1, target.query or target.address, "192.0.2.1")
        case ProbeKind.HTTPS:
            return hello(target.query)
        case _:
            return probes._greeting(target)


def test_a_configuration_is_accepted_or_refused_in_words() -> None:
    inputs = mutate.documents(Random(f"config {SEED}"), GOOD)
    outcomes = survive(inputs, lambda one: accepted(lambda: parse_config(one)))
    assert min(outcomes[True], outcomes[False]) > INPUTS / 100


def test_a_configuration_file_is_accepted_or_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "config.json"

    def read(text: bytes) -> bool:
        path.write_bytes(text)
        return accepted(lambda: load_config(path))

    outcomes = survive(mutate.texts(Random(f"file {SEED}"), GOOD), read)
    assert min(outcomes[True], outcomes[False]) > INPUTS / 100


@pytest.mark.parametrize("uid", [0, 1000])
def test_every_request_line_gets_an_answer(uid: int) -> None:
    desk = Desk()
    answers = Answers(desk, desk)
    server = ControlServer(Path("unused"), answers.questions(), answers.orders())
    random = Random(f"control {SEED}")
    sources = [mutate.texts(random, request) for request in REQUESTS]

    def lines() -> Iterator[bytes]:
        while True:
            yield from islice(random.choice(sources), 1)

    def ask(line: bytes) -> str:
        before = desk.state
        reply = server.answer(line, Peer(uid))
        assert json.loads(json.dumps(reply))["version"] == 1
        if reply["ok"]:
            assert isinstance(reply["result"], dict)
        assert uid == 0 or desk.state is before
        error: Any = reply.get("error", {"code": "ok"})
        return str(error["code"])

    outcomes = survive(lines(), ask)
    assert {"ok", "bad_json", "bad_request", "unknown_command", "unknown_service"} <= set(outcomes)
    assert ("not_allowed" in outcomes) == (uid != 0) == ("unknown_wan" not in outcomes)


@pytest.mark.parametrize("depth", [10, 100, 300, 900, 990, 5000, 30_000])
@pytest.mark.parametrize("key", ["service", "wan", "mode", "for_s", "command", "version"])
def test_a_request_may_be_as_deep_as_it_likes(key: str, depth: int, tmp_path: Path) -> None:
    desk = Desk()
    answers = Answers(desk, desk)
    server = ControlServer(tmp_path, answers.questions(), answers.orders())
    given = '"version": 1, "command": "link", "wan": "fibre", "mode": "auto"'
    if key == "service":
        given = '"version": 1, "command": "why"'
    deep = f'{{{given}, "{key}": {"[" * depth}{"]" * depth}}}'
    assert server.answer(deep.encode(), Peer(0))["ok"] is False
    file = tmp_path / "config.json"
    file.write_text(deep)
    with pytest.raises(ConfigError):
        load_config(file)


def test_every_answer_to_a_probe_is_taken_or_ignored() -> None:
    asker = anchor.Asker(KEYS[0])
    reply = anchor.answer(asker.question(7, 1000), KEYS, 1000)
    assert reply is not None and asker.answered(reply) == 7
    response = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1\r\nCSeq: 77 OPTIONS\r\n\r\n"
    answer = dns.query(77, "example.com")
    echo = icmp.echo_request(7, 77)
    header = bytes([0x45]) + bytes(19)
    parsers: list[tuple[Callable[[bytes], object], list[bytes]]] = [
        (icmp.parse_reply, [header + b"\0" + echo[1:], bytes([0x4F]) + bytes(59) + echo]),
        (icmp.parse_reply6, [b"\x81" + echo[1:]]),
        (dns.response_to, [answer[:2] + b"\x80" + answer[3:]]),
        (sip.response_to, [response]),
        (asker.answered, [reply]),
    ]
    random = Random(f"probes {SEED}")
    for parse, samples in parsers:
        assert parse(samples[0]) is not None
        outcomes = survive(
            mutate.messages(random, samples), lambda one, parse=parse: parse(one) is not None
        )
        assert outcomes[False] > 0


def test_the_anchor_answers_only_what_is_signed() -> None:
    question = anchor.Asker(KEYS[1]).question(7, 1000)
    assert anchor.answer(question, KEYS, 1000) is not None
    outcomes = survive(
        mutate.messages(Random(f"anchor {SEED}"), [question]),
        lambda one: one != question and anchor.answer(one, KEYS, 1000) is not None,
    )
    assert outcomes == {False: INPUTS}


def test_every_netlink_message_is_read_to_its_end() -> None:
    link = struct.pack("=BxHiII", 0, 1, 3, 0x11043, 0) + netlink_socket.attribute(3, b"wan1\0")
    message = struct.pack("=IHHII", 16 + len(link), 16, 0, 1, 0) + link

    def read(data: bytes) -> bool:
        count = 0
        for _unused, _unused, body in netlink_socket.messages(data):
            count += 1 + sum(1 for _unused in netlink_socket.attributes(body[16:]))
        assert count <= len(data)
        return count > 0

    assert read(message * 2)
    survive(mutate.messages(Random(f"netlink {SEED}"), [message, message * 3]), read)


def test_the_same_seed_makes_the_same_inputs() -> None:
    first, again = (
        list(islice(mutate.texts(Random(5), copy.deepcopy(GOOD)), 20)) for _unused in "12"
    )
    assert first == again
