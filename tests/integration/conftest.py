# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs that the integration tests share, and playbooks against their gateways.

A lab is booted once and taken down at the end of the run.

RELAIS_KEEP_LAB=1 leaves it up, and the next run takes it over.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
CLIENT = CHECKOUT / "tests" / "lab" / "client.py"
STEADY = Path(__file__).with_name("steady.py")
ECHO = "198.51.100.10"
OWN_TOOLS = CHECKOUT / ".venv" / "bin"
# What a daemon remembers, and the choice that it kept: without them it begins as the plan says.
FORGET = """
systemctl stop relaisd
rm -f /run/relais/handover.json /run/relais/nft/live.nft
systemctl reload relais-firewall
systemctl start relaisd
"""
CONFIGURATION = r"""
find /etc /opt/relais -type f -exec sha256sum {} + | sort
nft -s list ruleset | sed -E '/^\t(map (steer|spread_)|set dead)/,/^\t\}/d'
ip rule; ip -6 rule
"""
RECAP = re.compile(r"^\S+ +: ok=\d+ +changed=(?P<changed>\d+)", re.MULTILINE)
Result = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Lab:
    """A lab by its name, used as a person would: through scripts/lab."""

    name: str

    def command(self, *words: str, stdin: str = "", timeout_s: float = 600) -> Result:
        """Run `scripts/lab` on this lab; a failure is an answer."""
        return subprocess.run(
            [CHECKOUT / "scripts" / "lab", "--name", self.name, *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def do(self, *words: str) -> str:
        """Run `scripts/lab` on this lab; the test fails with its words when it does."""
        result = self.command(*words)
        assert result.returncode == 0, f"lab {' '.join(words)}: {result.stdout}{result.stderr}"
        return result.stdout

    def exec(self, node: str, *argv: str, stdin: str = "") -> Result:
        """Run a program in a node; a failure is an answer."""
        return self.command("exec", node, "--", *argv, stdin=stdin)

    def client(self, node: str, *words: str) -> Result:
        """Run the lab's little client in a namespace node; see tests/lab/client.py."""
        return self.exec(node, "python3", str(CLIENT), *words)

    def ping(self, node: str, address: str, *options: str) -> bool:
        """Whether an address answers one ping within a second."""
        return self.exec(node, "ping", "-qnc1", "-W1", *options, address).returncode == 0

    def status(self) -> dict[str, Any]:
        """The lab's own description of itself."""
        status: dict[str, Any] = json.loads(self.do("status", "--json"))
        return status

    def relais(self, *words: str) -> dict[str, Any]:
        """Answer of the gateway's own command, as programs get it."""
        answer: dict[str, Any] = json.loads(self.exec("gw", "relais", *words, "--json").stdout)
        return answer

    def troubles(self) -> list[str]:
        """What is not at its best: the daemon, a line, or a service that is not where it prefers
        to be."""
        asked = self.exec("gw", "relais", "status", "--json")
        if asked.returncode != 0:
            return [f"no daemon answers: {asked.stderr.strip()}"]
        status = json.loads(asked.stdout)
        found = [
            f"{name}: {wan['state']} ({wan['reason']}), {wan['quality']} "
            f"({wan['quality_reason']}), {wan['admin']}"
            for name, wan in status["wans"].items()
            if (wan["state"], wan["quality"], wan["admin"]) != ("up", "good", "auto")
        ]
        found += [
            f"{name}: no IPv6 address"
            for name, wan in status["wans"].items()
            if wan["ipv6"] and wan["address6"] is None
        ]
        found += [
            f"{name}: {service['rule']} ({service['reason']})"
            for name, service in status["services"].items()
            if service["rule"] != "preferred"
        ]
        return found

    def lossless(self) -> bool:
        """Whether no line has lost a probe lately, which would count against a service's limits."""
        return all(not wan["loss_percent"] for wan in self.relais("status")["wans"].values())

    def forget(self) -> None:
        """A daemon that knows nothing of what was before. A bad time fades in minutes only."""
        done = self.exec("gw", "sh", "-ec", FORGET)
        assert done.returncode == 0, done.stderr

    def at_rest(self) -> None:
        """Nothing broken, nothing set by hand, every line good, every service where it prefers to
        be, no flow of an earlier client."""
        self.do("fault", "all", "clear")
        if self.troubles() or not self.lossless():
            self.forget()
        else:
            for wan in self.relais("status")["wans"]:
                self.relais("link", wan, "auto")  # Its past is forgiven.
        troubles: list[str] = []
        forget_at = time.monotonic() + 60

        def well() -> bool:
            nonlocal forget_at
            troubles[:] = self.troubles()
            if troubles and time.monotonic() > forget_at:
                forget_at += 60
                self.forget()  # What the last test did was noticed after our first look.
            return not troubles

        try:
            self.wait("the site is at rest", well, within_s=180)
        except AssertionError as late:
            raise AssertionError(f"{late}: {'; '.join(troubles)}\n{self._lines()}") from None
        self.exec("gw", "conntrack", "-D", "-p", "udp", "-d", ECHO)

    def _lines(self) -> str:
        """How the LTE line looks from both of its ends."""
        gateway = (
            "networkctl --no-pager status wan2; ip -6 address show dev wan2; ip neighbour;"
            "ip -6 route show table 1002; ip -s link show dev wan2;"
            "journalctl -n 20 -u systemd-networkd"
        )
        operator = (
            "ip address show dev cust; ip -s link show dev cust; ip -6 neighbour; nft list ruleset;"
            f"tail -n 40 {Path(self.status()['ssh']['config']).parent}/isp-lte.log"
        )
        seen = self.exec("gw", "sh", "-c", gateway).stdout
        return seen + self.exec("isp-lte", "sh", "-c", operator).stdout

    def reboot(self) -> None:
        """Boot the gateway anew; return once its other first process answers.

        It does when it is asked by systemctl, whatever it says of the boot, which goes on.
        """
        first = ("stat", "-c", "%Y", "/proc/1")
        booted = self.exec("gw", *first).stdout
        self.exec("gw", "systemctl", "reboot")

        def back() -> bool:
            now = self.exec("gw", *first)
            return now.returncode == 0 and now.stdout != booted

        self.wait("the gateway boots", back, within_s=180)
        asked = ("systemctl", "is-system-running")
        self.wait("its systemd answers", lambda: self.exec("gw", *asked).stdout != "", within_s=180)

    def steady(self, address: str, seconds: float) -> subprocess.Popen[str]:
        """A LAN client's steady stream of datagrams; see tests/integration/steady.py."""
        within = ["ip", "netns", "exec", self.status()["nodes"]["lan"]["namespace"]]
        argv = [*within, "python3", str(STEADY), address, "5060", str(seconds)]
        return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)

    @contextmanager
    def stream(self, address: str, seconds: float | None = None) -> Iterator[dict[str, Any]]:
        """The same for so long, or until the block is left; then its losses are there."""
        losses: dict[str, Any] = {}
        with self.steady(address, seconds or 300) as client:
            assert client.stdout is not None
            assert client.stdout.readline() == "ready\n"
            try:
                yield losses
            finally:
                if seconds is None:
                    client.terminate()
            losses.update(json.loads(client.stdout.read()))

    def wait(self, what: str, condition: Callable[[], bool], *, within_s: float = 60) -> None:
        """Poll until the condition holds; the test fails when it never does.

        The bound is for a machine that does much else, and says nothing about speed. A look costs
        half a second of a core, so there is as long a pause after each: the lab works meanwhile.
        """
        deadline = time.monotonic() + within_s
        while True:
            began = time.monotonic()
            if condition():
                return
            looked = time.monotonic()
            assert looked < deadline, f"{self.name}: {what}: not within {within_s} s"
            time.sleep(min(max(0.05, looked - began), 1))


@dataclass(frozen=True)
class Gateway:
    """The gateway of a lab, and the playbooks that look after it."""

    lab: Lab

    def run(self, *argv: str, stdin: str = "") -> str:
        """Output of a program on the gateway; the test fails when it does."""
        result = self.lab.exec("gw", *argv, stdin=stdin)
        assert result.returncode == 0, f"{' '.join(argv)}: {result.stdout}{result.stderr}"
        return result.stdout

    def inventory(self) -> dict[str, Any]:
        """The variables of the gateway, to build others from."""
        variables: dict[str, Any] = json.loads(
            self._tool("ansible-inventory", "--host", "gw").stdout
        )
        return variables

    def play(self, playbook: str, *options: str, **variables: Any) -> Result:
        """Run a playbook of the collection; variables win over the lab's inventory."""
        extra = ["-e", json.dumps(variables)]
        return self._tool("ansible-playbook", *options, *extra, f"relais.continuity.{playbook}")

    def site(self, *options: str, **variables: Any) -> int:
        """Run `site` and say how many tasks changed something; the test fails when it does."""
        result = self.play("site", *options, **variables)
        recaps = RECAP.findall(result.stdout)
        assert result.returncode == 0 and recaps, result.stdout[-6000:] + result.stderr
        return int(recaps[-1])

    def configuration(self) -> str:
        """All that `site` may change: files, rules, the ruleset without counts and the choice."""
        return self.run("sh", "-c", CONFIGURATION)

    def _tool(self, name: str, *words: str) -> Result:
        environment = {
            **os.environ,
            "PATH": f"{OWN_TOOLS}:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "build" / "collections"),
            "ANSIBLE_NOCOLOR": "1",
        }
        return subprocess.run(
            [name, "-i", self.lab.status()["inventory"], *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def lab_name(purpose: str) -> str:
    """A name that no other checkout and no other worker on this machine uses."""
    user = f"{CHECKOUT} {os.environ.get('PYTEST_XDIST_WORKER', '')}".rstrip()
    return f"t-{purpose}-{hashlib.sha256(user.encode()).hexdigest()[:6]}"


def shared(purpose: str, *options: str) -> Iterator[Lab]:
    """A lab for as long as the caller needs it."""
    if os.geteuid() != 0:
        pytest.skip("needs root: the lab makes network namespaces and boots a machine")
    lab = Lab(lab_name(purpose))
    try:
        lab.do("up", *options)
        yield lab
    finally:
        if os.environ.get("RELAIS_KEEP_LAB") != "1":
            lab.do("down")


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A booted lab whose gateway is a fresh Debian."""
    yield from shared("fresh")


@pytest.fixture(scope="session")
def site_lab() -> Iterator[Lab]:
    """A lab whose gateway the site playbook has provisioned."""
    yield from shared("site", "--provision")


@pytest.fixture(scope="session")
def gateway(site_lab: Lab) -> Gateway:
    """The provisioned gateway."""
    return Gateway(site_lab)


@pytest.fixture
def converged(gateway: Gateway) -> Iterator[Gateway]:
    """The gateway, which `site` puts right again after the test."""
    yield gateway
    gateway.site()


@pytest.fixture(scope="session")
def anchored() -> Iterator[Lab]:
    """A provisioned lab with an anchor in its Internet."""
    yield from shared("anchor", "--provision", str(CHECKOUT / "tests" / "lab" / "site_with_anchor"))


@pytest.fixture(scope="session")
def guard_lab() -> Iterator[Lab]:
    """A lab whose gateway is a fresh Debian with little room on its disk."""
    yield from shared("guard", "--disk-mb", "64")


@pytest.fixture
def spare_lab() -> Iterator[Lab]:
    """A name for a lab that the test starts, breaks and ends as it likes."""
    if os.geteuid() != 0:
        pytest.skip("needs root: the lab makes network namespaces and boots a machine")
    lab = Lab(lab_name("spare"))
    lab.do("down")
    yield lab
    lab.do("down")
