# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that make the namespaces answer: DHCP and router advertisements at operators, DNS and
hosts on the Internet."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab import network, processes
from lab.errors import LabError
from lab.run import run, wait_until
from lab.state import CHECKOUT, Places, Process
from lab.topology import ECHO_HOST, INTERNET_HOSTS, INTERNET_HOSTS6, Wan

ANCHOR_PORT = 8367
EVERY_ADDRESS = (*INTERNET_HOSTS.values(), *INTERNET_HOSTS6.values())
RA_INTERVAL_S = 10
LEASE_TIME = "2m"  # dnsmasq's shortest: a stale lease does not outlive a test by much
ANSWERED_DOMAINS = ("example", "example.com", "example.net", "example.org")


def start_operator(places: Places, wan: Wan, namespace: str) -> Process:
    """The operator leases an address to its customer, or advertises a prefix, or both.

    What it leases stands in files that it reads again at SIGHUP."""
    options = ["--port=0", f"--interface={network.CUSTOMER_SIDE}"]
    if wan.pool is not None:
        files = {name: places.run / f"{wan.node}.{name}" for name in ("options", "hosts")}
        files["options"].write_text(f"option:router,{wan.isp.ip}\n")
        files["hosts"].write_text("")
        options += [
            f"--dhcp-range={wan.pool.first},{wan.pool.last},{wan.isp.netmask},{LEASE_TIME}",
            f"--dhcp-optsfile={files['options']}",
            f"--dhcp-hostsfile={files['hosts']}",
            f"--dhcp-option=option:dns-server,{ECHO_HOST}",
            f"--dhcp-leasefile={places.run / wan.node}.leases",
            "--dhcp-authoritative",
            "--no-ping",
        ]
    if wan.ipv6 is not None and wan.ipv6.advertised:
        # With `constructor` it begins anew when the address of a cable that was pulled is back.
        options += [
            "--enable-ra",
            f"--ra-param={network.CUSTOMER_SIDE},{RA_INTERVAL_S}",
            f"--dhcp-range=::,constructor:{network.CUSTOMER_SIDE},ra-only,64",
        ]
    return _dnsmasq(places, wan.node, namespace, *options)


def start_dns(places: Places, namespace: str) -> Process:
    """Every Internet host resolves any name under the documentation domains (RFC 2606)."""
    names = {f"{name}.example": address for name, address in INTERNET_HOSTS.items()}
    names6 = {f"{name}.example": address for name, address in INTERNET_HOSTS6.items()}
    names |= dict.fromkeys(ANSWERED_DOMAINS, INTERNET_HOSTS["web"])
    return _dnsmasq(
        places,
        "dns",
        namespace,
        *(f"--listen-address={address}" for address in EVERY_ADDRESS),
        *(f"--address=/{name}/{address}" for name, address in names.items()),
        *(f"--address=/{name}/{address}" for name, address in names6.items()),
        "--local-ttl=60",
    )


def start_hosts(places: Places, namespace: str) -> Process:
    """Echo, stream and HTTP on every Internet host."""
    log = places.run / "hosts.log"
    script = Path(__file__).with_name("internet_host.py")
    addresses = map(str, EVERY_ADDRESS)
    argv = network.within(namespace, sys.executable, "-I", str(script), *addresses)
    process = processes.spawn("internet hosts", argv, log)

    def ready() -> bool:
        if not processes.alive(process):
            raise LabError(f"the Internet's hosts ended: {log.read_text().strip()}")
        return "ready" in log.read_text()

    wait_until("the Internet's hosts", ready, within_s=20)
    return process


def start_anchor(places: Places, namespace: str, variables: Mapping[str, Any]) -> Process | None:
    """The responder that the inventory's target `anchor` asks, on the Internet host of its address.

    None when there is no such target, or its key is in a vault that the lab cannot open.
    """
    hosts = set(map(str, INTERNET_HOSTS.values()))
    anchors = [t for t in variables.get("relais_targets") or [] if t.get("probe") == "anchor"]
    key = variables.get("relais_anchor_key")
    if not anchors or anchors[0].get("address") not in hosts or not isinstance(key, str):
        return None
    address, port = anchors[0]["address"], anchors[0].get("port", ANCHOR_PORT)
    key_file = places.run / "anchor.key"
    key_file.touch(mode=0o600)
    key_file.write_text(f"{key}\n")
    argv = network.within(
        namespace,
        *("env", f"PYTHONPATH={CHECKOUT / 'runtime' / 'src'}", "PYTHONDONTWRITEBYTECODE=1"),
        *(sys.executable, "-m", "relais", "anchor", "--address", address),
        *("--port", str(port), "--key-file", str(key_file)),
    )
    log = places.run / "anchor.log"
    process = processes.spawn("anchor", argv, log)

    def bound() -> bool:
        if not processes.alive(process):
            raise LabError(f"the anchor ended: {log.read_text().strip()}")
        asked = network.within(namespace, "ss", "-Huln", f"sport = :{port}")
        return bool(run(asked).stdout.strip())

    wait_until("the anchor", bound, within_s=20)
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
