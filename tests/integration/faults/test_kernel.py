# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel that says more than anybody can read, and one that tracks very many connections."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[2]
ROUTES = 10_000
CONNECTIONS = 100_000
IDLE = 20
SMALL_KB = 128 * 1024


def dropped(office: Any) -> int:
    """Messages of rtnetlink that the kernel could not hand to the daemon."""
    lines = [line.split() for line in office.run("cat /proc/net/netlink").splitlines()[1:]]
    # sk, protocol, portid, groups, rmem, wmem, dump, locks, drops, inode; some port of the daemon
    return sum(int(line[8]) for line in lines if line[1] == "0" and line[3] != "00000000")


# The daemon reads nothing while the kernel has too much to say and the carrier goes, at most 3 s.
STORM = """
ip -6 route flush table 300
kill -STOP {daemon}
ip -6 -batch /run/storm
echo over
for attempt in $(seq 30); do
  [ "$(cat /sys/class/net/{interface}/carrier)" = 1 ] || break
  sleep 0.1
done
kill -CONT {daemon}
"""


def test_a_lost_carrier_is_seen_although_its_message_was_lost(office: Any) -> None:
    batch = {
        "/run/storm": [
            f"route add 2001:db8:f:{n:x}::/64 dev lan0 table 300" for n in range(ROUTES)
        ],
        "/run/after": [f"address add 2001:db8:e::{n:x}/128 dev lan0 nodad" for n in range(1, 1001)],
        "/run/undo": [f"address del 2001:db8:e::{n:x}/128 dev lan0" for n in range(1, 1001)],
    }
    for path, lines in batch.items():
        office.lab.exec("gw", "sh", "-c", f"cat > {path}", stdin="\n".join(lines) + "\n")
    before, daemon = dropped(office), office.daemon()
    interface = {"fibre": "wan1", "lte": "wan2"}[office.line()]
    script = STORM.format(daemon=daemon, interface=interface)
    argv = [CHECKOUT / "scripts" / "lab", "--name", office.lab.name, "exec", "gw", "--"]
    with office.survives("10,000 routes and 1,000 addresses at once") as cut:
        argv += ["sh", "-c", script]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as storm:
            assert storm.stdout is not None
            assert storm.stdout.readline() == "over\n"
            cut("carrier")
        assert dropped(office) > before
        office.run("ip -6 -batch /run/after; ip -6 route flush table 300")
    assert office.daemon() == daemon
    office.run("ip -6 -batch /run/undo; rm /run/storm /run/after /run/undo")


def memory_kb(office: Any, which: str) -> int:
    """Of the daemon: `VmRSS` now or `VmHWM` at most."""
    return int(office.run(f"grep {which} /proc/{office.daemon()}/status").split()[1])


def test_a_hundred_thousand_connections_hold_up_neither_the_flow_nor_the_clients(
    office: Any,
) -> None:
    mark = {"fibre": 0x01FF, "lte": 0x02FF}[office.line()]
    script = (HERE / "connections.py").read_text()
    daemon = office.daemon()
    with waiting_clients(office) as told, office.survives("100,000 tracked connections") as cut:
        made = office.lab.exec("gw", "python3", "-", str(mark), str(CONNECTIONS), stdin=script)
        assert made.stdout == f"{CONNECTIONS}\n", made.stderr
        cut()
        assert told.readline() == f"{IDLE} reset\n"
    peak = memory_kb(office, "VmHWM")
    print(f"daemon: {memory_kb(office, 'VmRSS')} kB, at most {peak} kB")
    assert office.daemon() == daemon
    assert peak < SMALL_KB
    assert int(office.run("cat /proc/sys/net/netfilter/nf_conntrack_count")) < CONNECTIONS


@contextmanager
def waiting_clients(office: Any) -> Iterator[IO[str]]:
    """Some clients of the LAN with open connections, who say nothing; what they are told."""
    namespace = office.lab.status()["nodes"]["lan"]["namespace"]
    argv = ["timeout", "120", "ip", "netns", "exec", namespace, "python3", str(HERE / "idle.py")]
    argv += ["198.51.100.10", "5061", str(IDLE)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as clients:
        try:
            assert clients.stdout is not None
            assert clients.stdout.readline() == "open\n"
            yield clients.stdout
        finally:
            clients.terminate()
