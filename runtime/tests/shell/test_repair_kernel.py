# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and mending rules, routes and our table, in a network of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: makes a network namespace")

NETWORK = """
ip link set lo up
ip link add wan1 type veth peer name far
ip link set wan1 up
ip link set far up
ip address add 203.0.113.2/30 brd + dev wan1
ip address add 203.0.113.6/32 dev wan1
ip route add default via 203.0.113.1 dev wan1 table 1001 proto static
ip route add unreachable default metric 4294967295 table 1001 proto static
ip -6 route add unreachable default metric 4294967295 table 1001 proto static
ip route add default via 203.0.113.1 dev wan1 proto dhcp metric 101
ip rule add priority 1000 lookup main suppress_prefixlength 0
ip rule add priority 2001 fwmark 0x100/0xff00 lookup 1001
ip -6 rule add priority 2001 fwmark 0x100/0xff00 lookup 1001
ip rule add priority 2002 from 192.0.2.66 lookup 1001
ip rule add priority 2003 not fwmark 0x1 lookup 1001
"""
MEND = """
import json, subprocess
from relais.shell.routing import Routing
kernel = Routing(frozenset([1001]))
whole = kernel.picture()
def shown():
    families = ("-4", "-6")
    commands = [["ip", f, "rule"] for f in families]
    commands += [["ip", f, "route", "show", "table", "all"] for f in families]
    commands.append(["ip", "-4", "-o", "address"])
    text = "".join(subprocess.run(c, capture_output=True, text=True).stdout for c in commands)
    return [line for line in text.splitlines() if "fe80" not in line and "ff00" not in line]
before = shown()
for command in (
    "ip rule del priority 1000", "ip rule del priority 2001", "ip -6 rule del priority 2001",
    "ip route flush table 1001", "ip -6 route flush table 1001", "ip route flush table main",
    "ip address flush dev wan1",
):
    subprocess.run(command.split(), check=True)
broken = kernel.picture()
mended = []
for kind in ("addresses", "routes", "rules"):
    now = kernel.picture()
    for thing in getattr(whole, kind):
        if thing not in getattr(now, kind):
            kernel.add(thing)
            mended.append(kind)
print(json.dumps({"broken": broken != whole, "mended": sorted(mended),
                  "before": before, "after": shown(),
                  "rules": sorted(f"{r.family} {r.priority}" for r in whole.rules),
                  "connects": [a.connects for a in whole.addresses if not a.near]}))
"""
RULESET = """
table inet relais {
    set wan_interfaces { type ifname; elements = { "wan1" } }
    set domains_a4 { type ipv4_addr; flags timeout; timeout 1d; }
    map steer { type mark : verdict; }
    counter rx_fibre { }
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state { established, related } accept
        iifname @wan_interfaces drop
    }
    chain output {
        type filter hook output priority filter; policy accept;
        oifname "lo" counter accept
    }
}
table inet other { chain a { }; }
"""
WATCH = """
import json, select, subprocess, sys
from relais.core.repair.firewall import lost
from relais.shell.firewall import TableMonitor, TableReader
reader, monitor = TableReader("relais"), TableMonitor("relais")
def nft(text):
    subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)
def heard():
    while not select.select([monitor], [], [], 0)[0]:
        pass
    return [[c.program, c.structure, sorted(c.sets)] for c in monitor.changes()]
ruleset = sys.argv[1]
told = {"none": reader.read()}
nft(ruleset)
told["load"] = heard()
whole = reader.read()
nft("add element inet relais domains_a4 { 192.0.2.1 }")
told["element"] = heard()
told["lost_by_element"] = lost(whole.content, reader.read().content)
subprocess.run(["ping", "-qc1", "127.0.0.1"], check=True, stdout=subprocess.DEVNULL)
told["lost_by_traffic"] = lost(whole.content, reader.read().content)
nft("flush chain inet relais forward")
told["flush"] = heard()
told["lost"] = lost(whole.content, reader.read().content)
nft("table inet relais\\ndelete table inet relais\\n" + ruleset)
heard()
again = reader.read()
told["lost_by_reload"] = lost(whole.content, again.content)
told["reload"] = again.handle != whole.handle
nft("add table inet third")
nft("flush ruleset")
told["gone"] = heard()[-1:]
told["end"] = reader.read()
print(json.dumps(told))
"""


def inside(network: str, script: str, *arguments: str) -> dict[str, object]:
    """Run a script in a fresh network; what it prints."""
    shell = f'set -e{network}exec "$0" -c "$@"'
    done = subprocess.run(
        ["unshare", "--net", "bash", "-c", shell, sys.executable, script, *arguments],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_what_was_taken_away_is_put_back_as_it_was() -> None:
    told = inside(NETWORK, MEND)
    assert told["rules"] == [
        *("4 0", "4 1000", "4 2001", "4 32766", "4 32767"),
        *("6 0", "6 2001", "6 32766"),
    ]
    assert told["connects"] == [True, False]
    assert told["broken"] is True
    assert told["after"] == told["before"]


def test_a_change_of_the_table_is_heard_with_its_program_and_what_is_gone() -> None:
    told = inside("\nip link set lo up\n", WATCH, RULESET)
    assert told == {
        "none": None,
        "load": [["nft", True, ["__set0", "wan_interfaces"]]],
        "element": [["nft", False, ["domains_a4"]]],
        "lost_by_element": [],
        "lost_by_traffic": [],
        "flush": [["nft", True, []]],
        "lost": ["2 of 2 rules of chain forward are gone"],
        "lost_by_reload": [],
        "reload": True,
        "gone": [["nft", True, []]],
        "end": None,
    }
