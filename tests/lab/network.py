# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces and the cables between them; nothing appears in the host's own namespace.

ISPs and the Internet are joined without addresses: IPv4 routes with an IPv6 link-local next hop
(RFC 5549), so that an inventory may use any address.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from lab.errors import LabError
from lab.run import attempt, run
from lab.state import make_folder
from lab.topology import INTERNET_HOSTS, INTERNET_HOSTS6, SIP_HOST, Ipv6, Topology, Wan

NETNS = Path("/run/netns")
RESOLVERS = Path("/etc/netns")
CUSTOMER_SIDE = "cust"
CORE_SIDE = "core"

ROUTER_SETTINGS = (
    "net.ipv4.ip_forward=1",
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.conf.default.rp_filter=0",
    "net.ipv6.conf.all.forwarding=1",
)
# The host may forward; a fresh Debian does not.
FRESH_SETTINGS = ("net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0")

# BCP 38 (RFC 2827): an operator drops what does not come from its customer's own addresses.
ISP_RULES = """
table inet lab_isp {{
  chain customer {{
    type filter hook forward priority 0; policy accept;
    iifname "{customer}" ip saddr != {network} counter drop
    iifname "{customer}" {foreign6} counter drop
  }}
}}
"""


def exists(namespace: str) -> bool:
    return (NETNS / namespace).exists()


def within(namespace: str, *argv: str) -> list[str]:
    """Command line that runs argv in a namespace."""
    return ["ip", "netns", "exec", namespace, *argv]


def build(topology: Topology, namespaces: dict[str, str]) -> None:
    """Make every namespace, cable, address and route of a lab."""
    for namespace in namespaces.values():
        run(["ip", "netns", "add", namespace])
        _ip(namespace, "link set lo up")
    _settings(namespaces["gw"], FRESH_SETTINGS)
    _cable(namespaces["lan"], "eth0", namespaces["gw"], topology.lan_interface)
    _client(topology, namespaces["lan"])
    _settings(namespaces["internet"], ROUTER_SETTINGS)
    hosts = (*INTERNET_HOSTS.values(), SIP_HOST)
    _ip(namespaces["internet"], *(f"addr add {a}/32 dev lo" for a in hosts))
    _ip(namespaces["internet"], *(f"addr add {a}/128 dev lo" for a in INTERNET_HOSTS6.values()))
    for index, wan in enumerate(topology.wans, start=1):
        _isp(wan, index, namespaces)


def remove(namespace: str) -> None:
    """Take a namespace and its resolver file away, if they are there."""
    if exists(namespace):
        run(["ip", "netns", "delete", namespace])
    shutil.rmtree(RESOLVERS / namespace, ignore_errors=True)


def nft(namespace: str, rules: str) -> None:
    """Load nftables text in a namespace, in one transaction."""
    run(within(namespace, "nft", "-f", "-"), stdin=rules)


def put_ipv6_back(namespace: str) -> None:
    """Give an operator's end of the cable the IPv6 addresses that its alias names.

    They are there at once (nodad): while the gateway is down the cable has no carrier.
    """
    shown = run(["ip", "-n", namespace, "-json", "link", "show", CUSTOMER_SIDE])
    addresses = json.loads(shown.stdout)[0].get("ifalias", "").split()
    _ip(namespace, *(f"addr replace {a} dev {CUSTOMER_SIDE} nodad" for a in addresses))


def nft_has(namespace: str, table: str) -> bool:
    return attempt(within(namespace, "nft", "list", "table", *table.split())).returncode == 0


def _client(topology: Topology, namespace: str) -> None:
    _ip(
        namespace,
        f"addr add {topology.client} dev eth0",
        "link set eth0 up",
        f"route add default via {topology.lan.ip}",
    )
    folder = RESOLVERS / namespace
    make_folder(folder)
    (folder / "resolv.conf").write_text(f"nameserver {topology.lan.ip}\n")


def _isp(wan: Wan, index: int, namespaces: dict[str, str]) -> None:
    isp, internet, uplink = namespaces[wan.node], namespaces["internet"], f"isp{index}"
    _settings(isp, ROUTER_SETTINGS)
    _cable(isp, CUSTOMER_SIDE, namespaces["gw"], wan.interface)
    _ip(isp, f"addr add {wan.isp} dev {CUSTOMER_SIDE}", f"link set {CUSTOMER_SIDE} up")
    _cable(isp, CORE_SIDE, internet, uplink)
    _ip(
        isp,
        f"link set {CORE_SIDE} up",
        f"addr add fe80::1/64 dev {CORE_SIDE} nodad",
        f"route add 0.0.0.0/0 via inet6 fe80::2 dev {CORE_SIDE} src {wan.isp.ip}",
    )
    _ip(
        internet,
        f"link set {uplink} up",
        f"addr add fe80::2/64 dev {uplink} nodad",
        f"route add {wan.isp.network} via inet6 fe80::1 dev {uplink}",
    )
    foreign6 = "meta nfproto ipv6"
    if wan.ipv6 is not None:
        _isp6(wan.ipv6, isp, internet, uplink)
        foreign6 = f"ip6 saddr != {wan.ipv6.isp.network}"
    rules = ISP_RULES.format(customer=CUSTOMER_SIDE, network=wan.isp.network, foreign6=foreign6)
    nft(isp, rules)


def _isp6(ipv6: Ipv6, isp: str, internet: str, uplink: str) -> None:
    """Its addresses stand in the alias of the interface too: going down, it loses them."""
    addresses = {str(ipv6.isp), f"{ipv6.router}/{ipv6.isp.network.prefixlen}"}
    run(["ip", "-n", isp, "link", "set", CUSTOMER_SIDE, "alias", " ".join(sorted(addresses))])
    put_ipv6_back(isp)
    _ip(isp, f"route add ::/0 via fe80::2 dev {CORE_SIDE}")
    _ip(internet, f"route add {ipv6.isp.network} via fe80::1 dev {uplink}")


def _cable(one: str, one_end: str, other: str, other_end: str) -> None:
    run(
        ["ip", "link", "add", one_end, "netns", one, "type", "veth",
         "peer", "name", other_end, "netns", other]
    )  # fmt: skip


def _settings(namespace: str, settings: Sequence[str]) -> None:
    run(within(namespace, "sysctl", "-qw", *settings))


def _ip(namespace: str, *commands: str) -> None:
    try:
        run(["ip", "-n", namespace, "-batch", "-"], stdin="".join(f"{c}\n" for c in commands))
    except LabError as error:
        raise LabError(f"{error} (while setting up {namespace})") from error
