# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill whose controller is lost, and a second one meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[3]
DRILL = ("--wan", "fibre", "--kind", "silent", "--seconds", "6", "--budget-ms", "8000")


def fault_is_in(office: Any) -> bool:
    return not office.lab.ping("gw", "203.0.113.1", "-I", "wan1")


def may_run(office: Any) -> bool:
    done = office.lab.exec("gw", "relais", "drill", "check", *DRILL)
    return bool(done.returncode == 0)


def kept(office: Any) -> set[str]:
    """Evidence on the gateway."""
    return set(office.run("ls /var/lib/relais/drills 2>/dev/null || true").split())


def test_a_drill_survives_its_controller_and_refuses_a_second_one(office: Any) -> None:
    office.lab.wait("a drill may run", lambda: may_run(office), within_s=90)
    before = kept(office)
    with office.survives("the controller dies in a drill") as cut:
        controller = playbook(office)
        cut(None)  # The drill does.
        office.lab.wait("the fault is in", lambda: fault_is_in(office))
        second = office.lab.exec("gw", "relais", "drill", "run", *DRILL, "--json")
        assert (second.returncode, json.loads(second.stdout)["error"]) == (
            1,
            {
                "code": "refused",
                "message": "the drill was refused: another drill is running on this gateway; "
                "wait for it to end",
                "problems": ["another drill is running on this gateway; wait for it to end"],
            },
        )
        lose(office, controller)
        office.lab.wait("the fault has ended", lambda: not fault_is_in(office))
        office.lab.wait("the evidence", lambda: len(kept(office) - before) == 1, within_s=120)
    (name,) = kept(office) - before
    evidence = json.loads(office.run(f"cat /var/lib/relais/drills/{name}"))
    assert evidence["schema"] == "relais.drill/1"
    assert evidence["fault"]["wan"] == "fibre"
    assert evidence["services"]["voice"]["during"] == "lte"
    office.lab.wait("the lock is free", lambda: may_run(office), within_s=90)


def playbook(office: Any) -> subprocess.Popen[bytes]:
    """The drill's playbook, in a process group of its own."""
    words = ["drill_wan=fibre", "drill_seconds=6", "drill_budget_ms=8000"]
    argv = [str(Path(sys.executable).with_name("ansible-playbook")), "relais.continuity.drill"]
    argv += ["-i", office.lab.status()["inventory"]]
    argv += [part for word in words for part in ("-e", word)]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "build/collections")}
    return subprocess.Popen(
        argv, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    )


def lose(office: Any, controller: subprocess.Popen[bytes]) -> None:
    """Kill Ansible and every connection to the gateway, on both of its ends."""
    os.killpg(controller.pid, 9)
    assert controller.wait() == -9
    office.run("pkill -KILL -f '^sshd: root'")
