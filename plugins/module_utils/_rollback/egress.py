# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the lines and services that worked before the change work after it.

Any answer of a far host proves a path: an echo, a DNS response, an accepted or refused connection.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
import time
from pathlib import Path
from typing import Any, Callable

ANSWER_S = 1.5
_CONFIG = "/etc/relais/config.json"
_ECHO_REQUEST, _ECHO_REQUEST_6 = 8, 128
_TCP_PROBES = ("tcp", "http", "https", "connect")


def spec_of(config: dict[str, Any]) -> dict[str, Any]:
    """Return what to try, from a configuration of relaisd: lines, targets and services.

    A line with IPv6 is two, since either may fail alone.
    """
    return {
        "wans": [
            {
                "name": wan["name"] + ("" if version == 4 else " over IPv6"),
                "interface": wan["interface"],
                "mark": wan["id"] << 8,
                "version": version,
            }
            for wan in config.get("wans", [])
            for version in ([4, 6] if wan.get("ipv6") else [4])
        ],
        "targets": config.get("targets", []),
        "services": [
            one
            for one in (config.get("drill") or {}).get("services", [])
            if one["classified"] == "by_match"
        ],
    }


def in_place(root: str = "") -> dict[str, Any]:
    """Return what to try on the gateway as it is; nothing is known of a fresh machine."""
    try:
        return spec_of(json.loads(Path(root + _CONFIG).read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        return spec_of({})


def merged_targets(*specs: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the targets of several specifications: a wrong list of targets is no dead line."""
    found = {(one["address"], one["probe"]): one for spec in specs for one in spec["targets"]}
    return list(found.values())


def measure(spec: dict[str, Any]) -> dict[str, dict[str, bool]]:
    """Try every line and service at the same time: {"wans": {name: works}, "services": ...}."""
    results: dict[str, dict[str, bool]] = {
        "wans": {wan["name"]: False for wan in spec["wans"]},
        "services": {one["name"]: False for one in spec["services"]},
    }
    threads = []
    for wan in spec["wans"]:
        for target in _of_version(spec["targets"], wan["version"]):
            threads.append(_trial(results["wans"], wan["name"], target, wan))
    for service in spec["services"]:
        threads.append(_trial(results["services"], service["name"], service, None))
    for thread in threads:
        thread.join()
    return results


def _of_version(targets: list[dict[str, Any]], version: int) -> list[dict[str, Any]]:
    return [one for one in targets if (":" in one["address"]) == (version == 6)]


def _trial(
    results: dict[str, bool], name: str, target: dict[str, Any], wan: dict[str, Any] | None
) -> threading.Thread:
    def work() -> None:
        if _answers(target, wan):
            results[name] = True

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def demanded(
    before: dict[str, Any], worked: dict[str, dict[str, bool]], after: dict[str, Any]
) -> dict[str, list[str]]:
    """Return the names, in the new plan, of what worked before and so must work.

    A line is the same when it has the name or the interface of one that worked.
    """
    names = {name for name, works in worked["wans"].items() if works}
    links = {_link(wan) for wan in before["wans"] if wan["name"] in names}
    services = {name for name, works in worked["services"].items() if works}
    return {
        "wans": [w["name"] for w in after["wans"] if w["name"] in names or _link(w) in links],
        "services": [one["name"] for one in after["services"] if one["name"] in services],
    }


def _link(wan: dict[str, Any]) -> tuple[str, int]:
    return wan["interface"], wan["version"]


def wait_for(
    spec: dict[str, Any], wanted: dict[str, list[str]], within_s: float
) -> tuple[dict[str, dict[str, bool]], list[str]]:
    """Try until all that is wanted works; return the last result, and in words what does not."""
    until = time.monotonic() + within_s
    while True:
        found = measure(spec)
        missing = [f"line {name}" for name in wanted["wans"] if not found["wans"].get(name)]
        missing += [f"service {n}" for n in wanted["services"] if not found["services"].get(n)]
        if not missing or time.monotonic() > until:
            return found, missing
        time.sleep(0.3)


def _answers(target: dict[str, Any], wan: dict[str, Any] | None) -> bool:
    probe: Callable[[socket.socket, dict[str, Any]], bool] = _echo
    kind, protocol = socket.SOCK_RAW, socket.IPPROTO_ICMP
    if target["probe"] in _TCP_PROBES or target.get("protocol") == "tcp":
        probe, kind, protocol = _connect, socket.SOCK_STREAM, 0
    elif target["probe"] == "dns" or target.get("protocol") == "udp":
        probe, kind, protocol = _datagram, socket.SOCK_DGRAM, 0
    family = socket.AF_INET
    if ":" in target["address"]:
        family = socket.AF_INET6
        protocol = socket.IPPROTO_ICMPV6 if kind is socket.SOCK_RAW else protocol
    try:
        with socket.socket(family, kind, protocol) as one:
            one.settimeout(ANSWER_S)
            if wan is not None:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, wan["mark"])
                one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, wan["interface"].encode())
            return probe(one, target)
    except ConnectionRefusedError:
        return True
    except OSError:
        return False


def _connect(one: socket.socket, target: dict[str, Any]) -> bool:
    port = target.get("port") or {"http": 80, "https": 443}.get(target["probe"], 443)
    one.connect((target["address"], port))
    return True


def _datagram(one: socket.socket, target: dict[str, Any]) -> bool:
    one.connect((target["address"], target.get("port") or 53))
    one.send(_question(target.get("query") or ".") if target["probe"] == "dns" else os.urandom(16))
    return bool(one.recv(2048))


def _question(name: str) -> bytes:
    """A query for an address, recursion desired; RFC 1035, 4.1."""
    labels = [label.encode("idna") for label in name.rstrip(".").split(".") if label]
    encoded = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return (
        os.urandom(2) + struct.pack("!5H", 0x0100, 1, 0, 0, 0) + encoded + struct.pack("!2H", 1, 1)
    )


def _echo(one: socket.socket, target: dict[str, Any]) -> bool:
    """One echo request and its answer; RFC 792 and RFC 4443, 4.1."""
    token = os.urandom(12)
    one.connect((target["address"], 0))
    body = struct.pack("!2H", int.from_bytes(token[:2], "big"), 1) + token
    kind = _ECHO_REQUEST if one.family is socket.AF_INET else _ECHO_REQUEST_6
    check = _checksum(bytes([kind, 0, 0, 0]) + body)  # for IPv6 the kernel does it again
    one.send(struct.pack("!BBH", kind, 0, check) + body)
    until = time.monotonic() + ANSWER_S
    while time.monotonic() < until:
        if one.recv(2048).endswith(token):
            return True
    return False


def _checksum(data: bytes) -> int:
    """The Internet checksum of an even number of bytes; RFC 1071."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
