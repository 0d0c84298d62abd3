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
before = sorted(found.server_port for found in kernel.tcp_connections(wanted))
kernel.flush_conntrack(0x1FF, 0xFFFF)
after = sorted(found.server_port for found in kernel.tcp_connections(wanted))
print(json.dumps([before, after, len(kernel.tcp_connections({(0x0, 0x0)}))]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: makes a network namespace")
def test_one_search_finds_the_connections_of_several_marks_and_no_others() -> None:
    script = f'set -e{NETWORK}exec "$0" -c "$1"'
    done = subprocess.run(
        ["unshare", "--net", "bash", "-c", script, sys.executable, LOOK],
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout) == [[1001, 1002], [1001], 3]
