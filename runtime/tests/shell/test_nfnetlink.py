# SPDX-License-Identifier: GPL-3.0-or-later
"""Which connections an eviction finds, asked of the kernel in a network of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

NETWORK = """
ip link set lo up
nft -f - <<'RULES'
table inet t {
  chain o {
    type filter hook output priority 0;
    tcp dport 1001 ct mark set 0x00000101
    tcp dport 1002 ct mark set 0x000001ff
    tcp dport 1003 ct mark set 0x000002ff
    tcp dport 1004 ct mark set 0x00000103
  }
}
RULES
"""
LOOK = """
import json, socket
from relais.shell.nfnetlink import Nfnetlink
open_ones = []
for port in (1001, 1002, 1003, 1004):
    server = socket.create_server(("127.0.0.1", port))
    open_ones += [server, socket.create_connection(("127.0.0.1", port)), server.accept()]
kernel = Nfnetlink()
wanted = {(0x101, 0xFFFF), (0x1FF, 0xFFFF)}
def found(marks): return [one for some in kernel.tcp_connections(marks) for one in some]
before = sorted(one.server_port for one in found(wanted))
kernel.flush_conntrack(0x1FF, 0xFFFF)
after = sorted(one.server_port for one in found(wanted))
print(json.dumps([before, after, len(found({(0x0, 0x0)}))]))
"""


UNTRANSLATED = """
ip link set lo up
ip address add 192.0.2.1/24 dev lo
ip address add 198.51.100.1/24 dev lo
nft -f - <<'RULES'
table inet t {
  chain n { type nat hook postrouting priority srcnat; udp dport 2001 snat ip to 203.0.113.9; }
  chain o { type filter hook output priority 0; ct state invalid drop; }
}
RULES
"""
FORGET = """
import ipaddress, json, socket
from relais.shell.nfnetlink import Nfnetlink
def sends(source, port):
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.bind((source, 0))
    client.sendto(b"x", ("198.51.100.1", port))
    return client
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("198.51.100.1", 2000))
answered = sends("192.0.2.1", 2000)
server.sendto(b"y", server.recvfrom(9)[1])
answered.recv(9)
others = [sends("192.0.2.1", 2001), sends("192.0.2.1", 2002), sends("198.51.100.1", 2003)]
kernel, lan = Nfnetlink(), [ipaddress.ip_network("192.0.2.0/24")]
found = kernel.untranslated(lan)
def every(): return [one for some in kernel.flows(0, 0) for one in some]
everything = every()
kernel.forget(found)
print(json.dumps([len(everything), len(found), len(every()),
                  len(kernel.untranslated(lan))]))
"""


def inside(network: str, script: str) -> object:
    """What a script prints in a network of its own."""
    shell = f'set -e{network}exec "$0" -c "$1"'
    done = subprocess.run(
        ["unshare", "--net", "bash", "-c", shell, sys.executable, script],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: makes a network namespace")
def test_only_what_nobody_answered_and_nothing_translated_is_forgotten() -> None:
    assert inside(UNTRANSLATED, FORGET) == [4, 1, 3, 0]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: makes a network namespace")
def test_one_search_finds_the_connections_of_several_marks_and_no_others() -> None:
    assert inside(NETWORK, LOOK) == [[1001, 1002], [1001], 3]
