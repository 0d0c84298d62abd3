# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs do not meet, and none leaves anything behind, however it ended."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


def leftovers(name: str) -> list[str]:
    """Everything on this machine that still carries a lab's name."""
    found = [line for line in Path("/proc/mounts").read_text().splitlines() if name in line]
    for folder in (
        Path("/run/relais-lab"),
        Path("/var/tmp/relais-lab"),
        Path("/run/netns"),
        Path("/etc/netns"),
        Path("/run/systemd/nspawn/propagate"),
        Path("/run/systemd/nspawn/unix-export"),
        Path("/sys/fs/cgroup/systemd"),
        Path("/sys/fs/cgroup/unified"),
        CHECKOUT / "build" / "lab",
    ):
        found += [str(path) for path in folder.glob(f"*{name}*")]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if f"relais-{name}" in command or f"relais-lab/{name}" in command:
            found.append(f"{process.name} {command}")
    return found


def supervisor(lab: Any) -> int:
    """Pid of the systemd-nspawn that runs a lab's gateway."""
    stat = Path(f"/proc/{lab.status()['nodes']['gw']['pid']}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


def test_two_labs_with_the_same_addresses_do_not_meet(lab: Any, spare_lab: Any) -> None:
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True)
    spare_lab.do("up")
    after = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True)
    assert after.stdout == links.stdout  # nothing of it is in the host's own namespace
    one, other = lab.status(), spare_lab.status()
    assert one["nodes"]["gw"]["addresses"] == other["nodes"]["gw"]["addresses"]
    identities = set()
    for status in (one, other):
        argv = [*status["ssh"]["argv"], "cat", "/etc/machine-id"]
        identities.add(subprocess.run(argv, capture_output=True, check=True).stdout)
    assert len(identities) == 2
    spare_lab.do("fault", "all", "carrier")
    assert not spare_lab.exec("isp-fibre", "ip", "-o", "link", "show", "dev", "cust", "up").stdout
    assert lab.exec("isp-fibre", "ip", "-o", "link", "show", "dev", "cust", "up").stdout
    spare_lab.do("down")
    assert leftovers(spare_lab.name) == []
    assert lab.status()["state"] == "up"


def test_a_killed_machine_and_a_forgotten_server_leave_nothing(spare_lab: Any) -> None:
    spare_lab.do("up")
    spare_lab.do("exec", "lan", "--", "sh", "-c", "sleep 1000 >/dev/null 2>&1 &")
    stray = spare_lab.exec("lan", "ip", "netns", "pids", f"relais-{spare_lab.name}-lan")
    assert stray.stdout.split()
    os.kill(supervisor(spare_lab), signal.SIGKILL)
    spare_lab.wait("it is noticed", lambda: spare_lab.status()["state"] == "broken")
    assert spare_lab.exec("gw", "true").returncode == 1
    spare_lab.do("down")
    assert leftovers(spare_lab.name) == []
    assert not [pid for pid in stray.stdout.split() if Path(f"/proc/{pid}/ns/net").exists()]


def test_up_clears_a_crashed_lab_away_and_starts_afresh(spare_lab: Any) -> None:
    spare_lab.do("up")
    spare_lab.do("exec", "gw", "--", "touch", "/etc/trace-of-the-old-one")
    os.kill(supervisor(spare_lab), signal.SIGKILL)
    spare_lab.wait("it is noticed", lambda: spare_lab.status()["state"] == "broken")
    spare_lab.do("up")
    assert spare_lab.status()["state"] == "up"
    assert spare_lab.exec("gw", "test", "-e", "/etc/trace-of-the-old-one").returncode == 1


def interrupted_up(lab: Any, landmark: str, number: signal.Signals) -> None:
    """Start a lab, and send a signal to its `up` when something is on record."""
    record = Path(f"/run/relais-lab/{lab.name}/state.json")
    starting = subprocess.Popen(
        [CHECKOUT / "scripts" / "lab", "--name", lab.name, "up"], stderr=subprocess.DEVNULL
    )
    try:
        lab.wait(
            f"{landmark} is on record",
            lambda: record.exists() and f'"{landmark}"' in record.read_text(),
        )
    finally:
        starting.send_signal(number)
        starting.wait()


@pytest.mark.parametrize("landmark", ["internet", "internet hosts", "gateway"])
def test_an_up_that_is_killed_half_way_is_cleaned_by_down(spare_lab: Any, landmark: str) -> None:
    interrupted_up(spare_lab, landmark, signal.SIGKILL)
    assert spare_lab.status()["state"] == "broken"
    spare_lab.do("down")
    assert leftovers(spare_lab.name) == []


def test_an_up_that_is_asked_to_end_cleans_up_after_itself(spare_lab: Any) -> None:
    interrupted_up(spare_lab, "gateway", signal.SIGTERM)
    assert leftovers(spare_lab.name) == []


def test_the_gateway_survives_a_reboot_with_its_disk(spare_lab: Any) -> None:
    spare_lab.do("up")
    before = spare_lab.status()["nodes"]["gw"]["pid"]
    spare_lab.do("exec", "gw", "--", "touch", "/etc/kept")
    spare_lab.exec("gw", "systemctl", "reboot")
    spare_lab.wait(
        "the machine is another one",
        lambda: spare_lab.status()["nodes"]["gw"]["pid"] not in (None, before),
    )
    spare_lab.wait(
        "it answers by SSH",
        lambda: spare_lab.command("ssh", "--", "test", "-e", "/etc/kept").returncode == 0,
    )
    assert spare_lab.status()["state"] == "up"


INVENTORY = """---
all:
  hosts:
    desk:
    site-a.example:
      relais_lan: {interface: inside, address: 192.168.10.1/24}
      relais_wans:
        - {name: cable, interface: eth1, method: dhcp}
        - {name: dsl, interface: eth2, method: static,
           address: 198.51.100.226/29, gateway: 198.51.100.225}
        - {name: lte, interface: eth3, method: dhcp}
"""


def test_any_inventory_with_one_gateway_becomes_a_lab(spare_lab: Any, tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(INVENTORY)
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "site-a.example.yml").write_text(
        "---\nansible_host: gateway.example\nrelais_site: {name: A}\n"
    )
    spare_lab.do("up", str(inventory))
    status = spare_lab.status()
    assert list(status["nodes"]) == ["gw", "lan", "isp-cable", "isp-dsl", "isp-lte", "internet"]
    assert spare_lab.exec("gw", "hostname").stdout == "site-a\n"
    networks = {wan["isp_address"].rpartition("/")[0] for wan in status["wans"]}
    assert len(networks) == 3
    assert spare_lab.ping("isp-dsl", "198.51.100.10")
    listed = subprocess.run(
        ["ansible", "-i", status["inventory"], "site-a.example", "-m", "ansible.builtin.command",
         "-a", "hostname --fqdn"],
        capture_output=True, text=True, check=False, env=with_tools(),
    )  # fmt: skip
    assert "site-a.example" in listed.stdout.splitlines(), listed.stdout + listed.stderr


def with_tools() -> dict[str, str]:
    """Environment in which the checkout's own Ansible is found."""
    return dict(os.environ, PATH=f"{CHECKOUT}/.venv/bin:{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("method: static", "method: pigeon"), "relais_wans[1].method"),
        (("198.51.100.225", "198.51.100.1"), "relais_wans[1].gateway"),
        (("198.51.100.226/29", "192.168.10.226/24"), "relais_wans[1].gateway"),
        (("name: lte", "name: dsl"), "relais_wans[2].name"),
        (("192.168.10.1/24", "somewhere"), "relais_lan.address"),
        (("    desk:\n", "    desk: {relais_wans: []}\n"), "--host"),
        (("relais_wans", "wans"), "found: none"),
    ],
)
def test_an_inventory_that_makes_no_sense_is_refused_before_anything_is_made(
    spare_lab: Any, tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(INVENTORY.replace(*change))
    result = spare_lab.command("up", str(inventory))
    assert result.returncode == 1
    assert message in result.stderr
    assert leftovers(spare_lab.name) == []
