# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run as Ansible runs them, in processes of their own, against the double over HTTPS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.pbx import Pbx
from tests.pbx.fixtures import StartPbx

ROOT = Path(__file__).resolve().parents[4]
VERSIONS = ("20.0.7", "20.0.8", "20.0.9", "20.0.10")
Result = dict[str, Any]
WRITES = ("POST", "PATCH", "DELETE")


@dataclass
class Controller:
    """A controller with a home of its own that knows one PBX."""

    pbx: Pbx
    home: Path
    outputs: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        kept.pop("XDG_RUNTIME_DIR", None)
        collections = str(ROOT / "build" / "collections")
        return {**kept, "HOME": str(self.home), "PYTHONPATH": collections}

    @property
    def connection(self) -> dict[str, Any]:
        return {
            "host": self.pbx.host,
            "port": self.pbx.port,
            "client_id": self.pbx.client_id,
            "client_secret": self.pbx.client_secret,
            "ca_path": str(self.pbx.ca_path),
        }

    def start(self, module: str, check: bool = False, **params: Any) -> subprocess.Popen[str]:
        """Start a module and return its process."""
        given = {**self.connection, **params}
        arguments = {name: value for name, value in given.items() if value is not None}
        arguments |= {"_ansible_check_mode": check}
        arguments |= {"_ansible_diff": True, "_ansible_remote_tmp": str(self.home)}
        process = subprocess.Popen(
            [sys.executable, ROOT / "plugins" / "modules" / f"threecx_{module}.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            text=True,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
        process.stdin.close()
        process.stdin = None
        return process

    def finish(self, process: subprocess.Popen[str]) -> Result:
        """Return the result of a module that was started."""
        output, errors = process.communicate()
        self.outputs.append(output + errors)
        result: Result = json.loads(output)
        assert bool(result.get("failed")) == bool(process.returncode), errors
        return result

    def run(self, module: str, check: bool = False, **params: Any) -> Result:
        """Run a module that may fail."""
        return self.finish(self.start(module, check, **params))

    def settle(self, module: str, **params: Any) -> Result:
        """Have a module do what check mode says, and nothing the second time."""
        before = len(self.writes())
        foretold = self.run(module, check=True, **params)
        assert foretold.get("msg") is None, foretold["msg"]
        assert len(self.writes()) == before, "check mode wrote"
        done = self.run(module, **params)
        assert done.get("msg") is None, done["msg"]
        for name in ("changed", "before"):
            assert foretold[name] == done[name], name
        # the PBX gives a new object what was not asked for
        known = set(foretold["after"]) if foretold["before"] == {} else set(done["after"])
        assert foretold["after"] == {name: done["after"][name] for name in known}
        written = len(self.writes())
        again = self.run(module, **params)
        assert again["changed"] is False, again["diff"]
        assert again["after"] == done["after"]
        assert len(self.writes()) == written, "the second run wrote"
        return done

    def writes(self) -> list[tuple[str, str, Any]]:
        """Return method, path and body of what was asked to be written so far."""
        return [
            (one.method, one.path.removeprefix("/xapi/v1/"), one.body)
            for one in self.pbx.requests
            if one.method in WRITES and one.path.startswith("/xapi/v1/")
        ]


@pytest.fixture(params=VERSIONS)
def controller(
    request: pytest.FixtureRequest, start_pbx: StartPbx, tmp_path: Path
) -> Iterator[Controller]:
    """Return a controller of a PBX, of every version in turn, whose secrets must never show."""
    yield from controllers(start_pbx(request.param), tmp_path)


@pytest.fixture
def newest(start_pbx: StartPbx, tmp_path: Path) -> Iterator[Controller]:
    """Return a controller of a PBX of the newest version, whose secrets must never show."""
    yield from controllers(start_pbx(VERSIONS[-1]), tmp_path)


def controllers(pbx: Pbx, home: Path) -> Iterator[Controller]:
    one = Controller(pbx, home)
    yield one
    shown = "".join(one.outputs)
    assert "fake-secret" not in shown.lower()
    assert pbx.client_secret not in shown
    for exchange in pbx.requests:
        assert "fake-secret" not in json.dumps(exchange.reply).lower(), exchange.path
