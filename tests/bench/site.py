# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab for each contender: started, set up, looked into, and taken down."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

from lab import lifecycle, network, state
from lab.errors import LabError
from lab.run import attempt, run
from lab.state import CHECKOUT, Places, Record

from bench.contenders import PEER_PACKAGES, Contender
from bench.scenarios import wait_for

TESTS = CHECKOUT / "tests"
BUILD = CHECKOUT / "build" / "bench"
GATEWAY_FILES = Path(__file__).with_name("gateway")
PRIMARY, STANDBY = "fibre", "lte"


class Site:
    """A contender's lab; copies of it are measured side by side."""

    def __init__(self, contender: Contender, stop: threading.Event, copy: int = 0) -> None:
        checkout = state.default_name()[-6:]
        self.contender, self.copy = contender, copy
        self.name = f"b{copy or ''}-{contender.name}-{checkout}"
        self._stop = stop
        self._record: Record | None = None
        self._server: subprocess.Popen[str] | None = None

    @property
    def record(self) -> Record:
        if self._record is None:
            self._record = state.load(Places(self.name))
        if self._record is None:
            raise LabError(f"no lab {self.name}")
        return self._record

    def namespace(self, node: str) -> str:
        return self.record.namespace(node)

    @property
    def isp(self) -> str:
        return self.namespace(f"isp-{PRIMARY}")

    def wan_of(self, address: str | None) -> str | None:
        """Name of the WAN that an address the server saw belongs to."""
        for wan in self.record.wans:
            network_of_wan = IPv4Interface(wan["isp_address"]).network
            if address and IPv4Address(address) in network_of_wan:
                return wan["name"]
        return None

    def start(self) -> None:
        """Boot the lab, set the contender up and start it. Raises LabError with the log's name."""
        self.down()
        words = ["up", *(("--provision",) if self.contender.provisioned else ())]
        if not self.contender.provisioned:
            words += [word for package in PEER_PACKAGES for word in ("--package", package)]
        if self.contender.inventory is not None:
            words.append(str(CHECKOUT / self.contender.inventory))
        log = BUILD / f"{self.name}.log"
        with log.open("w") as output:
            # A session of its own: Ctrl-C ends us, and we end the lab.
            booting = subprocess.Popen(
                [CHECKOUT / "scripts" / "lab", "--name", self.name, *words],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
            try:
                ended = wait_for(lambda: booting.poll() is not None, 900, self._stop)
            except KeyboardInterrupt:
                os.killpg(booting.pid, signal.SIGINT)  # it takes down what it has made so far
                booting.wait(60)
                raise
        if not ended or booting.returncode != 0:
            booting.kill()
            raise LabError(f"{self.name} did not come up; see {log.relative_to(CHECKOUT)}")
        self._start_server()
        if not self.contender.provisioned:
            self._set_up()
        self.fresh()

    def _start_server(self) -> None:
        argv = network.within(self.namespace("internet"), sys.executable, "-m", "bench.server")
        self._server = subprocess.Popen(
            argv, cwd=TESTS, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        assert self._server.stdout is not None
        if self._server.stdout.readline() != "ready\n":
            raise LabError(f"{self.name}: the server of the load did not start")

    def _set_up(self) -> None:
        root = Places(self.name).root
        common = {"setup": "etc/bench/setup", "switch": "etc/bench/switch"}
        common["lsm-event"] = "etc/bench/lsm-event"
        for name, path in {**common, **self.contender.files}.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(GATEWAY_FILES / name, target)
        self.inside("/etc/bench/setup")
        self.inside("systemctl", "daemon-reload")

    def fresh(self) -> None:
        """The state in which every run begins: line whole, contender just started and settled."""
        if self.contender.unit is None:
            return
        if not self.contender.provisioned:
            self.inside("systemctl", "stop", self.contender.unit)
            self.inside("/etc/bench/switch", PRIMARY, "flush")
            self.inside("systemctl", "start", self.contender.unit)
        else:
            self._start_without_memory()

    def _start_without_memory(self) -> None:
        """Start relais afresh: the faults of earlier runs are no reason to distrust a line."""
        self.inside("systemctl", "stop", "relaisd")
        self.inside("find", "/var/lib/relais", "/run/relais", "-type", "f", "-delete")
        self.inside("systemctl", "reload", "relais-firewall")
        self.inside("systemctl", "start", "relaisd")
        if not wait_for(self.ready, 90, self._stop):
            raise LabError(f"{self.name}: relais does not settle: {self._status()}")

    def ready(self) -> bool:
        """Whether relais itself says that both lines are up and all is on the primary."""
        status = self._status()
        if not status:
            return False
        lines_up = all(wan["state"] == "up" for wan in status["wans"].values())
        chosen = [service["wans"] for service in status["services"].values()]
        return lines_up and all(wans and wans[0]["wan"] == PRIMARY for wans in chosen)

    def _status(self) -> dict[str, Any]:
        asked = attempt(self._in_gateway("relais", "status", "--json"))
        status: dict[str, Any] = json.loads(asked.stdout) if asked.returncode == 0 else {}
        return status

    def forget_flows(self) -> None:
        """Empty the gateway's connection table: no flow of an earlier run is left."""
        attempt(self._in_gateway("conntrack", "-F"))

    def _in_gateway(self, *argv: str) -> list[str]:
        return lifecycle.command_in(self.record, "gw", list(argv))

    def inside(self, *argv: str) -> str:
        """Run a program on the gateway. Raises LabError when it fails."""
        return run(self._in_gateway(*argv)).stdout

    def popen(self, node: str, argv: Sequence[str]) -> subprocess.Popen[str]:
        """Start a program of this machine in a node's network."""
        return subprocess.Popen(
            network.within(self.namespace(node), *argv), cwd=TESTS, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def down(self) -> None:
        """Take the lab away, in whatever state it is."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
        attempt([str(CHECKOUT / "scripts" / "lab"), "--name", self.name, "down"], timeout_s=120)
        self._record = None
