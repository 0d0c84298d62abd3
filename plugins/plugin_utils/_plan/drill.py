# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""Drills: the synthetic LAN client's network, and what it asks for each service."""

from __future__ import annotations

from typing import Any, NamedTuple

from .kinds import DRILL_INTERFACE
from .matches import sources
from .ports import Ports
from .problems import Place, Problems, usable
from .targets import is_ipv6
from .variables import DEFAULT_SERVICE
from .wans import Record, readable

# RFC 862.
ECHO_PORT = 7
SIP_SECRET_FILE = "/etc/relais/drill-sip.secret"  # noqa: S105 - where it is, not what


class Packet(NamedTuple):
    """What the synthetic LAN client sends, as far as a match entry can tell; its DSCP is 0."""

    source: Any
    destination: Any
    protocol: str
    port: int


def check_drill(drill: Any, targets: Any, problems: Problems) -> None:
    """Report windows that end before they start, and drills with nothing to ask."""
    if not isinstance(drill, dict):
        return
    place = problems.at("relais_drill")
    if isinstance(drill["windows"], list):
        for index, window in enumerate(drill["windows"]):
            if usable(window):
                _check_window(window, place.key("windows").item(index))
    probes = [target["probe"] for target in readable(targets) if not is_ipv6(target)]
    if (
        drill["echo_host"] is None
        and usable(*probes)
        and probes
        and not {"dns", "tcp", "http"}.intersection(probes)
    ):
        place.key("echo_host").wrong(
            "missing, and every target is icmp, so that a drill has nothing to ask",
            "give echo_host or a target with probe dns, tcp or http",
        )


def _check_window(window: str, place: Place) -> None:
    day, hours = window.split(" ")
    start, end = hours.split("-")
    if start >= end:
        place.wrong(
            f"'{window}' does not end after its start",
            f'write "{day} {end}-{start}", or split it at midnight',
        )


def planned_drill(drill: Record) -> Record:
    """Return the plan's drill settings; the client's network is one that no site uses."""
    network = drill["network"]
    gateway, client = list(network.iter_hosts())[:2]
    return {
        "interface": DRILL_INTERFACE,
        "gateway_address": f"{gateway}/{network.prefixlen}",
        "client_address": f"{client}/{network.prefixlen}",
        "network": str(network),
        "echo_host": str(drill["echo_host"]) if drill["echo_host"] is not None else None,
        "budget_ms": dict(drill["budget_ms"]),
        "windows": list(drill["windows"]),
        "sessions": drill["sessions"],
    }


def drill_services(
    services: list[Record], names: list[str], users: Any, drill: Record, targets: list[Record]
) -> list[Record]:
    """Return the probe of each service, in the order of `names`.

    With an echo host a probe looks like the service where it can, so that the ruleset classifies
    it (`by_match`); else the daemon has to mark it by its source address (`by_source`).
    """
    named = {service["name"]: service for service in services}
    if drill["echo_host"] is None:
        question = _question(targets)
        return [{"name": name, **question, "classified": "by_source"} for name in names]
    client = list(drill["network"].iter_hosts())[1]
    probes = []
    for name in names:
        ports = _first_ports(named.get(name)) or Ports("udp", ECHO_PORT, ECHO_PORT)
        packet = Packet(client, drill["echo_host"], ports.protocol, ports.first)
        matched = _service_of(packet, services, users) == name
        probes.append(
            {
                "name": name,
                "protocol": packet.protocol,
                "probe": "echo",
                "address": str(drill["echo_host"]),
                "port": packet.port,
                "classified": "by_match" if matched else "by_source",
            }
        )
    return probes


def _question(targets: list[Record]) -> Record:
    """Return what to ask on the Internet itself: a name, else a handshake."""
    for target in targets:
        if target["probe"] == "dns":
            return {"protocol": "udp", "probe": "dns", **_host(target), "query": target["query"]}
    target = next(target for target in targets if target["probe"] in ("tcp", "http"))
    return {"protocol": "tcp", "probe": "connect", **_host(target)}


def _host(target: Record) -> Record:
    return {"address": target["address"], "port": target["port"]}


def _first_ports(service: Record | None) -> Ports | None:
    entries = (service or {}).get("match") or []
    return next((entry["ports"][0] for entry in entries if entry["ports"]), None)


def _service_of(packet: Packet, services: list[Record], users: Any) -> str:
    for service in services:
        if any(_takes(entry, packet, users) for entry in service["match"] or []):
            return str(service["name"])
    return DEFAULT_SERVICE


def _takes(entry: Record, packet: Packet, users: Any) -> bool:
    origins = sources(entry, users)
    return (
        entry["domains"] is None
        and (entry["dscp"] is None or 0 in entry["dscp"])
        and (entry["ports"] is None or any(_in_range(packet, ports) for ports in entry["ports"]))
        and (entry["addresses"] is None or _in_any(packet.destination, entry["addresses"]))
        and (origins is None or _in_any(packet.source, origins))
    )


def _in_range(packet: Packet, ports: Ports) -> bool:
    return packet.protocol == ports.protocol and ports.first <= packet.port <= ports.last


def _in_any(address: Any, networks: list[Any]) -> bool:
    return any(address in network for network in networks)


def drill_sip(drill: Record, secret: Any) -> Record | None:
    """Return the account of the drill's telephone, None without one; the secret stays outside."""
    sip = drill["sip"]
    if sip is None:
        return None
    registrar = str(sip["registrar"])
    return {
        "registrar": registrar,
        "port": sip["port"],
        "domain": sip["domain"] or registrar,
        "user": sip["user"],
        "secret_file": SIP_SECRET_FILE if secret else None,
        "call": sip["call"],
    }


def drill_sessions(services: list[Record], drill: Record) -> Record | None:
    """Return the TCP sessions that a drill holds open, or None where nobody echoes."""
    if drill["echo_host"] is None or not drill["sessions"]:
        return None
    tcp = (
        ports.first
        for service in services
        for entry in service["match"] or []
        for ports in entry["ports"] or []
        if ports.protocol == "tcp"
    )
    return {
        "address": str(drill["echo_host"]),
        "port": next(tcp, ECHO_PORT),
        "count": drill["sessions"],
    }
