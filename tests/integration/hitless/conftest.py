# SPDX-License-Identifier: GPL-3.0-or-later
"""An office at work on both lines while its gateway is worked on, and what must not change."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
SESSIONS = Path(__file__).parents[1] / "sessions.py"
ECHO = "198.51.100.10"
WANS = ("fibre", "lte")
READERS, IDLE = 5, 40
Result = subprocess.CompletedProcess[str]


@dataclass
class Seen:
    """What the LAN's clients felt, by line, once their work is done."""

    streams: dict[str, dict[str, Any]] = field(default_factory=dict)
    sessions: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def lost(self) -> dict[str, int]:
        """Datagrams lost, by line."""
        return {wan: stream["lost"] for wan, stream in self.streams.items()}

    @property
    def sent(self) -> int:
        """Datagrams sent on both lines."""
        return sum(stream["sent"] for stream in self.streams.values())

    @property
    def broken(self) -> dict[str, dict[str, int]]:
        """Sessions that are no longer good, by line and how they ended."""
        return {
            wan: {how: count for how, count in told.items() if how in ("reset", "ended", "silent")}
            for wan, told in self.sessions.items()
        }


@dataclass(frozen=True)
class Office:
    """A provisioned gateway, its LAN, and the engineer who works on it."""

    gateway: Any

    @property
    def lab(self) -> Any:
        """The lab that it is in."""
        return self.gateway.lab

    def run(self, *argv: str) -> str:
        """Output of a program on the gateway; the test fails when it does."""
        output: str = self.gateway.run(*argv)
        return output

    def site(self, **variables: Any) -> Result:
        """Run `site`; a failure is an answer."""
        done: Result = self.gateway.play("site", **variables)
        return done

    def answers(self) -> bool:
        """Whether the daemon does."""
        return bool(self.lab.exec("gw", "relais", "status").returncode == 0)

    def status(self) -> dict[str, Any]:
        """The state document."""
        status: dict[str, Any] = self.lab.relais("status")
        return status

    def states(self) -> dict[str, str]:
        """State of each line."""
        return {name: wan["state"] for name, wan in self.status()["wans"].items()}

    def happened(self) -> list[str]:
        """What the daemon that runs has done but start: links, choices, switches, evictions."""
        told = self.lab.relais("events")["events"]
        return [event["what"] for event in told if event["kind"] != "daemon"]

    def releases(self) -> str:
        """What is on the gateway, and which of it runs or ran before."""
        return self.run("relais-release", "list")

    def kernel(self) -> dict[str, Any]:
        """All of ours in the kernel that a daemon might touch, without what moves by itself."""
        routes = self.run("sh", "-c", "ip route show table all; ip -6 route show table all")
        return {
            "nft": self.run("nft", "--stateless", "list", "table", "inet", "relais").splitlines(),
            "rules": self.run("sh", "-c", "ip rule; ip -6 rule").splitlines(),
            "routes": sorted(re.sub(r" expires \d+sec", "", routes).splitlines()),
        }

    def marks(self) -> dict[str, str]:
        """Connection mark of every open TCP connection of the LAN's clients, by its ports."""
        flows = self.run("conntrack", "-L", "-p", "tcp", "-d", ECHO, "-s", "192.0.2.10")
        return {
            " ".join(re.findall(r"(?:sport|dport)=\d+", flow)[:2]): re.findall(r"mark=\d+", flow)[0]
            for flow in flows.splitlines()
            if "ESTABLISHED" in flow
        }

    @contextmanager
    def at_work(self) -> Iterator[Seen]:
        """Calls, downloads and idle sessions on both lines for as long as the block lasts."""
        seen = Seen()
        with ExitStack() as stack:
            for wan in WANS:
                self.lab.relais("link", wan, "force")
                seen.streams[wan] = stack.enter_context(self.lab.stream(ECHO))
                seen.sessions[wan] = stack.enter_context(self.sessions())
            self.lab.relais("link", "lte", "auto")
            yield seen
        print(f"{seen.sent} datagrams, lost {seen.lost}; sessions {seen.sessions}")

    @contextmanager
    def sessions(self) -> Iterator[dict[str, int]]:
        within = ["ip", "netns", "exec", self.lab.status()["nodes"]["lan"]["namespace"]]
        argv = [*within, sys.executable, str(SESSIONS), ECHO, str(READERS), str(IDLE)]
        told: dict[str, int] = {}
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as client:
            assert client.stdout is not None
            assert client.stdout.readline() == "ready\n"
            try:
                yield told
            finally:
                client.terminate()
            told.update(json.loads(client.stdout.read()))


@pytest.fixture(scope="session")
def own() -> str:
    """The version of this checkout."""
    init = CHECKOUT / "runtime" / "src" / "relais" / "__init__.py"
    return re.findall(r'__version__ = "(.+)"', init.read_text())[0]


@pytest.fixture(scope="session")
def provisioned(gateway: Any, own: str) -> Iterator[Office]:
    """The gateway with its own release, which it has again in the end."""
    office = Office(gateway)
    yield office
    office.lab.do("fault", "all", "clear")
    if office.status()["version"] != own:
        office.run("relais-release", "use", own)


@pytest.fixture
def office(provisioned: Office) -> Office:
    """The same, at rest."""
    provisioned.lab.at_rest()
    return provisioned


def built(place: Path, version: str, *, edit: dict[str, tuple[str, str]] | None = None) -> str:
    """An artefact of another version; `edit` replaces text of its modules."""
    runtime = place / version
    shutil.copytree(CHECKOUT / "runtime" / "src", runtime / "src")
    shutil.copy(CHECKOUT / "runtime" / "build_artifact.py", runtime)
    init = runtime / "src" / "relais" / "__init__.py"
    init.write_text(re.sub("__version__ = .*", f'__version__ = "{version}"', init.read_text()))
    for name, (before, after) in (edit or {}).items():
        module = runtime / "src" / "relais" / name
        text = module.read_text()
        assert before in text
        module.write_text(text.replace(before, after, 1))
    output = place / f"built-{version}"
    build = [sys.executable, str(runtime / "build_artifact.py"), "--output", str(output)]
    subprocess.run(build, check=True, capture_output=True)
    return str(output / "relais.pyz")


@pytest.fixture(scope="session")
def newer(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The next release."""
    return built(tmp_path_factory.mktemp("newer"), "99.2.0")


@pytest.fixture(scope="session")
def dying(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A release that says it is ready, and dies."""
    told = '        systemd.notify("READY=1")\n'
    dies = f'{told}        raise RuntimeError("a defect of this release")\n'
    place = tmp_path_factory.mktemp("dying")
    return built(place, "99.3.0", edit={"app.py": (told, dies)})


@pytest.fixture(scope="session")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A release that no longer knows the site's configuration."""
    schema = 'SCHEMA = "relais.config/1"'
    place = tmp_path_factory.mktemp("narrow")
    return built(place, "99.4.0", edit={"core/config.py": (schema, schema.replace("1", "2"))})
