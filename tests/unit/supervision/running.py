# SPDX-License-Identifier: GPL-3.0-or-later
"""Agents of the distribution run for real on the loopback, with what the role's templates make."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import yaml
from ansible.plugins.filter.core import FilterModule
from ansible_collections.relais.continuity.plugins.filter.relais_plan import relais_plan
from supervised import Gateway

ROOT = Path(__file__).resolve().parents[3]
ROLE = ROOT / "roles" / "supervision"
COMMUNITY = "never-shown-anywhere"
SITE = """
relais_site: {name: "Cabinet Exemple", language: fr}
relais_wans:
  - {name: fibre, interface: wan1, method: static, address: 203.0.113.2/30, gateway: 203.0.113.1}
  - {name: lte, interface: wan2, method: dhcp, metered: true, monthly_quota_gb: 50}
relais_lan: {interface: lan0, address: 192.0.2.1/24}
relais_services:
  - {name: voice, importance: vital, match: [{ports: ["udp/5060"]}], prefer: [fibre, lte]}
  - {name: web, match: [{ports: ["tcp/443"]}], balance: {fibre: 80, lte: 20}}
"""
PATIENCE_S = 60.0
PYTHON = "/usr/bin/python3"
"""That of a gateway. Nobody may be unable to reach the one that runs the tests."""


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port that the kernel chose, free a moment ago."""
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def free_low_port() -> int:
    """Return a free port that Zabbix takes: it knows none above 32767, where the kernel's begin."""
    for port in random.sample(range(20_000, 32_768), 1000):
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def until(ask: Callable[[], Any], wanted: Callable[[Any], object] = bool) -> Any:
    """Ask until the answer is the wanted one; the test fails with the last answer."""
    end = time.monotonic() + PATIENCE_S
    while not wanted(answer := ask()):
        assert time.monotonic() < end, f"the last answer was {answer!r}"
        time.sleep(0.1)  # between two questions to a program that has no way to tell us
    return answer


@dataclass
class Site:
    """A gateway's state, the command that reads it, and agents that nobody privileged runs."""

    folder: Path
    gateway: Gateway
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def command(self) -> Path:
        """The artefact that gateways install."""
        return self.folder / "relais.pyz"

    def rendered(self, name: str, **given: Any) -> str:
        """Return a template as the role writes it, on the loopback."""
        environment, variables = self._ansible(given)
        return environment.get_template(name).render(variables) + "\n"

    def drop_in(self, agent: str, **given: Any) -> str:
        """Return what the role has systemd know of the service of an agent."""
        environment, variables = self._ansible(given)
        known = yaml.safe_load((ROLE / "vars" / "main.yml").read_text(encoding="utf-8"))
        item = known["__supervision_known"][agent]["files"][0]
        command = environment.from_string(item["command"]).render(variables)
        return self.rendered(item["src"], item=item | {"command": command}, **given)

    def _ansible(self, given: dict[str, Any]) -> tuple[jinja2.Environment, dict[str, Any]]:
        """What renders as Ansible does, and the variables of the role."""
        environment = jinja2.Environment(  # noqa: S701 - nothing here is HTML
            loader=jinja2.FileSystemLoader(ROLE / "templates"),
            trim_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        environment.filters |= FilterModule().filters()
        plan = relais_plan({"inventory_hostname": "gw", **yaml.safe_load(SITE)})
        ours = {
            "ansible_managed": "Managed",
            "supervision_allowed_hosts": ["127.0.0.1"],
            "supervision_zabbix_hostname": "gw",
            "supervision_snmp_community": COMMUNITY,
            "__supervision_plan": plan,
            "__supervision_address": "127.0.0.1",
            "__supervision_command": f"{PYTHON} -I {self.command}",
            "__supervision_state": str(self.gateway.file),
            "__supervision_textfiles": str(self.folder / "textfiles"),
        }
        defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
        return environment, defaults | ours | given

    def write(self, name: str, text: str) -> Path:
        """Leave a file that the agents may read."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.parent.chmod(0o777 if path.parent == self.folder else 0o755)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
        return path

    def start(self, *words: str, **environment: str) -> None:
        """Start an agent without any rights; its words go to a log in the folder."""
        with (self.folder / f"{Path(words[0]).name}.log").open("wb") as log:
            self.running.append(
                subprocess.Popen(
                    words,
                    stdout=log,
                    stderr=log,
                    cwd=self.folder,
                    env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **environment},
                    **unprivileged(),
                )
            )

    def run(self, *words: str) -> tuple[int, str]:
        """Run a program without any rights; return its exit status and what it printed."""
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, cwd=self.folder, **unprivileged()
        )
        return done.returncode, done.stdout.strip()


def unprivileged() -> dict[str, Any]:
    """What makes a child nobody, when we are root."""
    if os.geteuid() != 0:
        return {}
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


def exec_start(unit: str) -> list[str]:
    """Return the words of the last ExecStart= of a unit."""
    lines = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    return lines[-1].partition("=")[2].split()
