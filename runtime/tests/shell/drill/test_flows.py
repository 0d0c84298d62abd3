# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from relais.core.model import Wan
from relais.shell.drill.flows import parse, wan_of

LISTING = """\
ipv4     2 udp      17 27 src=198.18.255.254 dst=198.51.100.10 sport=40001 dport=5060 \
src=198.51.100.10 dst=203.0.113.2 sport=5060 dport=40001 mark=257 use=1
ipv4     2 udp      17 27 src=198.18.255.254 dst=198.51.100.10 sport=40002 dport=5060 \
[UNREPLIED] src=198.51.100.10 dst=192.0.2.2 sport=5060 dport=1024 mark=513 use=1
ipv4     2 tcp      6 431999 ESTABLISHED src=198.18.255.254 dst=198.51.100.10 sport=40001 \
dport=7 src=198.51.100.10 dst=203.0.113.2 sport=7 dport=40001 [ASSURED] mark=2147484161 use=1
ipv4     2 icmp     1 29 src=198.18.255.254 dst=198.51.100.10 type=8 code=0 id=7 mark=0 use=1
"""
WANS = (Wan(1, "fibre", "wan1", 1001), Wan(2, "lte", "wan2", 1002))


def test_each_flow_is_found_by_its_protocol_and_both_ports() -> None:
    assert parse(LISTING) == {
        ("udp", 40001, 5060): 257,
        ("udp", 40002, 5060): 513,
        ("tcp", 40001, 7): 0x80000201,
    }


def test_the_wan_is_read_from_its_bits_of_the_mark_only() -> None:
    marks = parse(LISTING)
    assert wan_of(marks, "udp", 5060, [40001], WANS) == "fibre"
    assert wan_of(marks, "udp", 5060, [40002], WANS) == "lte"
    assert wan_of(marks, "tcp", 7, [40001], WANS) == "lte"
    assert wan_of(marks, "udp", 51820, [40001], WANS) is None, "another service's port"


def test_most_flows_decide_and_unknown_ones_do_not_count() -> None:
    marks = {("udp", n, 7): mark for n, mark in enumerate((0x101, 0x201, 0x201, 0x901), 1)}
    assert wan_of(marks, "udp", 7, [1, 2, 3, 4, 5], WANS) == "lte"
    assert wan_of(marks, "udp", 7, [4, 5], WANS) is None
