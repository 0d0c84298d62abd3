# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway, and packets that no honest program sends it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PACKETS = str(Path(__file__).with_name("packets.py"))


@dataclass(frozen=True)
class Field:
    """The lab around a provisioned gateway."""

    gateway: Any

    def packets(self, node: str, *words: str) -> str:
        """Run packets.py in a node; what it prints."""
        result = self.gateway.lab.exec(node, "python3", PACKETS, *words)
        assert result.returncode == 0, result.stderr
        output: str = result.stdout
        return output

    @contextmanager
    def hearing(self, node: str, *words: str) -> Iterator[list[str]]:
        """What a node hears while the body runs, there once the block is left."""
        namespace = self.gateway.lab.status()["nodes"][node]["namespace"]
        argv = ["ip", "netns", "exec", namespace, "timeout", "60", "python3", PACKETS, *words]
        heard: list[str] = []
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as listener:
            assert listener.stdout is not None
            try:
                assert listener.stdout.readline() == "ready\n"
                yield heard
                heard.extend(line.rstrip() for line in listener.stdout)
                assert listener.wait() == 0, f"{words}: the last one was never heard; {heard}"
            finally:
                listener.kill()

    def address(self, interface: str, version: str) -> str:
        """The gateway's global address on an interface."""
        show = ("address", "show", "dev", interface, "scope", "global")
        links = json.loads(self.gateway.run("ip", "-json", f"-{version}", *show))
        found: str = links[0]["addr_info"][0]["local"]
        return found

    def counted(self, chain: str) -> int:
        """Packets that ended in a chain of the ruleset."""
        listed = self.gateway.run("nft", "-j", "list", "chain", "inet", "relais", chain)
        rules = [item["rule"]["expr"] for item in json.loads(listed)["nftables"] if "rule" in item]
        ends = [part["counter"] for part in rules[-1] if "counter" in part]
        packets: int = ends[0]["packets"]
        return packets


@pytest.fixture(scope="session")
def field(gateway: Any) -> Field:
    """The lab around the provisioned gateway."""
    return Field(gateway)


@pytest.fixture(autouse=True)
def rested(gateway: Any) -> None:
    """Whatever a test before this one has left behind, packets take the lines that they should."""
    gateway.lab.at_rest()


@pytest.fixture(scope="session")
def client6(field: Field) -> str:
    """The LAN client's own IPv6 address, which it makes of the gateway's advertisement."""

    def addresses() -> list[str]:
        shown = field.gateway.lab.exec("lan", "ip", "-json", "-6", "address", "show", "dev", "eth0")
        infos = [info for link in json.loads(shown.stdout) for info in link.get("addr_info", [])]
        fit = [i for i in infos if i["scope"] == "global" and not i.get("tentative")]
        return [info["local"] for info in fit]

    field.gateway.lab.wait("an address of the LAN's prefix", lambda: bool(addresses()))
    return addresses()[0]
