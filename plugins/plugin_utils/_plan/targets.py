# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""Probe targets: what makes a set of them a fair witness."""

from __future__ import annotations

from typing import Any

from .addresses import network_around
from .problems import Place, Problems, usable
from .wans import Record, each, has_ipv6, readable, report_duplicates

# Three operators in three networks: one of them failing says nothing. Two or more are asked by DNS
# and by TCP, so that a line on which only the one or the other is dead can be told.
DEFAULT_TARGETS = [
    {"name": "cloudflare", "address": "1.1.1.1", "probe": "dns"},
    {"name": "google-tcp", "address": "8.8.8.8", "probe": "tcp"},
    {"name": "quad9", "address": "9.9.9.9", "probe": "icmp"},
    {"name": "google", "address": "8.8.8.8", "probe": "dns"},
    {"name": "cloudflare-tcp", "address": "1.1.1.1", "probe": "tcp"},
    {"name": "quad9-dns", "address": "9.9.9.9", "probe": "dns"},
]
DEFAULT_TARGETS6 = [
    {"name": "cloudflare-6", "address": "2606:4700:4700::1111", "probe": "dns"},
    {"name": "google-6", "address": "2001:4860:4860::8888", "probe": "dns"},
    {"name": "quad9-6", "address": "2620:fe::fe", "probe": "icmp"},
]
DEFAULT_RESOLVERS = ["1.1.1.1", "8.8.8.8", "9.9.9.9"]
DEFAULT_PORTS = {
    "icmp": None,
    "dns": 53,
    "tcp": 443,
    "http": 80,
    "https": 443,
    "sip": 5060,
    "anchor": 8367,
}
DEFAULT_QUERIES = {"dns": "example.com", "http": "/"}
FEWEST_TARGETS = 3
FEWEST_NETWORKS = 2
# Two hosts that share this prefix stand in one place. The Internet announces nothing smaller than
# /24, but a lab or a private backbone divides that further.
NETWORK_PREFIX = 26


def default_targets(wans: Any) -> list[Record]:
    """Return the targets of a site that names none."""
    return DEFAULT_TARGETS + DEFAULT_TARGETS6 * any(has_ipv6(wan) for wan in readable(wans))


def check_targets(targets: Any, problems: Problems) -> None:
    """Report targets that repeat each other or are too few or too near to each other."""
    place = problems.at("relais_targets")
    report_duplicates(targets, place, "name", lambda _unused: "give each target a name of its own")
    asked: dict[Any, str] = {}
    for target, where in each(targets, place):
        _check_probe(target, where)
        if usable(target["address"], target["probe"]):
            question = (target["address"], target["probe"], _port(target))
            if question in asked:
                where.wrong(f"asks the same as {asked[question]}", "choose another host or probe")
            asked.setdefault(question, where.path)
    if isinstance(targets, list):
        _check_enough(targets, place)


def _check_probe(target: Record, place: Place) -> None:
    probe = target["probe"]
    if probe == "icmp" and target["port"] is not None:
        place.key("port").wrong("given with probe icmp", "leave it out")
    if probe in ("icmp", "tcp", "sip", "anchor") and target["query"] is not None:
        place.key("query").wrong(f"given with probe {probe}", "leave it out")
    if probe == "http" and usable(target["query"]) and not target["query"].startswith("/"):
        place.key("query").wrong(f"'{target['query']}' is not a path", f"write /{target['query']}")


def check_anchor(targets: Any, key: Any, place: Place) -> None:
    """Report an anchor that cannot be asked for want of a key."""
    if key is not None or not isinstance(targets, list):
        return
    for target in targets:
        if isinstance(target, dict) and target["probe"] == "anchor":
            place.wrong(
                f"missing, and the target {target['name']} is an anchor",
                "draw one with: openssl rand -hex 32, and keep it in a vault",
            )
            return


def _check_enough(given: list[Any], place: Place) -> None:
    """A link is judged by its IPv4 targets; those of IPv6 come on top where it has IPv6."""
    by_four = [item for item in given if not is_ipv6(item)]
    # An anchor is ours: one machine, which must not decide for others.
    targets = [t for t in by_four if not isinstance(t, dict) or t["probe"] != "anchor"]
    if len(targets) < FEWEST_TARGETS:
        family = "IPv4 " if len(by_four) < len(given) else ""
        place.wrong(
            f"{len(targets)} {family}targets cannot make a quorum"
            + (", anchors not counted" if len(targets) < len(by_four) else ""),
            f"give {FEWEST_TARGETS} or more in {FEWEST_NETWORKS} or more networks",
        )
        return
    addresses = [item["address"] for item in targets if isinstance(item, dict)]
    if len(addresses) < len(targets) or not usable(*addresses):
        return
    networks = {str(network_around(address, NETWORK_PREFIX)) for address in addresses}
    if len(networks) < FEWEST_NETWORKS:
        place.wrong(
            f"all targets are in {', '.join(networks)}",
            f"add one in another network, so that they lie in {FEWEST_NETWORKS} or more",
        )


def is_ipv6(target: Any) -> bool:
    """Say whether a target that could be read is asked by IPv6."""
    address = target["address"] if isinstance(target, dict) else None
    return usable(address) and address.version == 6


def check_beyond(place: Place, address: Any, networks: list[tuple[str, Any]]) -> None:
    """Report the address of an Internet host that lies in one of the site's own networks."""
    for path, network in networks:
        if usable(address, network) and address in network.cidr:
            place.wrong(f"{address} is in {network.cidr} of {path}", "give a host on the Internet")
            return


def planned_targets(targets: list[Record]) -> list[Record]:
    """Return the plan's targets."""
    return [
        {
            "name": target["name"],
            "address": str(target["address"]),
            "probe": target["probe"],
            "port": _port(target),
            "query": target["query"] or DEFAULT_QUERIES.get(target["probe"]),
        }
        for target in targets
    ]


def by_ipv4(targets: list[Record]) -> list[Record]:
    """Return the planned targets that are asked by IPv4."""
    return [target for target in targets if ":" not in target["address"]]


def _port(target: Record) -> Any:
    return target["port"] or DEFAULT_PORTS[target["probe"]]


def dns_upstreams(given: Any, targets: list[Record], chosen: bool) -> list[str]:
    """Return the resolvers of the LAN: those given, else the site's dns targets, else public ones.

    `chosen` says whether the site named targets of its own.
    """
    if given:
        return [str(address) for address in given]
    asked = [target for target in by_ipv4(targets) if target["probe"] == "dns"]
    own = [target["address"] for target in asked] if chosen else []
    return list(dict.fromkeys(own)) or list(DEFAULT_RESOLVERS)
