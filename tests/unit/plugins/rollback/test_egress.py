# SPDX-License-Identifier: GPL-3.0-or-later
"""What worked before must work after; what did not forbids nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.relais.continuity.plugins.module_utils._rollback import egress

WANS = [
    {"id": 1, "name": "fibre", "interface": "wan1"},
    {"id": 2, "name": "lte", "interface": "wan2"},
]
DUAL = [{**WANS[0], "ipv6": True}, WANS[1]]


def config(wans: list[dict[str, Any]], services: tuple[str, ...] = ()) -> dict[str, Any]:
    listed = [{"name": name, "classified": "by_match"} for name in services]
    return {"wans": wans, "targets": [], "drill": {"services": listed}}


@pytest.mark.parametrize(
    ("after", "works", "wanted"),
    [
        (WANS, {"fibre": True, "lte": True}, ["fibre", "lte"]),
        (WANS, {"fibre": True, "lte": False}, ["fibre"]),
        (WANS, {}, []),
        ([{**WANS[0], "name": "glass"}, WANS[1]], {"fibre": True}, ["glass"]),
        ([{**WANS[0], "interface": "wan3"}, WANS[1]], {"fibre": True}, ["fibre"]),
        ([WANS[1]], {"fibre": True, "lte": True}, ["lte"]),
        (DUAL, {"fibre": True, "fibre over IPv6": True}, ["fibre", "fibre over IPv6"]),
        (WANS, {"fibre": True, "fibre over IPv6": True}, ["fibre"]),
    ],
    ids=[
        "both",
        "one was dead",
        "first time",
        "renamed",
        "moved",
        "removed",
        "both versions",
        "IPv6 given up",
    ],
)
def test_lines_that_worked_are_demanded(
    after: list[dict[str, Any]], works: dict[str, bool], wanted: list[str]
) -> None:
    before = egress.spec_of(config(DUAL))
    found = egress.demanded(before, {"wans": works, "services": {}}, egress.spec_of(config(after)))
    assert found["wans"] == wanted


def test_services_that_worked_are_demanded_while_they_are_in_the_plan() -> None:
    before = egress.spec_of(config(WANS, ("voice", "vpn", "old")))
    after = egress.spec_of(config(WANS, ("voice", "vpn", "new")))
    worked = {"wans": {}, "services": {"voice": True, "vpn": False, "old": True}}
    assert egress.demanded(before, worked, after)["services"] == ["voice"]


def test_only_services_that_the_ruleset_knows_by_their_packets_are_tried() -> None:
    given = config(WANS)
    given["drill"]["services"] = [{"name": "by-user", "classified": "by_source"}]
    assert egress.spec_of(given)["services"] == []


def test_nothing_is_known_of_a_fresh_machine(tmp_path: Any) -> None:
    assert egress.in_place(str(tmp_path)) == {"wans": [], "targets": [], "services": []}


@pytest.fixture
def echo() -> Iterator[int]:
    """A port that sends datagrams back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                data, sender = server.recvfrom(2048)
                if data == b"end":
                    return
                server.sendto(data, sender)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.sendto(b"end", server.getsockname())
        thread.join()


def service(**more: Any) -> dict[str, Any]:
    return {"name": "one", "address": "127.0.0.1", "classified": "by_match", **more}


def works(**more: Any) -> bool:
    spec = {"wans": [], "targets": [], "services": [service(**more)]}
    return egress.measure(spec)["services"]["one"]


def test_an_answer_to_a_datagram_proves_a_service(echo: int) -> None:
    assert works(probe="echo", protocol="udp", port=echo)


def test_a_connection_that_is_refused_proves_the_path() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert works(probe="connect", protocol="tcp", port=port)


def test_no_answer_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "ANSWER_S", 0.05)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        assert not works(probe="echo", protocol="udp", port=deaf.getsockname()[1])


def test_a_question_is_as_the_protocol_has_it() -> None:
    question = egress._question("example.com")
    assert question[2:] == (
        b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01"
    )


def test_the_checksum_is_that_of_rfc_1071() -> None:
    assert egress._checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2
