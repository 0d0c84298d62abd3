# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateway does for telephony by itself: the PBX's name in the LAN, and no SIP ALG."""

from __future__ import annotations

import re
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from ansible.plugins.filter.core import FilterModule
from ansible_collections.relais.continuity.plugins.filter.relais_plan import relais_plan

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = ROOT / "roles" / "gateway" / "templates"
FIRM = (Path(__file__).parent / "cabinet.yml").read_text(encoding="utf-8")
OF_A_GATEWAY = ("interface=", "except-interface=", "bind-dynamic", "dhcp-")
A, AAAA, HTTPS = 1, 28, 65
NAME, ADDRESS = "pbx.cabinet.example", "192.0.2.20"


@pytest.fixture
def plan() -> dict[str, Any]:
    """Return the plan of a firm with a PBX on site."""
    variables = yaml.safe_load(FIRM)
    telephony = variables["relais_telephony"]
    telephony["pbx"] = {"location": "onsite", "host": NAME, "address": ADDRESS}
    telephony["carrier_forward"] = {"to": "+33199000100"}
    secret = {"relais_telephony_secret": "never-shown-anywhere"}
    return relais_plan({"inventory_hostname": "gw", **variables, **secret})


def rendered(name: str, plan: dict[str, Any]) -> str:
    """Return a template of the gateway as the role writes it."""
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(  # noqa: S701 - as Ansible does; nothing here is HTML
        loader=loader, trim_blocks=True, keep_trailing_newline=True
    )
    environment.filters |= FilterModule().filters()
    return environment.get_template(name).render(
        __gateway_plan=plan, ansible_managed="Managed", gateway_log_drops=False
    )


def ask(port: int, name: str, kind: int) -> tuple[int, list[bytes]]:
    """Return the response code and the addresses that a resolver gives (RFC 1035)."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    question = labels + b"\0" + struct.pack("!HH", kind, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect(("127.0.0.1", port))
        client.send(struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + question)
        reply = client.recv(512)
    _id, flags, _questions, answers, _authority, _more = struct.unpack("!HHHHHH", reply[:12])
    rest = reply[12 + len(question) :]
    # A compressed name of two bytes, type, class, time to live and length come before the address.
    found = [rest[place + 12 : place + 16] for place in range(0, answers * 16, 16)]
    return flags & 15, found


@pytest.fixture
def resolver(plan: dict[str, Any], tmp_path: Path) -> Iterator[int]:
    """Start dnsmasq with what the role writes, but for the interfaces of a gateway."""
    program = shutil.which("dnsmasq")
    if program is None:
        pytest.skip("needs dnsmasq")
    # Nobody answers there: what is asked of others gets no answer.
    plan["lan"]["dns_upstreams"] = ["127.0.0.1#9"]
    text = rendered("dnsmasq.conf.j2", plan)
    lines = [line for line in text.splitlines() if not line.startswith(OF_A_GATEWAY)]
    settings = tmp_path / "dnsmasq.conf"
    settings.write_text("\n".join([*lines, "listen-address=127.0.0.1", "bind-interfaces", ""]))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    argv = [program, "--keep-in-foreground", f"--conf-file={settings}", f"--port={port}"]
    argv += ["--pid-file", "--log-facility=-", "--no-hosts"]
    process = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        started = process.stderr.readline()
        assert "started" in started, started
        yield port
    finally:
        process.terminate()
        process.communicate()


def test_the_lan_finds_the_pbx_on_site_by_its_name_without_the_internet(resolver: int) -> None:
    assert ask(resolver, NAME, A) == (0, [socket.inet_aton(ADDRESS)])
    # What else clients ask for is not there, and nobody on the Internet is asked.
    assert ask(resolver, NAME, AAAA) == (0, [])
    assert ask(resolver, NAME, HTTPS) == (0, [])


def test_a_pbx_in_the_cloud_is_looked_up_like_anything_else(plan: dict[str, Any]) -> None:
    plan["telephony"]["split_dns"] = None
    assert NAME not in rendered("dnsmasq.conf.j2", plan)
    plan["telephony"] = None
    assert "host-record" not in rendered("dnsmasq.conf.j2", plan)


def test_no_helper_of_the_kernel_reads_sip(plan: dict[str, Any]) -> None:
    assert not re.search(r"\bct helper\b", rendered("ruleset.nft.j2", plan))
    settings = rendered("sysctl.conf.j2", plan)
    # The hyphen: a kernel without the setting is no error (sysctl.d(5)).
    assert "\n-net.netfilter.nf_conntrack_helper = 0\n" in settings


def test_the_way_back_knows_every_setting_by_its_name(plan: dict[str, Any]) -> None:
    owned = (ROOT / "roles" / "gateway" / "vars" / "owned.yml").read_text(encoding="utf-8")
    pattern = re.search(r"regex_findall\('(.*?)'\)", owned)
    assert pattern is not None
    found = re.findall(pattern[1].replace("\\\\", "\\"), rendered("sysctl.conf.j2", plan))
    assert "net.netfilter.nf_conntrack_helper" in found
    assert "net.ipv4.ip_forward" in found
