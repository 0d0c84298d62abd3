# SPDX-License-Identifier: GPL-3.0-or-later
"""Senders that cannot be where their packets come from (RFC 2827), for both versions of IP."""

from __future__ import annotations

from typing import Any

import pytest

LAN4, LAN6 = "192.0.2.1", "2001:db8:10::1"
CLIENT = "192.0.2.10"
HOST4, HOST6 = "198.51.100.10", "2001:db8:ffff:a::10"
PORT = "4000"
LINES = [("isp-fibre", "wan1"), ("isp-lte", "wan2")]
# A host of the Internet, the gateway itself, the drill's client, somebody else's private network.
NOT_OF_THE_LAN = ["198.51.100.77", "203.0.113.2", LAN4, "198.18.255.254", "10.9.8.7"]
NOT_OF_THE_LAN += ["2001:db8:ffff:b::66", "2001:db8:1::2", LAN6, "fd00:9::5"]
# The LAN and the gateway's own addresses, on whichever line they are.
NOT_OF_A_LINE = {
    "4": [CLIENT, LAN4, "203.0.113.2"],
    "6": ["2001:db8:10::77", LAN6, "2001:db8:1::2"],
}


@pytest.mark.parametrize("forged", NOT_OF_THE_LAN)
def test_a_sender_that_is_not_of_the_lan_does_not_get_out(
    field: Any, client6: str, forged: str
) -> None:
    host, honest = (HOST6, client6) if ":" in forged else (HOST4, CLIENT)
    before = field.counted("spoofed")
    with field.hearing("internet", "hear", host, PORT) as heard:
        field.packets("lan", "datagram", forged, host, PORT, "forged")
        field.packets("lan", "datagram", honest, host, PORT, "honest")
        field.packets("lan", "datagram", honest, host, PORT, "end")
    assert heard == ["honest"]
    assert field.counted("spoofed") == before + 1


@pytest.mark.parametrize("version", ["4", "6"])
@pytest.mark.parametrize(("isp", "interface"), LINES)
def test_a_line_cannot_speak_for_the_lan_or_the_gateway(
    field: Any, client6: str, isp: str, interface: str, version: str
) -> None:
    client = {"4": CLIENT, "6": client6}[version]
    target = field.address(interface, version)
    forged = NOT_OF_A_LINE[version]
    before = field.counted("spoofed")
    with field.hearing("lan", "hear-icmp", version, "4242") as heard:
        for source in (client, *forged):
            field.packets(isp, "echo", source, target, "1111")
        field.packets("lan", "echo", client, target, "4242")
    reply = {"4": "0", "6": "129"}[version]
    assert heard == [f"{reply} 4242"]
    assert field.counted("spoofed") == before + 1 + len(forged)


@pytest.mark.parametrize(("own", "client"), [(LAN4, CLIENT), (LAN6, "client6")])
@pytest.mark.parametrize(("isp", "interface"), LINES)
def test_a_neighbour_on_a_line_reaches_nothing_of_the_lan(
    field: Any, client6: str, isp: str, interface: str, own: str, client: str
) -> None:
    version = "6" if ":" in own else "4"
    lab = field.gateway.lab
    hop = field.address(interface, version)
    network = {"4": "192.0.2.0/24", "6": "2001:db8:10::/64"}[version]
    route = (f"-{version}", "route", "replace", network, "via", hop, "dev", "cust")
    assert lab.exec(isp, "ip", *route).returncode == 0
    try:
        assert lab.ping(isp, hop)
        assert not lab.ping(isp, own)
        assert not lab.ping(isp, client6 if client == "client6" else client)
    finally:
        lab.exec(isp, "ip", f"-{version}", "route", "delete", network, "dev", "cust")


def test_a_line_is_told_no_hardware_address_of_the_lan(field: Any) -> None:
    found = field.packets("isp-fibre", "arp", "cust", LAN4, "203.0.113.2")
    assert found.split() == ["203.0.113.2"]


def test_a_flood_of_forged_packets_is_logged_now_and_then(field: Any) -> None:
    before = field.counted("spoofed")
    field.packets("isp-fibre", "echo", CLIENT, "203.0.113.2", "1111", "500")
    assert field.counted("spoofed") == before + 500
    chain = field.gateway.run("nft", "list", "chain", "inet", "relais", "spoofed")
    logged = next(line for line in chain.splitlines() if "log prefix" in line)
    assert int(logged.split("counter packets ")[1].split()[0]) < 100


def test_a_lan_host_without_an_address_gets_a_lease(field: Any) -> None:
    """Its sender is 0.0.0.0, which is of no network."""
    before = field.counted("spoofed")
    assert field.packets("lan", "lease", "eth0").startswith("192.0.2.")
    assert field.counted("spoofed") == before
