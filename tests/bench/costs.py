# SPDX-License-Identifier: GPL-3.0-or-later
"""What a contender costs: processor, memory, bytes on the standby line, forwarding rate."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from lab import network
from lab.errors import LabError
from lab.network import CUSTOMER_SIDE
from lab.run import attempt, run

from bench import wire
from bench.scenarios import wait_for
from bench.site import STANDBY, Site

MONTH_S = 30 * 86400
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
IPERF_PORT = 5201
COUNT_TABLE = "inet bench_count"

# IP bytes on the customer's cable, except DHCP and neighbours' housekeeping: the lab's leases last
# two minutes and its routers announce themselves each few seconds, real ones are far slower.
COUNT = f"""
table {COUNT_TABLE} {{
  counter standby {{ }}
  chain arriving {{
    type filter hook prerouting priority -310; policy accept;
    iifname "{CUSTOMER_SIDE}" udp dport {{ 67, 68 }} accept
    ip6 saddr fe80::/10 accept
    iifname "{CUSTOMER_SIDE}" counter name standby
  }}
  chain leaving {{
    type filter hook postrouting priority 310; policy accept;
    oifname "{CUSTOMER_SIDE}" udp sport {{ 67, 68 }} accept
    ip6 saddr fe80::/10 accept
    oifname "{CUSTOMER_SIDE}" counter name standby
  }}
}}
"""


def processes(site: Site) -> list[int]:
    """Pids, as this machine sees them, of the contender's unit on its gateway."""
    unit = site.contender.unit
    if unit is None:
        return []
    listed = attempt(["ip", "netns", "pids", site.namespace("gw")]).stdout.split()
    return [int(pid) for pid in listed if _unit_of(int(pid)) == unit]


def _unit_of(pid: int) -> str | None:
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    groups = [line.split(":", 2) for line in lines]
    paths = [path for _unused, kind, path in groups if kind in {"", "name=systemd"}]
    return next((path.rpartition("/")[2] for path in paths if ".service" in path), None)


def usage(site: Site) -> dict[str, float] | None:
    """Processor seconds used so far, with those of ended children, and resident megabytes now."""
    cpu_s, resident_kb, found = 0.0, 0, 0
    for pid in processes(site):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            status = Path(f"/proc/{pid}/status").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        cpu_s += sum(int(field) for field in fields[11:15]) * TICK_S  # proc(5): utime to cstime
        resident_kb += sum(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        found += 1
    if not found:
        return None
    return {"at": time.monotonic(), "cpu_s": cpu_s, "resident_mb": resident_kb / 1000}


def spent(before: dict[str, float] | None, after: dict[str, float] | None) -> dict[str, Any]:
    """Figures out of two looks at the same processes; none where there are no processes."""
    if before is None or after is None:
        return {}
    cpu_s = after["cpu_s"] - before["cpu_s"]
    return {
        "cpu_s": round(cpu_s, 3),
        "cpu_percent": round(100 * cpu_s / (after["at"] - before["at"]), 3),
        "resident_mb": round(after["resident_mb"], 1),
    }


def start_count(site: Site) -> None:
    """Begin to count what crosses the standby line."""
    stop_count(site)
    network.nft(site.namespace(f"isp-{STANDBY}"), COUNT)


def stop_count(site: Site) -> int:
    """Bytes since the start; 0 when nobody counted."""
    isp = site.namespace(f"isp-{STANDBY}")
    if not network.nft_has(isp, COUNT_TABLE):
        return 0
    command = ["nft", "-j", "list", "counters", "table", *COUNT_TABLE.split()]
    listed = json.loads(run(network.within(isp, *command)).stdout)["nftables"]
    network.nft(isp, f"delete table {COUNT_TABLE}\n")
    return sum(entry["counter"]["bytes"] for entry in listed if "counter" in entry)


def rest(site: Site, seconds: float, wait: Any) -> dict[str, Any]:
    """An idle stretch: nobody works, the contender watches."""
    before = usage(site)
    start_count(site)
    begun = time.monotonic()
    wait(seconds)
    counted = stop_count(site)
    lasted = time.monotonic() - begun
    return {
        **spent(before, usage(site)),
        "seconds": round(lasted, 1),
        "standby_bytes": counted,
        "standby_mb_month": round(counted / lasted * MONTH_S / 1e6, 2),
    }


def forwarding(site: Site, seconds: float, stop: Any) -> dict[str, Any]:
    """iperf3 from the LAN to the Internet: one TCP stream, then small UDP datagrams."""
    server = site.popen("internet", ["iperf3", "-s", "-B", wire.HOST, "-p", str(IPERF_PORT)])
    try:
        tcp = _iperf(site, seconds, [], stop)
        udp = _iperf(site, seconds, ["-u", "-b", "0", "-l", "200"], stop)
    finally:
        server.kill()
        server.communicate()
    got = udp["end"]["sum"]
    packets = got["packets"] * (1 - got["lost_percent"] / 100)
    return {
        "tcp_gbit_s": round(tcp["end"]["sum_received"]["bits_per_second"] / 1e9, 4),
        "udp_kpackets_s": round(packets / got["seconds"] / 1e3, 3),
    }


def _iperf(site: Site, seconds: float, options: list[str], stop: Any) -> dict[str, Any]:
    argv = ["iperf3", "-J", "-c", wire.HOST, "-p", str(IPERF_PORT), "-t", f"{seconds:g}", *options]
    said: dict[str, Any] = {}

    def done() -> bool:
        client = attempt(network.within(site.namespace("lan"), *argv), timeout_s=seconds + 30)
        said.clear()
        said.update(json.loads(client.stdout or "{}"))
        return client.returncode == 0 and "sum_received" in said.get("end", {})

    if not wait_for(done, 20, stop):  # the server may not listen yet
        raise LabError(f"{site.name}: iperf3: {said.get('error', 'no result')}")
    return dict(said)
