# SPDX-License-Identifier: GPL-3.0-or-later
"""A real telephone behind the gateway while its line fails and comes back, and the PBX's trunks.

How long the voice was away is printed; docs/reference/telephony.md has the figures.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import PHONE, SIP_HOST, inside, telephone

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[2]
PBX, PBX_PORT, SECRET = "192.0.2.20", 5001, "of-the-double-in-the-lab"
OTHER, ECHO_HOST = "192.0.2.11", "198.51.100.10"
LINES = {1: "fibre", 2: "lte"}
TELEPHONY = {
    "pbx": {
        "location": "onsite",
        "host": "pbx.example",
        "port": PBX_PORT,
        "address": PBX,
        "public_address": "static",
    },
    "client_id": "relais",
    "phones": [f"{PHONE}/32"],
    "trunks": [
        {"name": "Operator A", "host": "sip.operator-a.example"},
        {"name": "Operator B", "host": "sip.operator-b.example"},
    ],
    "users": [{"extension": "100", "mobile": "+33199000100", "priority": "vital"}],
    "outbound": [{"name": "Everything", "prefixes": ["+"]}],
    "carrier_forward": {"to": "+33199000100"},
}
FLOW = re.compile(
    r"src=(?P<source>\S+) dst=\S+ sport=\d+ dport=(?P<port>\d+).*? mark=(?P<mark>\d+)"
)
TRUNK_BY_TCP = """
import socket, sys
def answered():
    line = socket.create_connection((sys.argv[1], 5061), 20)
    line.settimeout(60)
    own, port = line.getsockname()
    lines = ["OPTIONS sip:lab SIP/2.0", f"Via: SIP/2.0/TCP {own}:{port};branch=z9hG4bK1",
             "From: <sip:a@b>;tag=1", "To: <sip:lab>", "Call-ID: 1", "CSeq: 1 OPTIONS",
             "Max-Forwards: 9", "Content-Length: 0", "", ""]
    line.sendall("\\r\\n".join(lines).encode())
    print(line.recv(2048).split(b"\\r\\n")[0].decode(), flush=True)
    return line
line = answered()
try:
    print("data" if line.recv(2048) else "closed", flush=True)
except ConnectionResetError:
    print("reset", flush=True)
answered()
"""


@pytest.fixture(scope="module")
def pbx(site_lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The API of a PBX on the site; the folder has what it was asked."""
    folder = tmp_path_factory.mktemp("pbx")
    for address in (PBX, OTHER):
        site_lab.exec("lan", "ip", "address", "add", f"{address}/24", "dev", "eth0")
    script = HERE / "pbx_on_site.py"
    try:
        argv = ("python3", script, PBX, PBX_PORT, SECRET, folder)
        with inside(site_lab, "lan", *argv, ready="ready"):
            yield folder
    finally:
        for address in (PBX, OTHER):
            site_lab.exec("lan", "ip", "address", "delete", f"{address}/24", "dev", "eth0")


@pytest.fixture(scope="module")
def site(gateway: Any, pbx: Path) -> Iterator[Any]:
    """The gateway that knows of telephones; put right again afterwards."""
    certificate = (pbx / "pbx.crt").read_text()
    gateway.run("sh", "-c", "cat > /etc/relais/pbx.crt", stdin=certificate)
    given = {"relais_telephony": TELEPHONY, "relais_telephony_secret": SECRET}
    given |= {"runtime_telephony_ca": "/etc/relais/pbx.crt"}
    services = gateway.inventory()["relais_services"]
    for service in services:  # On a busy machine no line keeps the limits of voice.
        service.pop("sla", None)
    given["relais_services"] = services
    try:
        assert gateway.site(**given) > 0
        assert gateway.site(**given) == 0
        yield gateway
    finally:
        gateway.site()
        gateway.run("rm", "-f", "/etc/relais/pbx.crt")


@pytest.fixture
def rested(site: Any) -> Iterator[Any]:
    """The site at rest, before and after."""
    site.lab.at_rest()
    yield site
    site.lab.at_rest()


def uses(lab: Any, service: str) -> str:
    """The WAN that a service uses."""
    return "+".join(one["wan"] for one in lab.relais("status")["services"][service]["wans"])


def flows(lab: Any, source: str, to: str = SIP_HOST) -> dict[tuple[str, str], int]:
    """Datagram flows of a LAN host to a host of the Internet: how many, by port and line."""
    listed = lab.exec("gw", "conntrack", "-L", "-p", "udp", "-s", source, "-d", to).stdout
    counted: dict[tuple[str, str], int] = {}
    for found in FLOW.finditer(listed):
        key = (found["port"], LINES.get(int(found["mark"]) >> 8 & 0xFF, "no line"))
        counted[key] = counted.get(key, 0) + 1
    return counted


def events(lab: Any, after: int, text: str) -> list[str]:
    """What the daemon has told since, if it holds a text."""
    found = lab.relais("events", "--after", str(after))["events"]
    return [event["what"] for event in found if text in event["what"]]


def last_event(lab: Any) -> int:
    return int(lab.relais("status")["last_event"])


def test_a_call_and_a_registration_live_through_a_silent_cut_and_the_return(
    rested: Any, operator: Path, tmp_path: Path, record_property: Any
) -> None:
    lab, since = rested.lab, last_event(rested.lab)
    with telephone(lab, tmp_path) as phone:
        assert flows(lab, PHONE)[("10000", "fibre")] == 1
        lab.do("fault", "isp-fibre", "blackhole")
        lab.wait("the call goes on by lte", lambda: ("10000", "lte") in flows(lab, PHONE))
        heard, registered = phone.counts()["heard"], phone.counts()["registered"]
        lab.wait("voice is heard again", lambda: phone.counts()["heard"] > heard + 100)
        lab.wait(
            "it is registered again",
            lambda: phone.counts()["registered"] > registered,
            within_s=90,
        )
        lab.do("fault", "isp-fibre", "clear")
        lab.wait("the web is back on the fibre", lambda: uses(lab, "web") == "fibre", within_s=90)
        heard = phone.counts()["heard"]
        lab.wait("the call still goes on", lambda: phone.counts()["heard"] > heard + 100)
        assert uses(lab, "voice") == "lte"
        assert ("10000", "fibre") not in flows(lab, PHONE)
        assert events(lab, since, "flows of the telephones follow") == []
        assert "terminated" not in (tmp_path / "said").read_text()
    gaps = phone.gaps()
    record_property("audio_gap_ms", gaps["heard_ms"])
    print(f"longest silence of the call: {gaps['heard_ms']} ms")


def test_at_the_return_the_telephones_flows_follow_and_nobody_elses(
    rested: Any, operator: Path
) -> None:
    lab, since = rested.lab, last_event(rested.lab)
    lab.do("fault", "isp-fibre", "blackhole")
    lab.wait("voice uses lte", lambda: uses(lab, "voice") == "lte")
    talk = (
        "import socket, sys, time\n"
        "socks = []\n"
        "for source, port in ((sys.argv[1], 5060), (sys.argv[2], 5060), (sys.argv[1], 51820)):\n"
        "    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "    sock.bind((source, 0)); sock.connect((sys.argv[3], port)); socks.append(sock)\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    for sock in socks: sock.send(b'still here')\n"
        "    time.sleep(0.5)\n"
    )
    with inside(lab, "lan", "python3", "-c", talk, PHONE, OTHER, ECHO_HOST, ready="ready"):

        def lines(source: str) -> dict[tuple[str, str], int]:
            return flows(lab, source, ECHO_HOST)

        lab.wait(
            "all flows are on lte",
            lambda: lines(PHONE) == {("5060", "lte"): 1, ("51820", "lte"): 1},
        )
        assert lines(OTHER) == {("5060", "lte"): 1}
        lab.do("fault", "isp-fibre", "clear")
        lab.wait("voice is back", lambda: uses(lab, "voice") == "fibre", within_s=120)
        lab.wait("the registration follows", lambda: ("5060", "fibre") in lines(PHONE))
        assert lines(PHONE) == {("5060", "fibre"): 1, ("51820", "lte"): 1}
        assert lines(OTHER) == {("5060", "lte"): 1}
    assert events(lab, since, "follow") == ["flows of the telephones follow voice from lte"]


def test_a_trunk_by_tcp_is_told_at_once_and_opens_again_on_the_other_line(
    rested: Any, operator: Path
) -> None:
    lab = rested.lab
    with inside(lab, "lan", "python3", "-c", TRUNK_BY_TCP, SIP_HOST, ready="SIP/2.0 200") as trunk:
        lab.do("fault", "isp-fibre", "blackhole")
        assert trunk.stdout is not None
        assert trunk.stdout.readline() == "reset\n"
        assert trunk.stdout.readline() == "SIP/2.0 200 OK\n"
        assert uses(lab, "voice") == "lte"


def test_the_pbx_is_told_of_both_switches_and_nobody_learns_its_secret(
    rested: Any, pbx: Path
) -> None:
    lab, since = rested.lab, last_event(rested.lab)

    def asked(what: str) -> int:
        return int(json.loads((pbx / "asked.json").read_text()).count(what))

    refresh = "POST /xapi/v1/Trunks/Pbx.RefreshRegistration"
    before = asked(refresh)
    lab.do("fault", "isp-fibre", "blackhole")
    lab.wait("both trunks are refreshed", lambda: asked(refresh) >= before + 2)
    lab.wait("it is noted", lambda: last(lab).get("wans") == ["lte"])
    assert [trunk["online"] for trunk in last(lab)["trunks"]] == [True, True]
    assert "no static address of lte is known" in last(lab)["problems"][0]
    lab.do("fault", "isp-fibre", "clear")
    lab.wait("voice is back", lambda: uses(lab, "voice") == "fibre", within_s=120)
    lab.wait("it is told again", lambda: last(lab).get("wans") == ["fibre"])
    assert last(lab)["ok"] is True
    # Whichever return came first has put right what the PBX had announced.
    assert asked("PATCH /xapi/v1/NetworkSettings") == 1
    assert json.loads((pbx / "pbx.json").read_text()) == {"PublicStaticIP": "203.0.113.2"}
    told = events(lab, since, "asks the telephone system to register anew")
    assert len(told) == 2
    seen = "cat /run/relais/telephony/* /run/relais/*.json; journalctl --no-pager -u 'relais*'"
    assert SECRET not in lab.exec("gw", "sh", "-c", seen).stdout
    rights = lab.exec("gw", "stat", "-c", "%a %U %G", "/etc/relais/telephony.json").stdout
    assert rights == "600 root root\n"


def test_what_tells_the_pbx_is_locked_in(site: Any) -> None:
    """0 is locked in, 10 wide open: systemd-analyze(1)."""
    ask = ("systemd-analyze", "security", "--no-pager", "relais-telephony.service")
    verdict = site.run(*ask).split("Overall exposure level for relais-telephony.service: ")[1]
    assert float(verdict.split()[0]) <= 1.5


def last(lab: Any) -> dict[str, Any]:
    """What the newest refresh came to; empty before the first."""
    found = lab.exec("gw", "cat", "/run/relais/telephony/last.json")
    document: dict[str, Any] = json.loads(found.stdout) if found.returncode == 0 else {}
    return document
