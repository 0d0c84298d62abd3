# SPDX-License-Identifier: GPL-3.0-or-later
"""The segment that makes an idle client speak is a valid one in every other respect."""

from __future__ import annotations

import ipaddress
import struct

import pytest
from relais.shell.icmp import checksum
from relais.shell.nudge import Connection, segment

V4 = Connection("192.0.2.10", 40000, "198.51.100.10", 443)
V6 = Connection("2001:db8::10", 40000, "2001:db8:1::10", 443)


def parts(connection: Connection) -> tuple[bytes, bytes]:
    packet = segment(connection, 1, 2)
    head = 20 if packet[0] >> 4 == 4 else 40
    return packet[:head], packet[head:]


@pytest.mark.parametrize("connection", [V4, V6])
def test_it_comes_from_the_server_and_goes_to_the_client(connection: Connection) -> None:
    head, tcp = parts(connection)
    size = len(ipaddress.ip_address(connection.server).packed)
    source, target = head[-2 * size : -size], head[-size:]
    assert ipaddress.ip_address(source) == ipaddress.ip_address(connection.server)
    assert ipaddress.ip_address(target) == ipaddress.ip_address(connection.client)
    assert struct.unpack_from(">HHII", tcp) == (443, 40000, 1, 2)


@pytest.mark.parametrize("connection", [V4, V6])
def test_its_checksum_is_right(connection: Connection) -> None:
    head, tcp = parts(connection)
    if head[0] >> 4 == 4:
        pseudo = head[12:20] + struct.pack(">BBH", 0, 6, len(tcp))
    else:
        pseudo = head[8:40] + struct.pack(">II", len(tcp), 6)
    assert checksum(pseudo + tcp) == 0


def test_it_is_an_ack_with_a_timestamp_and_one_byte() -> None:
    _unused, tcp = parts(V4)
    offset = (tcp[12] >> 4) * 4
    assert tcp[13] == 0x10
    assert tcp[22:24] == bytes((8, 10)), "kind and length of the timestamp option"
    assert len(tcp) - offset == 1
