# SPDX-License-Identifier: GPL-3.0-or-later
"""The responder on a real socket of this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from relais.shell.anchor import SIZE, Asker
from relais.shell.clock import wall_ms
from relais.shell.responder import BURST, PER_SOURCE_PER_S, SLOTS, Limiter, Responder

KEY = b"k" * 32


@pytest.fixture
def responder() -> Iterator[Responder]:
    served = Responder(None, 0, (KEY,))
    yield served
    served.close()


def client(responder: Responder, host: str) -> socket.socket:
    """A socket that hears only the address that it asks."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    channel = socket.socket(family, socket.SOCK_DGRAM)
    channel.settimeout(5)
    channel.connect((host, responder.port))
    return channel


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1"])
def test_it_answers_from_the_address_that_was_asked(responder: Responder, host: str) -> None:
    asker = Asker(KEY)
    with client(responder, host) as channel:
        channel.send(asker.question(3, wall_ms()))
        responder.serve_one()
        assert asker.answered(channel.recv(2 * SIZE)) == 3


def test_one_address_alone_may_be_served() -> None:
    served = Responder("127.0.0.1", 0, (KEY,))
    asker = Asker(KEY)
    with client(served, "127.0.0.1") as channel:
        channel.send(asker.question(3, wall_ms()))
        served.serve_one()
        assert asker.answered(channel.recv(2 * SIZE)) == 3
    served.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200))
def test_hostile_packets_get_nothing_and_do_no_harm(responder: Responder, message: bytes) -> None:
    asker = Asker(KEY)
    with client(responder, "127.0.0.1") as channel:
        for packet in (message, asker.question(1, wall_ms()) + b"!", asker.question(2, 0)):
            channel.send(packet)
            responder.serve_one()
        channel.send(asker.question(9, wall_ms()))
        responder.serve_one()
        # The first thing heard is the answer to the last question.
        assert asker.answered(channel.recv(2 * SIZE)) == 9


def test_an_asker_that_has_gone_does_not_end_it(responder: Responder) -> None:
    asker = Asker(KEY)
    with client(responder, "127.0.0.1") as gone:
        gone.send(asker.question(1, wall_ms()))
    responder.serve_one()  # the answer finds no socket, and the kernel reports that
    with client(responder, "127.0.0.1") as channel:
        channel.send(asker.question(2, wall_ms()))
        while responder.answered < 2:
            responder.serve_one()
        assert asker.answered(channel.recv(2 * SIZE)) == 2


def test_one_address_gets_a_limited_rate_and_takes_nothing_from_others() -> None:
    limiter = Limiter()
    greedy = sum(limiter.allows("192.0.2.1", 1000.0) for _unused in range(10_000))
    assert greedy == BURST
    later = sum(limiter.allows("192.0.2.1", 1500.0) for _unused in range(10_000))
    assert later == min(BURST, PER_SOURCE_PER_S / 2)
    others = sum(limiter.allows(f"198.51.100.{n}", 1500.0) for n in range(100))
    assert others >= 99  # one might share its place in the table


def test_many_forged_senders_need_no_more_memory() -> None:
    limiter = Limiter()
    for number in range(20_000):
        limiter.allows(f"sender {number}", 1000.0)
    assert len(limiter._tokens) == len(limiter._at_ms) == SLOTS
