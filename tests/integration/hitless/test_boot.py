# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway that boots: never open, never in the LAN's way, with or without daemon and lines."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ECHO, WEB = "198.51.100.10", "198.51.100.200"
FIBRE, LAN, CLIENT = "203.0.113.2", "192.0.2.1", "192.0.2.10"


@contextmanager
def watching(lab: Any, node: str, *words: str) -> Iterator[dict[str, int]]:
    """Somebody at the door, or behind it, for as long as the block lasts."""
    within = ["ip", "netns", "exec", lab.status()["nodes"][node]["namespace"]]
    argv = [*within, sys.executable, str(HERE / "knock.py"), *words]
    told: dict[str, int] = {}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
        try:
            yield told
        finally:
            one.terminate()
        told.update(json.loads(one.stdout.read()))


def reboot(office: Any) -> None:
    """Boot anew, with a kernel that knows nothing; return once the boot is over."""
    office.lab.reboot()
    state = office.lab.exec("gw", "systemctl", "is-system-running", "--wait").stdout.strip()
    assert state == "running", office.run("systemctl", "--failed", "--no-legend")


def instant(office: Any, unit: str, which: str) -> int:
    """When something happened to a unit, in microseconds of the boot."""
    shown = office.run("systemctl", "show", "--value", f"--property={which}Monotonic", unit)
    assert int(shown) > 0, f"{unit} has no {which}"
    return int(shown)


@pytest.fixture
def without_daemon(office: Any) -> Iterator[Any]:
    """The gateway, whose daemon may not start."""
    office.run("systemctl", "mask", "--runtime", "relaisd")
    office.run("systemctl", "disable", "relaisd")
    yield office
    office.run("systemctl", "unmask", "--runtime", "relaisd")
    office.run("systemctl", "enable", "--now", "relaisd")


def test_a_boot_is_never_open_and_forwards_without_the_daemon(without_daemon: Any) -> None:
    office, lab = without_daemon, without_daemon.lab
    way_in = ("route", "replace", f"{CLIENT}/32", "via", FIBRE)
    assert lab.exec("isp-fibre", "ip", *way_in).returncode == 0
    with (
        watching(lab, "lan", "listen") as inside,
        watching(lab, "isp-fibre", "knock", FIBRE, "22", CLIENT) as outside,
    ):
        reboot(office)
        lab.wait("the LAN has Internet", lambda: lab.ping("lan", ECHO))
        counter = office.run("nft", "--json", "list", "counter", "inet", "relais", "rx_fibre")
    assert lab.exec("isp-fibre", "ip", "route", "del", f"{CLIENT}/32").returncode == 0
    assert json.loads(counter)["nftables"][1]["counter"]["packets"] > 20, "somebody did knock"
    assert (outside["answered"], inside["heard"]) == (0, 0), outside
    assert office.run("systemctl", "show", "--value", "--property=MainPID", "relaisd") == "0\n"
    seen = lab.exec("lan", "curl", "-s", "--max-time", "5", f"http://{WEB}/").stdout
    assert seen.strip() == FIBRE, "by the first preference"


def test_the_firewall_stands_before_the_kernel_forwards_and_a_link_is_up(office: Any) -> None:
    loaded = instant(office, "relais-firewall.service", "ActiveEnterTimestamp")
    assert loaded < instant(office, "systemd-sysctl.service", "ExecMainStartTimestamp")
    assert loaded < instant(office, "systemd-networkd.service", "ExecMainStartTimestamp")


def test_a_boot_with_every_line_dead_is_a_boot_all_the_same(office: Any) -> None:
    lab = office.lab
    lab.do("fault", "isp-fibre", "blackhole")
    lab.do("fault", "isp-lte", "carrier")
    reboot(office)
    lease = lab.exec("lan", "python3", str(HERE / "lease.py"), "eth0")
    assert lease.stdout.startswith("192.0.2."), lease.stderr
    assert lab.client("lan", "dns-udp", LAN, "gw").returncode == 0
    assert lab.exec("lan", "nc", "-z", "-w", "2", LAN, "22").returncode == 0
    lab.wait("the daemon answers", office.answers)
    lab.wait("it sees both lines down", lambda: set(office.states().values()) == {"down"})
    lab.do("fault", "all", "clear")
    lab.wait("the LAN has Internet", lambda: lab.ping("lan", ECHO))
