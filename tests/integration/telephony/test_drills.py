# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills with a telephone against a real registrar, and the day on which no line works.

Budgets are wide here: how fast a switch is, is a matter for measurements on a quiet machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.pbx import Pbx

from .conftest import PASSWORD, PHONE, SIP_HOST

CHECKOUT = Path(__file__).resolve().parents[3]
CONFIG, SECRET_FILE = "/etc/relais/telephone-drill.json", "/etc/relais/telephone-drill.secret"
WIDE = ("--budget-ms", "8000")
RECEPTION, MOBILE = "+33199000001", "+33199000777"
OPEN = datetime(2026, 12, 1, 10, tzinfo=UTC)


@pytest.fixture
def gateway(site_lab: Any, operator: Path) -> Iterator[Any]:
    """The provisioned site at rest, with a configuration for drills beside that of the daemon."""
    lab = site_lab
    lab.at_rest()
    telephone(lab, PASSWORD)
    check = ("relais", "drill", "check", "--wan", "fibre", "--kind", "silent")
    lab.wait("a drill may run", lambda: lab.exec("gw", *check).returncode == 0, within_s=120)
    yield lab
    lab.wait("the fault is over", lambda: lab.ping("lan", SIP_HOST))
    lab.exec("gw", "rm", "-f", CONFIG, SECRET_FILE)


def telephone(lab: Any, password: str, **changes: Any) -> None:
    """Give drills an account of the operator."""
    config = json.loads(lab.exec("gw", "cat", "/etc/relais/config.json").stdout)
    account = {"registrar": SIP_HOST, "port": 5060, "domain": SIP_HOST, "user": "drill"}
    account |= {"secret_file": SECRET_FILE, "call": "echo", **changes}
    config["drill"] |= {"sip": account, "local": [PHONE]}
    for path, text in ((CONFIG, json.dumps(config)), (SECRET_FILE, password)):
        lab.exec("gw", "sh", "-c", f"umask 077; cat > {path}", stdin=text)


def drill(lab: Any, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit status and answer of a drill with a telephone."""
    done = lab.exec("gw", "relais", "drill", *words, "--config", CONFIG, "--json")
    answer: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, answer


def test_the_evidence_tells_of_a_call_that_lived_through_the_cut(
    gateway: Any, record_property: Any
) -> None:
    status, found = drill(
        gateway, "run", "--wan", "fibre", "--kind", "silent", "--seconds", "8", *WIDE
    )
    sip = found["sip"]
    print(f"telephone: {sip}")
    record_property("sip", json.dumps(sip))
    assert (status, found["reasons"]) == (0, [])
    assert (sip["registrar"], sip["call"]) == (f"{SIP_HOST}:5060", "echo")
    assert sip["call_alive"] is True and sip["ok"] is True
    assert 0 < sip["audio_heard"] < sip["audio_sent"]
    assert 0 < sip["audio_gap_ms"] < 8000
    assert 0 < sip["reregister_ms"] < 8000
    assert 0 < sip["usable_ms"] < 8000
    assert PASSWORD not in json.dumps(found)
    assert gateway.exec("gw", "ip", "netns", "list").stdout == ""


@pytest.mark.parametrize(
    ("password", "changes", "says"),
    [
        ("wrong-password", {}, f"drill at {SIP_HOST} port 5060: is not registered (status 401)"),
        (PASSWORD, {"call": "nobody"}, "cannot call 'nobody' (status 480)"),
        (PASSWORD, {"port": 5099}, "is not registered (no answer)"),
        (PASSWORD, {"secret_file": "/nowhere"}, "secret_file: /nowhere: No such file"),
    ],
)
def test_a_telephone_that_does_not_work_before_the_fault_prevents_it(
    gateway: Any, password: str, changes: dict[str, Any], says: str
) -> None:
    telephone(gateway, password, **changes)
    status, answer = drill(gateway, "run", "--wan", "fibre", "--kind", "silent")
    assert (status, answer["error"]["code"]) == (1, "baseline")
    assert says in answer["error"]["message"]
    assert "nothing was injected" in answer["error"]["message"]
    assert password not in json.dumps(answer)


def test_on_a_day_without_any_line_the_inside_stays_and_calls_go_to_the_mobiles(
    gateway: Any,
) -> None:
    with Pbx() as cloud:
        cloud.clock.stop_at(OPEN)
        reception = cloud.state.find("RingGroups", Number="800")
        assert reception is not None
        reception["ForwardNoAnswer"] = {"To": "External", "Number": "", "External": MOBILE}

        def rings() -> list[str]:
            """Who rings now: the phones are registered in the cloud as long as they reach it."""
            dark = set() if gateway.ping("lan", SIP_HOST) else {"Reception"}
            found: list[str] = cloud.oracle.call(RECEPTION, dark=dark).rings
            return found

        assert rings() == ["100", "101", "102"]
        words = ["drill", "run", "--kind", "total", "--seconds", "15", *WIDE, "--config", CONFIG]
        with running(gateway, *words, "--json") as runner:
            gateway.wait("the calls go to the mobile", lambda: rings() == [MOBILE])
            assert gateway.ping("lan", "192.0.2.1")
            assert gateway.exec("gw", "relais", "status").returncode == 0
            assert runner.stdout is not None
            found = json.loads(runner.stdout.read())
            assert runner.wait(240) == 0
        assert rings() == ["100", "101", "102"]
    assert (found["verdict"], found["reasons"]) == ("pass", [])
    assert found["fault"]["wan"] == "all"
    for service in found["services"].values():
        assert service["lost"] > 0 and service["during"] is None
        assert service["outage_ms"] >= 15_000 - 1000
        assert service["recovery_ms"] is not None
    assert {host: one["ok"] for host, one in found["local"].items()} == {
        "192.0.2.1": True,
        PHONE: True,
    }
    assert found["sip"]["reregister_ms"] >= 10_000
    assert found["failback"]["back_ms"] is not None


def test_the_total_cut_ends_although_its_runner_was_killed(gateway: Any) -> None:
    words = ["drill", "run", "--kind", "total", "--seconds", "12", *WIDE, "--config", CONFIG]
    with running(gateway, *words) as runner:
        gateway.wait("all is cut", lambda: not gateway.ping("lan", SIP_HOST))
        killed = gateway.exec("gw", "pkill", "-KILL", "-f", "relais drill run")
        assert killed.returncode == 0
        runner.wait(60)
        status, answer = drill(gateway, "check", "--kind", "total")
        assert status == 1
        assert "an earlier drill is still in" in answer["error"]["message"]
        gateway.wait("all is back", lambda: gateway.ping("lan", SIP_HOST))
    ruleset = ("nft", "list", "table", "netdev", "relais_drill")
    gateway.wait(
        "nothing is left", lambda: gateway.exec("gw", *ruleset).returncode != 0, within_s=60
    )


def test_naming_a_line_for_a_total_cut_or_none_for_another_is_refused(gateway: Any) -> None:
    status, answer = drill(gateway, "check", "--kind", "total", "--wan", "fibre")
    assert status == 1
    assert "leave out --wan fibre" in answer["error"]["message"]
    status, answer = drill(gateway, "check", "--kind", "silent")
    assert (status, answer["error"]["code"]) == (2, "usage")


def running(lab: Any, *words: str) -> subprocess.Popen[str]:
    """A drill that goes on while the test does something else."""
    argv = [CHECKOUT / "scripts" / "lab", "--name", lab.name, "exec", "gw", "--", "relais", *words]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=os.environ)


def test_the_playbook_keeps_the_evidence_of_a_total_cut(
    gateway: Any, site_lab: Any, tmp_path: Path
) -> None:
    evidence = tmp_path / "evidence.json"
    variables = {
        "drill_kind": "total",
        "drill_seconds": 6,
        "drill_budget_ms": 8000,
        "drill_evidence_dir": str(tmp_path),
        "drill_evidence_file": str(evidence),
    }
    playbook = CHECKOUT / ".venv" / "bin" / "ansible-playbook"
    done = subprocess.run(
        [playbook, "-i", site_lab.status()["inventory"], "relais.continuity.drill",
         "-e", json.dumps(variables)],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "build" / "collections"),
             "ANSIBLE_NOCOLOR": "1", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    found = json.loads(evidence.read_text(encoding="utf-8"))
    assert (found["fault"]["kind"], found["verdict"]) == ("total", "pass")
    assert "inside: 192.0.2.1: 0/" in done.stdout
