# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks against a lab's gateway, run as an engineer runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
OWN_TOOLS = CHECKOUT / ".venv" / "bin"
RECAP = re.compile(r"^\S+ +: ok=\d+ +changed=(?P<changed>\d+)", re.MULTILINE)
Result = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Gateway:
    """The gateway of a lab, and the playbooks that look after it."""

    lab: Any

    def run(self, *argv: str, stdin: str = "") -> str:
        """Output of a program on the gateway; the test fails when it does."""
        result = self.lab.exec("gw", *argv, stdin=stdin)
        assert result.returncode == 0, f"{' '.join(argv)}: {result.stdout}{result.stderr}"
        output: str = result.stdout
        return output

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
        """All that `site` may change: files, ruleset without what moves, rules."""
        files = "find /etc /opt/relais -type f -exec sha256sum {} + | sort"
        return self.run("sh", "-c", f"{files}; nft -s list ruleset; ip rule; ip -6 rule")

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


@pytest.fixture(scope="session")
def gateway(site_lab: Any) -> Gateway:
    """The provisioned gateway."""
    return Gateway(site_lab)


@pytest.fixture
def converged(gateway: Gateway) -> Iterator[Gateway]:
    """The gateway, which `site` puts right again after the test."""
    yield gateway
    gateway.site()
