# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills on a real gateway: what they find, when they refuse, and that they always end.

Budgets are wide here: how fast a switch is, is a matter for measurements on a quiet machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
WIDE = ("--budget-ms", "8000")
FIBRE = "203.0.113.1"


def drill(lab: Any, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit status and JSON of `relais drill`."""
    result = lab.exec("gw", "relais", "drill", *words, "--json")
    answer: dict[str, Any] = json.loads(result.stdout)
    return result.returncode, answer


def may_run(lab: Any) -> bool:
    return drill(lab, "check", "--wan", "fibre", "--kind", "silent")[0] == 0


def fault_is_in(lab: Any) -> bool:
    return not lab.ping("gw", FIBRE, "-I", "wan1")


def leftovers(lab: Any) -> str:
    """What a drill could leave in the kernel and in systemd."""
    look = (
        "ip -o link show dev relais-drill0; ip netns list | grep relais-drill;"
        "nft list table netdev relais_drill; systemctl list-units --no-legend 'relais-drill*'"
    )
    return str(lab.exec("gw", "sh", "-c", f"({look}) 2>/dev/null").stdout)


@pytest.fixture
def gateway(site_lab: Any) -> Iterator[Any]:
    """The provisioned site, at rest before and after."""
    site_lab.at_rest()
    site_lab.wait("a drill may run", lambda: may_run(site_lab), within_s=90)
    yield site_lab
    site_lab.wait("the fault is over", lambda: not fault_is_in(site_lab))


@pytest.mark.parametrize("kind", ["silent", "carrier"])
def test_a_drill_finds_every_service_on_the_backup_and_back_again(gateway: Any, kind: str) -> None:
    status, found = drill(gateway, "run", "--wan", "fibre", "--kind", kind, "--seconds", "6", *WIDE)
    assert found["reasons"] == []
    assert (status, found["verdict"]) == (0, "pass")
    assert set(found["services"]) == {"voice", "vpn", "web", "default"}
    for name, service in found["services"].items():
        assert (service["before"], service["during"]) == ("fibre", "lte")
        # The drill's own packets are a call, so voice stays while lte keeps its limits.
        assert service["after"] in (("fibre", "lte") if name == "voice" else ("fibre",))
        assert service["sent"] > 200
    assert found["sessions"]["tcp_open"] == 20
    assert found["sessions"]["tcp_stuck"] == 0
    assert found["failback"]["sessions"] == 20
    assert found["failback"]["needless_resets"] == 0
    said = [entry["what"] for entry in found["timeline"]]
    assert "fibre down" in said
    assert said.index("fault injected") < said.index("fibre down") < said.index("fault ended")
    kept = gateway.exec("gw", "cat", f"/var/lib/relais/drills/{found['id']}.json")
    assert json.loads(kept.stdout) == found
    assert leftovers(gateway) == ""
    incident = gateway.relais("incidents")["incidents"][-1]
    assert (incident["class"], incident["drill"]) == ("drill", {"wans": ["fibre"]})
    assert {entry["impact"] for entry in incident["services"].values()} == {"moved"}


def test_a_silent_fault_keeps_the_carrier_and_a_second_drill_waits(gateway: Any) -> None:
    with running(gateway, "--kind", "silent", "--seconds", "5") as runner:
        gateway.wait("the fault is in", lambda: fault_is_in(gateway))
        assert gateway.exec("gw", "cat", "/sys/class/net/wan1/carrier").stdout == "1\n"
        assert "another drill is running" in refusal(gateway)[0]
        assert runner.wait(180) == 0


def test_a_fault_ends_although_its_runner_was_killed(gateway: Any) -> None:
    for kind in ("silent", "carrier"):
        with running(gateway, "--kind", kind, "--seconds", "8"):
            gateway.wait("the fault is in", lambda: fault_is_in(gateway))
            assert gateway.exec("gw", "pkill", "-KILL", "-f", "relais drill run").returncode == 0
            assert fault_is_in(gateway)
            assert "the fault of an earlier drill is still in" in refusal(gateway)[0]
            gateway.wait("the fault has ended", lambda: not fault_is_in(gateway))
        gateway.wait("a drill may run", lambda: may_run(gateway), within_s=90)
        assert gateway.exec("gw", "pgrep", "-f", "relais.shell.drill.client").returncode == 1
    status, _unused = drill(
        gateway, "run", "--wan", "fibre", "--kind", "silent", "--seconds", "5", *WIDE
    )
    assert status == 0
    assert leftovers(gateway) == ""


def test_a_signal_ends_the_fault_and_keeps_the_evidence(gateway: Any) -> None:
    with running(gateway, "--kind", "silent", "--seconds", "300", "--output", "/tmp/x") as runner:
        gateway.wait("the fault is in", lambda: fault_is_in(gateway))
        gateway.exec("gw", "pkill", "-TERM", "-f", "relais drill run")
        assert runner.wait(60) == 1
    assert not fault_is_in(gateway)
    assert leftovers(gateway) == ""
    found = json.loads(gateway.exec("gw", "cat", "/tmp/x").stdout)
    assert found["reasons"][0] == "aborted: interrupted by SIGTERM"


def test_a_breach_of_the_budget_ends_the_fault_at_once(gateway: Any) -> None:
    gateway.exec("gw", "systemctl", "stop", "relaisd")  # nobody switches
    try:
        status, refused = drill(gateway, "run", "--wan", "fibre", "--kind", "silent")
        assert (status, refused["error"]["code"]) == (1, "refused")
    finally:
        gateway.exec("gw", "systemctl", "start", "relaisd")
    gateway.wait("a drill may run", lambda: may_run(gateway), within_s=90)
    status, found = drill(
        gateway, "run", "--wan", "fibre", "--kind", "silent", "--seconds", "60", "--budget-ms", "1"
    )
    assert (status, found["verdict"]) == (1, "fail")
    assert "got no answer for more than 1 ms" in found["reasons"][0]
    assert found["fault"]["lasted_ms"] < 60_000
    assert leftovers(gateway) == ""


def refusal(lab: Any, *words: str) -> list[str]:
    status, answer = drill(lab, "check", "--wan", "fibre", "--kind", "silent", *words)
    assert (status, answer["error"]["code"]) == (1, "refused")
    problems: list[str] = answer["error"]["problems"]
    return problems


def test_every_reason_against_a_drill_is_given_at_once(gateway: Any) -> None:
    gateway.exec("gw", "relais", "link", "lte", "drain")
    found = refusal(gateway, "--seconds", "1")
    assert len(found) == 2
    assert "5 to 600 seconds" in found[0]
    assert "lte is drained" in found[1]


def test_a_drill_is_refused_while_the_backup_is_dead(gateway: Any) -> None:
    gateway.do("fault", "isp-lte", "blackhole")
    gateway.wait("lte is known to be dead", lambda: not may_run(gateway), within_s=90)
    assert "no backup is proved good" in refusal(gateway)[0]


class running:
    """A drill in the background for as long as the body lasts."""

    def __init__(self, lab: Any, *words: str) -> None:
        self._command = [CHECKOUT / "scripts" / "lab", "--name", lab.name, "exec", "gw", "--"]
        self._command += ["relais", "drill", "run", "--wan", "fibre", *WIDE, *words]

    def __enter__(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        return self._process

    def __exit__(self, *_unused: object) -> None:
        self._process.wait(240)


def ansible(lab: Any, program: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name(program), "-i", lab.status()["inventory"], *words],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "build" / "collections")},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def module(lab: Any, name: str, arguments: dict[str, str], *words: str) -> dict[str, Any]:
    """The result of one module on the gateway, by real SSH."""
    said = ansible(
        lab, "ansible", "gw", "-b", "-m", f"relais.continuity.{name}",
        "-a", " ".join(f"{key}={value}" for key, value in arguments.items()), *words,
    )  # fmt: skip
    _unused, _unused, text = said.stdout.partition("=> ")
    result: dict[str, Any] = json.loads(text)
    return result


def test_the_playbook_keeps_the_evidence_on_the_controller(gateway: Any, tmp_path: Path) -> None:
    exact = tmp_path / "exact.json"
    words = ["drill_wan=fibre", "drill_kind=carrier", "drill_seconds=5", "drill_budget_ms=8000"]
    words += [f"drill_evidence_dir={tmp_path / 'kept'}", f"drill_evidence_file={exact}"]
    extra = [part for word in words for part in ("-e", word)]
    done = ansible(gateway, "ansible-playbook", "relais.continuity.drill", *extra)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS, carrier fault on fibre for 5 s" in done.stdout
    found = json.loads(exact.read_text())
    assert found["verdict"] == "pass"
    kept = tmp_path / "kept" / f"gw-{found['id']}.json"
    assert json.loads(kept.read_text()) == found


def test_the_playbook_fails_after_it_has_kept_the_evidence(gateway: Any, tmp_path: Path) -> None:
    exact = tmp_path / "exact.json"
    words = ["drill_wan=fibre", "drill_seconds=5", "drill_budget_ms=1"]
    words += [f"drill_evidence_dir={tmp_path}", f"drill_evidence_file={exact}"]
    extra = [part for word in words for part in ("-e", word)]
    done = ansible(gateway, "ansible-playbook", "relais.continuity.drill", *extra)
    assert done.returncode == 2, done.stdout + done.stderr
    assert json.loads(exact.read_text())["verdict"] == "fail"
    assert "more than 1 ms" in done.stdout, done.stdout


def test_check_mode_of_the_playbook_only_asks(gateway: Any, tmp_path: Path) -> None:
    before = gateway.exec("gw", "ls", "/var/lib/relais/drills").stdout
    words = ["-e", "drill_wan=fibre", "-e", f"drill_evidence_dir={tmp_path}"]
    done = ansible(gateway, "ansible-playbook", "relais.continuity.drill", "--check", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the drill may run now" in done.stdout
    words[1] = "drill_wan=nosuch"
    done = ansible(gateway, "ansible-playbook", "relais.continuity.drill", "--check", *words)
    assert done.returncode == 2
    assert "WAN 'nosuch' does not exist; known: fibre, lte" in done.stdout.replace("\\'", "'")
    assert gateway.exec("gw", "ls", "/var/lib/relais/drills").stdout == before


def test_the_modules_read_and_set_links(gateway: Any) -> None:
    status = module(gateway, "wan_status_info", {})
    assert [wan["name"] for wan in status["wans"]] == ["fibre", "lte"]
    assert status["healthy"] is True
    drained = {"wan": "lte", "state": "drained"}
    assert module(gateway, "wan_link", drained, "--check")["changed"] is True
    assert module(gateway, "wan_link", drained)["changed"] is True
    assert module(gateway, "wan_link", drained)["changed"] is False
    assert module(gateway, "wan_status_info", {})["healthy"] is False
    assert module(gateway, "wan_link", {"wan": "lte"})["changed"] is True
