# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run as Ansible runs them, in processes of their own, against the double over HTTPS."""

from __future__ import annotations

import json
import os
import socket
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
    forge: str
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

    def start(self, module: str, check: bool = False, **params: Any) -> socket.socket:
        """Start a module in a process and return the connection that its result comes from."""
        given = {**self.connection, **params}
        arguments = {name: value for name, value in given.items() if value is not None}
        arguments |= {"_ansible_check_mode": check}
        arguments |= {"_ansible_diff": True, "_ansible_remote_tmp": str(self.home)}
        request = {
            "module": str(ROOT / "plugins" / "modules" / f"threecx_{module}.py"),
            "environment": self.environment,
            "input": json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        }
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self.forge)
        connection.sendall(json.dumps(request).encode() + b"\n")
        return connection

    def finish(self, connection: socket.socket) -> Result:
        """Return the result of a module that was started."""
        with connection, connection.makefile() as stream:
            done = json.loads(stream.read())
        self.outputs.append(done["output"] + done["errors"])
        assert done["output"], done["errors"]
        result: Result = json.loads(done["output"])
        assert bool(result.get("failed")) == bool(done["status"]), done["errors"]
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


@pytest.fixture(scope="session")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the socket of a process that runs modules."""
    path = str(tmp_path_factory.mktemp("forge") / "socket")
    program = Path(__file__).with_name("forge.py")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "build" / "collections")}
    with subprocess.Popen(
        [sys.executable, program, path], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield path
        process.kill()


@pytest.fixture(params=VERSIONS)
def controller(
    request: pytest.FixtureRequest, start_pbx: StartPbx, tmp_path: Path, forge: str
) -> Iterator[Controller]:
    """Return a controller of a PBX, of every version in turn, whose secrets must never show."""
    yield from controllers(start_pbx(request.param), tmp_path, forge)


@pytest.fixture
def newest(start_pbx: StartPbx, tmp_path: Path, forge: str) -> Iterator[Controller]:
    """Return a controller of a PBX of the newest version, whose secrets must never show."""
    yield from controllers(start_pbx(VERSIONS[-1]), tmp_path, forge)


def controllers(pbx: Pbx, home: Path, forge: str) -> Iterator[Controller]:
    one = Controller(pbx, home, forge)
    yield one
    shown = "".join(one.outputs)
    assert "fake-secret" not in shown.lower()
    assert pbx.client_secret not in shown
    for exchange in pbx.requests:
        assert "fake-secret" not in json.dumps(exchange.reply).lower(), exchange.path
