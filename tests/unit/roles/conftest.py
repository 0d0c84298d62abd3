# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks of the collection run for real, by ansible-playbook, against the double of the PBX."""

from __future__ import annotations

import copy
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pbx import Pbx

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = Path(sys.executable).with_name("ansible-playbook")
FIRM = (Path(__file__).parent / "cabinet.yml").read_text(encoding="utf-8")
RECAP = re.compile(r"^gw +: +ok=(\d+) +changed=(\d+) .* failed=(\d+)", re.MULTILINE)


@dataclass
class Controller:
    """A controller with a home of its own, and the inventory of one site."""

    home: Path
    pbx: Pbx
    variables: dict[str, Any]
    outputs: list[str] = field(default_factory=list)

    def play(self, name: str, *options: str, **extra: Any) -> str:
        """Run a playbook that must work, and return what it printed."""
        done = self.start(name, *options, **extra)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, name: str, *options: str, **extra: Any) -> subprocess.CompletedProcess[str]:
        """Run a playbook that may fail."""
        inventory = self.home / "hosts.yml"
        # The gateway's address is one that nothing answers at: nobody may connect to it.
        gateway = {"ansible_host": "192.0.2.254", **self.variables}
        inventory.write_text(yaml.safe_dump({"all": {"hosts": {"gw": gateway}}}), encoding="utf-8")
        given = {"threecx_ca_path": str(self.pbx.ca_path), **extra}
        more = self.home / "extra.yml"
        more.write_text(yaml.safe_dump(given), encoding="utf-8")
        kept = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
        kept.pop("XDG_RUNTIME_DIR", None)
        done = subprocess.run(
            [PROGRAM, f"relais.continuity.{name}", "-i", inventory, "-e", f"@{more}", *options],
            env={
                **kept,
                "HOME": str(self.home),
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build" / "collections"),
                "ANSIBLE_HOME": str(self.home),
                "ANSIBLE_LOCAL_TEMP": str(self.home),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_DEPRECATION_WARNINGS": "1",
                "LC_ALL": "C.UTF-8",
            },
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )
        self.outputs.append(done.stdout + done.stderr)
        return done

    def frozen(self) -> str:
        """Return all that the PBX holds, to be compared."""
        return repr(copy.deepcopy({k: v for k, v in self.pbx.state.items() if k != "EventLogs"}))


def changed(output: str) -> int:
    """Return how many tasks changed something, by the last line of a play."""
    found = RECAP.search(output)
    assert found is not None, output
    return int(found[2])


@pytest.fixture
def controller(pbx: Pbx, tmp_path: Path) -> Any:
    """Return a controller of the made-up firm, whose secrets must never show."""
    variables = yaml.safe_load(FIRM)
    variables["relais_telephony"]["pbx"] |= {"host": pbx.host, "port": pbx.port}
    variables["relais_telephony_secret"] = pbx.client_secret
    one = Controller(tmp_path, pbx, variables)
    yield one
    shown = "".join(one.outputs)
    assert pbx.client_secret not in shown
    assert "fake-secret" not in shown
