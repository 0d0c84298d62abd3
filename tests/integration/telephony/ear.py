# SPDX-License-Identifier: GPL-3.0-or-later
"""Listens to the telephone of a LAN host on its own wire: voice both ways, and registrations.

ear.py INTERFACE FILE: writes counts to FILE ten times a second, and at SIGTERM the instants of all
packets of voice, in ms. Voice is UDP to or from port 10000 of the other end.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

SIP_PORT, VOICE_PORT = 5060, 10_000
EVERY_PROTOCOL = 0x0003
OUTGOING = socket.PACKET_OUTGOING


def main(interface: str, target: str) -> int:
    """Listen until told to stop."""
    signal.signal(signal.SIGTERM, lambda *_unused: sys.exit(0))
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(EVERY_PROTOCOL))
    wire.bind((interface, EVERY_PROTOCOL))
    wire.settimeout(0.05)
    told: dict[str, Any] = {"registered": 0, "spoken_ms": [], "heard_ms": []}
    file, written = Path(target), 0.0
    try:
        while True:
            try:
                packet, where = wire.recvfrom(2048)
                take(told, packet, outgoing=where[2] == OUTGOING)
            except TimeoutError:
                pass
            if time.monotonic() - written >= 0.1:
                written = time.monotonic()
                counts = {"registered": told["registered"]}
                counts |= {name: len(told[f"{name}_ms"]) for name in ("spoken", "heard")}
                write(file, counts)
    finally:
        write(file, told)


def take(told: dict[str, Any], packet: bytes, *, outgoing: bool) -> None:
    """Count one packet, if it is of a telephone."""
    if len(packet) < 28 or packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_UDP:
        return
    head = (packet[0] & 0x0F) * 4
    source = int.from_bytes(packet[head : head + 2], "big")
    target = int.from_bytes(packet[head + 2 : head + 4], "big")
    body = packet[head + 8 :]
    if outgoing and target == VOICE_PORT:
        told["spoken_ms"].append(time.monotonic() * 1000)
    elif not outgoing and source == VOICE_PORT:
        told["heard_ms"].append(time.monotonic() * 1000)
    elif not outgoing and source == SIP_PORT:
        told["registered"] += body.startswith(b"SIP/2.0 200") and b" REGISTER\r\n" in body


def write(file: Path, document: dict[str, Any]) -> None:
    """Replace the file in one step."""
    fresh = file.with_name(f".{file.name}")
    fresh.write_text(json.dumps(document), encoding="utf-8")
    fresh.replace(file)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
