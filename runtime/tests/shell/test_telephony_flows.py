# SPDX-License-Identifier: GPL-3.0-or-later
"""Which flows a return moves, counted in the table of a kernel with a network of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

NETWORK = """
ip link set lo up
for address in 192.0.2.40 192.0.2.41 192.0.2.50 198.51.100.1; do
  ip address add $address/32 dev lo
done
ip address add 2001:db8:10::40/128 dev lo nodad
ip address add 2001:db8:ffff::1/128 dev lo nodad
nft -f - <<'RULES'
table inet t {
  chain o {
    type filter hook output priority 0;
    udp dport 5060 ct mark set 0x00000201
    udp dport 9000 ct mark set 0x00000201
    tcp dport 5061 ct mark set 0x00000201
    udp dport 7000 ct mark set 0x000002ff
    udp dport 5062 ct mark set 0x00000101
  }
}
RULES
"""
MOVE = """
import asyncio, ipaddress, json, socket
from relais.shell.flows import Flows
from relais.shell.nfnetlink import Nfnetlink
kept = []
def sends(source, port, to="198.51.100.1"):
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    client = socket.socket(family, socket.SOCK_DGRAM)
    client.bind((source, 0))
    client.sendto(b"x", (to, port))
    kept.append(client)
for source in ("192.0.2.40", "192.0.2.41", "192.0.2.50"):
    sends(source, 5060)
    sends(source, 9000)
    sends(source, 7000)
    sends(source, 5062)
sends("2001:db8:10::40", 5060, "2001:db8:ffff::1")
kept.append(socket.create_server(("198.51.100.1", 5061)))
kept.append(socket.create_connection(("198.51.100.1", 5061), source_address=("192.0.2.40", 0)))
kernel = Nfnetlink()
def counted():
    found = {}
    for mark in (0x201, 0x2FF, 0x101):
        for group in kernel.flows(mark, 0xFFFF):
            for flow in group:
                name = f"{mark:x} {flow.source} {flow.protocol}"
                found[name] = found.get(name, 0) + 1
    return found
async def move(sources):
    Flows(kernel).move(0x201, 0xFFFF, [ipaddress.ip_network(one) for one in sources])
before = counted()
asyncio.run(move(["192.0.2.40/31", "2001:db8:10::40/128"]))
after = counted()
print(json.dumps({name: after.get(name, 0) - count for name, count in before.items()}))
"""


def inside(network: str, script: str) -> dict[str, int]:
    """What a script prints in a network of its own."""
    shell = f'set -e{network}exec "$0" -c "$1"'
    done = subprocess.run(
        ["unshare", "--net", "bash", "-c", shell, sys.executable, script],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, int] = json.loads(done.stdout)
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: makes a network namespace")
def test_only_datagrams_of_the_service_that_began_at_the_telephones_are_forgotten() -> None:
    changes = inside(NETWORK, MOVE)
    assert {name: change for name, change in changes.items() if change} == {
        "201 192.0.2.40 17": -2,
        "201 192.0.2.41 17": -2,
        "201 2001:db8:10::40 17": -1,
    }
    untouched = {name for name, change in changes.items() if not change}
    assert {"201 192.0.2.50 17", "201 192.0.2.40 6", "2ff 192.0.2.40 17", "101 192.0.2.40 17"} <= (
        untouched
    )
