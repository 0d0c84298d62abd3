# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fibre carries is measured against a server in the Internet: through the fibre alone, and
only while nothing is wrong."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SERVER = Path(__file__).with_name("bulk.py")
HOST, PORT = "198.51.100.10", "8088"
SHAPED_MBIT = 80
MEASURED = {
    "download_url": f"http://{HOST}:{PORT}/1GB",
    "upload_url": f"http://{HOST}:{PORT}/",
    "hours": "02:00-02:30",
    "seconds": 5,
}
BY_DAY = """
mkdir -p /run/systemd/system/relais-throughput.service.d
printf '[Service]\\nExecStart=\\nExecStart=/usr/local/bin/relais throughput run --now\\n' \
  >/run/systemd/system/relais-throughput.service.d/by-day.conf
systemctl daemon-reload
"""
TIMER = ("systemctl", "is-enabled", "relais-throughput.timer")


@pytest.fixture(scope="module")
def measured(gateway: Any) -> Iterator[Any]:
    """The gateway as `site` sets it up to measure; the operator lets only so much through."""
    lab = gateway.lab
    nodes = lab.status()["nodes"]
    within = ["ip", "netns", "exec", nodes["internet"]["namespace"]]
    shape = ("root", "tbf", "rate", f"{SHAPED_MBIT}mbit", "burst", "64k", "latency", "50ms")
    lab.at_rest()
    with subprocess.Popen(
        [*within, "python3", "-I", SERVER, HOST, PORT], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        try:
            assert gateway.site(relais_throughput=MEASURED) > 0
            for device in ("cust", "core"):
                added = lab.exec("isp-fibre", "tc", "qdisc", "add", "dev", device, *shape)
                assert added.returncode == 0, added.stderr
            yield gateway
        finally:
            server.kill()
            for device in ("cust", "core"):
                lab.exec("isp-fibre", "tc", "qdisc", "del", "dev", device, "root")
            gateway.site(relais_throughput={**MEASURED, "enabled": False})
            lab.at_rest()
    assert lab.exec("gw", *TIMER).returncode != 0
    assert lab.exec("gw", "ls", "/etc/relais/throughput.json").returncode != 0


def asked(gateway: Any, *words: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit status and figures of a measurement, whatever the hour."""
    done = gateway.lab.exec("gw", "relais", "throughput", "run", "--now", "--json", *words)
    return done.returncode, json.loads(done.stdout)["measured"]


def load_is_known(gateway: Any) -> bool:
    """A daemon that has just begun has to look twice; the command reads what it has written."""
    fibre = json.loads(gateway.run("cat", "/run/relais/state.json"))["wans"]["fibre"]
    return None not in (fibre["rx_mbit"], fibre["tx_mbit"])


def test_a_second_run_changes_nothing_and_the_timer_is_wound(measured: Any) -> None:
    assert measured.site(relais_throughput=MEASURED) == 0
    assert measured.run(*TIMER) == "enabled\n"
    shown = measured.run("systemctl", "show", "relais-throughput.timer", "-p", "TimersCalendar")
    assert "OnCalendar=*-*-* 02:00:00 Europe/Paris" in shown


def test_the_figure_is_what_the_operator_lets_through_by_that_line_alone(measured: Any) -> None:
    lab = measured.lab
    lab.at_rest()
    before = lab.relais("status")
    status, (told,) = asked(measured)
    assert (status, told["wan"], told["reason"]) == (0, "fibre", None)
    for way in ("down_mbit", "up_mbit"):  # the payload of what is shaped with its headers
        assert 0.7 * SHAPED_MBIT < told[way] <= 1.05 * SHAPED_MBIT, told
    after = lab.relais("status")
    spent = {
        name: sum(after["wans"][name][k] - wan[k] for k in ("rx_bytes", "tx_bytes"))
        for name, wan in before["wans"].items()
    }
    assert spent["fibre"] > told["bytes"] > 50_000_000
    assert spent["lte"] < 100_000
    event = lab.relais("events")["events"][-1]
    assert (event["kind"], event["wan"]) == ("throughput", "fibre")
    assert event["inputs"]["down_mbit"] == told["down_mbit"]
    assert event["inputs"]["sold_down_mbit"] == 500
    listed = lab.relais("throughput", "list")["measured"]
    assert listed[-1]["id"] == event["id"]
    used = {name: one["wans"][0]["wan"] for name, one in after["services"].items()}
    assert set(used.values()) == {"fibre"}, "our own load moves nobody"


def test_nothing_is_measured_on_a_metered_line_nor_by_day_nor_while_somebody_works(
    measured: Any,
) -> None:
    status, (told,) = asked(measured, "--wan", "lte")
    assert (status, told["reason"]) == (1, "lte is metered: what is sent on it is paid for")
    hour = measured.run("sh", "-c", "TZ=Europe/Paris date +%H:%M").strip()
    if not "02:00" <= hour < "02:30":
        done = measured.lab.exec("gw", "relais", "throughput", "run")
        assert done.returncode == 1
        assert "lines are filled from 02:00-02:30 only" in done.stderr
    measured.lab.do("fault", "isp-lte", "carrier")
    measured.lab.wait(
        "an incident is open", lambda: bool(measured.lab.relais("status")["incidents"])
    )
    status, (told,) = asked(measured)
    assert status == 1
    assert told["reason"].startswith("an incident is open: ")
    measured.lab.do("fault", "all", "clear")


def test_the_unit_may_do_what_it_must_and_little_else(measured: Any) -> None:
    lab, unit = measured.lab, "relais-throughput.service"
    lab.at_rest()
    lab.wait("no incident is open", lambda: lab.relais("status")["incidents"] == [], within_s=120)
    # As the timer starts it, by day: it says so, and is no failed unit.
    measured.run("systemctl", "start", unit)
    assert measured.run("systemctl", "show", "-P", "Result", unit) == "success\n"
    measured.run("sh", "-ec", BY_DAY)
    lab.wait("the load is known", lambda: load_is_known(measured))
    before = lab.relais("throughput", "list")["measured"]
    measured.run("systemctl", "start", unit)
    said = measured.run("journalctl", "--no-pager", "-n", "5", "-u", unit)
    assert len(lab.relais("throughput", "list")["measured"]) == len(before) + 1, said
    verdict = measured.run("systemd-analyze", "security", "--no-pager", unit)
    exposed = verdict.split("Overall exposure level for ")[1].split(": ")[1].split()[0]
    assert float(exposed) <= 4.0, verdict
