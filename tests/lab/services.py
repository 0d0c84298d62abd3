# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that make the namespaces answer: DHCP at operators, DNS and hosts on the Internet."""

from __future__ import annotations

import sys
from pathlib import Path

from lab import network, processes
from lab.errors import LabError
from lab.run import run, wait_until
from lab.state import Places, Process
from lab.topology import ECHO_HOST, INTERNET_HOSTS, Wan

LEASE_TIME = "2m"  # dnsmasq's shortest: a stale lease does not outlive a test by much
ANSWERED_DOMAINS = ("example", "example.com", "example.net", "example.org")


def start_dhcp(places: Places, wan: Wan, namespace: str) -> Process:
    """The operator leases an address to its customer."""
    assert wan.pool is not None
    return _dnsmasq(
        places,
        wan.node,
        namespace,
        "--port=0",
        f"--interface={network.CUSTOMER_SIDE}",
        f"--dhcp-range={wan.pool.first},{wan.pool.last},{wan.isp.netmask},{LEASE_TIME}",
        f"--dhcp-option=option:router,{wan.isp.ip}",
        f"--dhcp-option=option:dns-server,{ECHO_HOST}",
        f"--dhcp-leasefile={places.run / wan.node}.leases",
        "--dhcp-authoritative",
        "--no-ping",
    )


def start_dns(places: Places, namespace: str) -> Process:
    """Every Internet host resolves any name under the documentation domains (RFC 2606)."""
    names = {f"{name}.example": address for name, address in INTERNET_HOSTS.items()}
    names |= dict.fromkeys(ANSWERED_DOMAINS, INTERNET_HOSTS["web"])
    return _dnsmasq(
        places,
        "dns",
        namespace,
        *(f"--listen-address={address}" for address in INTERNET_HOSTS.values()),
        *(f"--address=/{name}/{address}" for name, address in names.items()),
        "--local-ttl=60",
    )


def start_hosts(places: Places, namespace: str) -> Process:
    """Echo, stream and HTTP on every Internet host."""
    log = places.run / "hosts.log"
    script = Path(__file__).with_name("internet_host.py")
    addresses = map(str, INTERNET_HOSTS.values())
    argv = network.within(namespace, sys.executable, "-I", str(script), *addresses)
    process = processes.spawn("internet hosts", argv, log)

    def ready() -> bool:
        if not processes.alive(process):
            raise LabError(f"the Internet's hosts ended: {log.read_text().strip()}")
        return "ready" in log.read_text()

    wait_until("the Internet's hosts", ready, within_s=20)
    return process


def _dnsmasq(places: Places, node: str, namespace: str, *options: str) -> Process:
    """Start dnsmasq; it goes to the background when its sockets are bound, so there is no race."""
    pid_file = places.run / f"{node}.pid"
    run(
        network.within(
            namespace,
            "dnsmasq",
            "--conf-file=/dev/null",
            "--no-resolv",
            "--no-hosts",
            "--bind-interfaces",
            "--user=root",
            "--group=root",
            f"--pid-file={pid_file}",
            f"--log-facility={places.run / node}.log",
            *options,
        )
    )
    return processes.identify(f"dnsmasq of {node}", int(pid_file.read_text()))
