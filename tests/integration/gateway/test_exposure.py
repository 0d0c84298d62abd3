# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stranger on the Internet can reach, and what the daemon itself exposes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SCANNER = Path(__file__).with_name("scanner.py")
UDP_PORTS = ("53", "67", "68", "69", "123", "161", "443", "500", "546", "547", "1900", "4500")
UDP_PORTS += ("5060", "5353", "51820")
LINES = [("isp-fibre", "wan1"), ("isp-lte", "wan2")]


def scan(gateway: Any, node: str, target: str, *options: str) -> dict[str, list[int]]:
    result = gateway.lab.exec(node, "python3", str(SCANNER), target, *options)
    assert result.returncode == 0, result.stderr
    found: dict[str, list[int]] = json.loads(result.stdout)
    return found


def test_the_scanner_sees_what_is_open(gateway: Any) -> None:
    found = scan(gateway, "lan", "192.0.2.1", "--udp", "53")
    assert found == {"open": [22, 53], "closed": [], "udp": [53]}


@pytest.mark.parametrize("version", ["-4", "-6"])
@pytest.mark.parametrize(("isp", "interface"), LINES)
def test_no_port_of_a_wan_answers(gateway: Any, isp: str, interface: str, version: str) -> None:
    show = ("address", "show", "dev", interface, "scope", "global")
    links = json.loads(gateway.run("ip", "-json", version, *show))
    target = links[0]["addr_info"][0]["local"]
    assert gateway.lab.ping(isp, target)
    found = scan(gateway, isp, target, "--udp", *UDP_PORTS)
    assert found == {"open": [], "closed": [], "udp": []}


def test_the_daemon_listens_to_nothing_and_is_locked_in(gateway: Any) -> None:
    pid = gateway.run("systemctl", "show", "--property=MainPID", "--value", "relaisd").strip()
    assert f"pid={pid}," not in gateway.run("ss", "-Hlntup")
    status = gateway.run("cat", f"/proc/{pid}/status")
    # CAP_NET_ADMIN and CAP_NET_RAW, and no way to more: capabilities(7).
    assert "CapEff:\t0000000000003000" in status
    assert "CapBnd:\t0000000000003000" in status
    assert "NoNewPrivs:\t1" in status
