# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway that is managed over its own WAN, by an engineer somewhere in the Internet."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
OWN_TOOLS = CHECKOUT / ".venv" / "bin"
FINGERPRINT = Path(__file__).with_name("fingerprint.py")
ARTIFACT = CHECKOUT / "roles" / "runtime" / "files" / "relais.pyz"
GATEWAY_ROLE = CHECKOUT / "roles" / "gateway"
WAN_ADDRESS, ENGINEER = "203.0.113.2", "198.51.100.10"
MANAGEMENT = {"addresses": ["198.51.100.0/24"]}
SHIPPED = ("meta", "plugins", "roles", "playbooks", "galaxy.yml")


def owned() -> dict[str, Any]:
    """The role's own list of what is ours, without Ansible."""
    listed: dict[str, Any] = yaml.safe_load((GATEWAY_ROLE / "vars" / "owned.yml").read_text())[
        "__gateway_owned"
    ]
    template = (GATEWAY_ROLE / "templates" / "sysctl.conf.j2").read_text()
    environment = jinja2.Environment(autoescape=True)
    environment.filters["comment"] = str
    settings = environment.from_string(template).render(ansible_managed="")
    return {
        **listed,
        "interfaces": ["lo", "lan0", "wan1", "wan2"],
        "sysctls": re.findall(r"^([\w.*/-]+) = ", settings, re.MULTILINE),
    }


@dataclass(frozen=True)
class Run:
    """A run of `site`, with all that it says."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    @property
    def status(self) -> int:
        """Exit status of a run that has ended."""
        return int(self.process.returncode)

    def finish(self) -> Run:
        """Let it come to its end."""
        self.process.wait()
        return self

    def kill(self) -> None:
        """End it and all its children as a power cut would."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def until(self, condition: Callable[[], bool]) -> None:
        """Return when something holds, which it must before the run ends."""
        deadline = time.monotonic() + 180
        while not condition():
            assert self.process.poll() is None, self.said[-4000:]
            assert time.monotonic() < deadline, self.said[-4000:]


@dataclass
class Engineer:
    """Someone who runs `site` from the Internet, and what she can see from there."""

    lab: Any
    logs: Path
    runs: list[Run] = field(default_factory=list)

    def start(self, *, collections: Path | None = None, **variables: Any) -> Run:
        """Begin a run of `site` over the WAN."""
        return self._start(self._over_wan(variables), collections)

    def start_on_site(self, **variables: Any) -> Run:
        """Begin a run of `site` from the LAN, as the first one of a gateway must be."""
        return self._start({"relais_management": MANAGEMENT, **variables}, None)

    def _start(self, variables: dict[str, Any], collections: Path | None) -> Run:
        output = self.logs / f"site-{len(self.runs)}.log"
        with output.open("w") as log:
            process = subprocess.Popen(
                self._command("ansible-playbook", variables, "relais.continuity.site"),
                env=self._environment(collections),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.runs.append(Run(process, output))
        return self.runs[-1]

    def site(self, *, collections: Path | None = None, **variables: Any) -> Run:
        """Run `site` over the WAN to its end; a failure is an answer."""
        return self.start(collections=collections, **variables).finish()

    def module(self, **arguments: Any) -> dict[str, Any]:
        """Run rollback_guard by itself, and return its result."""
        words = ["gw", "-m", "relais.continuity.rollback_guard", "-a", json.dumps(arguments)]
        done = subprocess.run(
            [*self._command("ansible", self._over_wan({})), *words],
            env=self._environment(None),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        result: dict[str, Any] = json.loads(done.stdout.partition("=>")[2])
        return result

    def can_connect(self) -> bool:
        """Whether a new connection to SSH is made over the WAN."""
        words = ("nc", "-z", "-w", "1", "-s", ENGINEER, WAN_ADDRESS, "22")
        return bool(self.lab.exec("internet", *words).returncode == 0)

    def owned(self) -> Any:
        """Everything of ours on the gateway, seen from its console."""
        program = FINGERPRINT.read_text()
        done = self.lab.exec("gw", "python3", "-c", program, stdin=json.dumps(owned()))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def last(self) -> dict[str, Any]:
        """The record of what became of the last change."""
        done = self.lab.exec("gw", "cat", "/var/lib/relais-rollback/last.json")
        record: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
        return record

    def pending(self) -> bool:
        """Whether a change waits for its confirmation."""
        return bool(
            self.lab.exec("gw", "test", "-e", "/var/lib/relais-rollback/armed").returncode == 0
        )

    def new_release(self) -> str:
        """Path of a release that the gateway does not have: the same, with 2 MB of ballast."""
        place = Path(self.lab.status()["ssh"]["key"]).with_name("relais.pyz")
        shutil.copy(ARTIFACT, place)
        with zipfile.ZipFile(place, "a") as archive:
            archive.writestr("ballast", bytes(2 << 20))
        digest = hashlib.sha256(place.read_bytes()).hexdigest()
        place.with_name("relais.pyz.sha256").write_text(f"{digest}  relais.pyz\n")
        return str(place)

    def _over_wan(self, variables: dict[str, Any]) -> dict[str, Any]:
        ssh = self.lab.status()["ssh"]
        run = Path(ssh["key"]).parent
        options = (
            f"-F /dev/null -o UserKnownHostsFile={run}/known_hosts -o HostKeyAlias={ssh['host']}"
            f" -o IdentitiesOnly=yes -o BindAddress={ENGINEER} -o ServerAliveInterval=5"
            f" -o ControlMaster=auto -o ControlPersist=60 -o ControlPath={run}/cm-wan-%C"
        )
        return {
            "ansible_host": WAN_ADDRESS,
            "ansible_ssh_common_args": options,
            "relais_management": MANAGEMENT,
            **variables,
        }

    def _command(self, program: str, variables: dict[str, Any], *words: str) -> list[str]:
        status = self.lab.status()
        argv = [str(OWN_TOOLS / program), "-i", status["inventory"], "-e", json.dumps(variables)]
        if "ansible_host" in variables:
            argv = ["ip", "netns", "exec", status["nodes"]["internet"]["namespace"], *argv]
        return [*argv, *words]

    def _environment(self, collections: Path | None) -> dict[str, str]:
        return {
            **os.environ,
            "PATH": f"{OWN_TOOLS}:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(collections or CHECKOUT / "build" / "collections"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "true",
        }


@pytest.fixture(scope="session")
def engineer(guard_lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engineer]:
    one = Engineer(guard_lab, tmp_path_factory.mktemp("site"))
    yield one
    for run in one.runs:
        run.kill()


def altered(place: Path, good: str, bad: str) -> Path:
    """The collection below a folder, with a ruleset in which something was replaced."""
    subprocess.run([sys.executable, CHECKOUT / "runtime" / "build_artifact.py"], check=True)
    collection = place / "ansible_collections" / "relais" / "continuity"
    collection.mkdir(parents=True)
    for name in SHIPPED:
        source = CHECKOUT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, collection / name)
    template = collection / "roles" / "gateway" / "templates" / "ruleset.nft.j2"
    text = template.read_text()
    assert good in text
    template.write_text(text.replace(good, bad))
    return place


@pytest.fixture(scope="session")
def broken_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection, with a ruleset that nft refuses."""
    return altered(tmp_path_factory.mktemp("broken"), "chain forward {", "chain forward [")


@pytest.fixture(scope="session")
def shutting_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection, with a ruleset that loads and lets no engineer in."""
    return altered(tmp_path_factory.mktemp("shutting"), "{{ match }} accept", "{{ match }} drop")
