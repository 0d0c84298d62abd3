# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel says of interfaces, addresses and routes, asked in a network of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

NETWORK = """
ip link add wan1 type veth peer name far
ip address add 203.0.113.2/30 dev wan1
ip address add 203.0.113.6/30 dev wan1
ip link set wan1 up
ip link set far up
ip route add default via 203.0.113.1 dev wan1 table 1001
ip route add unreachable default metric 4294967295 table 1001
ip route add default dev wan1 table 1002
ip route add unreachable default table 1003
"""
LOOK = """
import json, select, subprocess
from relais.shell.rtnetlink import Monitor, Rtnetlink
kernel, monitor = Rtnetlink(), Monitor()
link = {i.name: i for i in kernel.interfaces()}["wan1"]
before = {
    "running": link.running,
    "address": kernel.address(link.index),
    "gateways": [kernel.gateway(table, link.index) for table in (1001, 1002, 1003, 1004)],
}
subprocess.run(["ip", "link", "set", "far", "down"], check=True)
heard = {}
while heard.get("wan1") is not False and select.select([monitor], [], [], 10)[0]:
    heard |= {i.name: i.running for i in monitor.changed()}
print(json.dumps([before, heard, {i.name: i.running for i in kernel.interfaces()}]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: makes a network namespace")
def test_carrier_address_and_next_hop_are_read_and_a_lost_carrier_is_heard() -> None:
    script = f'set -e{NETWORK}exec "$0" -c "$1"'
    done = subprocess.run(
        ["unshare", "--net", "bash", "-c", script, sys.executable, LOOK],
        check=True,
        capture_output=True,
        text=True,
    )
    before, heard, after = json.loads(done.stdout)
    assert before == {
        "running": True,
        "address": "203.0.113.2/30",
        "gateways": ["203.0.113.1", "on-link", None, None],
    }
    assert heard["wan1"] is False
    assert after["wan1"] is False
