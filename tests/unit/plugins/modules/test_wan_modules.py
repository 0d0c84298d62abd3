# SPDX-License-Identifier: GPL-3.0-or-later
"""The real modules, run as Ansible runs them, against a relais command that plays a script.

The script stands for a gateway with a daemon; tests/integration runs the modules on a real one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[4]
STATUS = {
    "schema": "relais.state/1",
    "wans": {
        "fibre": {"id": 1, "state": "up", "admin": "auto", "reason": "3 of 3 targets answer"},
        "lte": {"id": 2, "state": "up", "admin": "drain", "reason": "3 of 3 targets answer"},
    },
    "services": {
        "voice": {"importance": "vital", "reason": "preferred", "wans": [{"wan": "fibre"}]},
        "web": {"importance": "normal", "reason": "balanced",
                "wans": [{"wan": "fibre"}, {"wan": "lte"}]},
    },
}  # fmt: skip
PASS = {"schema": "relais.drill/1", "id": "x", "verdict": "pass", "reasons": []}
FAIL = {**PASS, "verdict": "fail", "reasons": ["voice: 1200 ms without service"]}
ENDED = {"id": "20261128T200500Z-fibre", "class": "access", "ended_at": "2026-11-28T20:10:10.100Z"}
OPEN = {"id": "20261128T210000Z-lte", "class": "quality", "ended_at": None}
REFUSED = {"error": {"code": "refused", "message": "refused: a; b", "problems": ["a", "b"]}}

SCRIPT = """\
#!{python}
import json, pathlib, sys
here = pathlib.Path(__file__).parent
with (here / "calls").open("a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
answers = json.loads((here / "answers.json").read_text())
for words, (status, text) in answers.items():
    if " ".join(sys.argv[1:]).startswith(words):
        print(text)
        sys.exit(status)
print("unexpected", sys.argv, file=sys.stderr)
sys.exit(2)
"""


@dataclass
class Gateway:
    """A folder with a relais command in it."""

    folder: Path

    def answers(self, **extra: tuple[int, object]) -> None:
        texts: dict[str, tuple[int, str]] = {"--version": (0, "relais 0.1.0")}
        for words, (status, document) in extra.items():
            text = document if isinstance(document, str) else json.dumps(document)
            texts[words.replace("_", " ") if words != "version" else "--version"] = (status, text)
        (self.folder / "answers.json").write_text(json.dumps(texts))

    def calls(self) -> list[list[str]]:
        lines = (self.folder / "calls").read_text().splitlines()
        return [call for line in lines if (call := json.loads(line)) != ["--version"]]

    def run(self, module: str, check: bool = False, **params: Any) -> dict[str, Any]:
        arguments = {"_ansible_check_mode": check, "_ansible_diff": True}
        arguments |= {"_ansible_remote_tmp": str(self.folder), **params}
        environment = {"PATH": str(self.folder), "PYTHONPATH": str(ROOT / "build" / "collections")}
        done = subprocess.run(
            [sys.executable, ROOT / "plugins" / "modules" / f"{module}.py"],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        result: dict[str, Any] = json.loads(done.stdout)
        assert bool(result.get("failed")) == bool(done.returncode)
        return result


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    command = tmp_path / "relais"
    command.write_text(SCRIPT.format(python=sys.executable))
    command.chmod(0o755)
    one = Gateway(tmp_path)
    one.answers(status=(0, STATUS), link=(0, {"changed": True}))
    return one


def test_status_info_gives_the_document_and_lists(gateway: Gateway) -> None:
    found = gateway.run("wan_status_info")
    assert found["changed"] is False
    assert found["state"] == STATUS
    assert [(wan["name"], wan["admin"]) for wan in found["wans"]] == [
        ("fibre", "auto"),
        ("lte", "drain"),
    ]
    assert [(one["name"], one["wans"]) for one in found["services"]] == [
        ("voice", ["fibre"]),
        ("web", ["fibre", "lte"]),
    ]
    assert found["healthy"] is False
    assert gateway.calls() == [["status", "--json"]]


def test_a_link_that_is_as_asked_is_left_alone(gateway: Gateway) -> None:
    found = gateway.run("wan_link", wan="lte", state="drained")
    assert found["changed"] is False
    assert gateway.calls() == [["status", "--json"]]


@pytest.mark.parametrize(
    ("state", "mode"), [("drained", "drain"), ("forced", "force"), ("auto", None)]
)
def test_a_link_is_changed_when_it_differs(gateway: Gateway, state: str, mode: str | None) -> None:
    found = gateway.run("wan_link", wan="fibre", state=state)
    assert found["changed"] is (mode is not None)
    expected = [["status", "--json"]] + ([["link", "fibre", mode, "--json"]] if mode else [])
    assert gateway.calls() == expected
    assert (found["before"], found["after"]) == ("auto", state)
    assert found["diff"]["before"] == {"wan": "fibre", "state": "auto"}
    assert found["diff"]["after"] == {"wan": "fibre", "state": state}


def test_check_mode_says_what_would_change_and_changes_nothing(gateway: Gateway) -> None:
    found = gateway.run("wan_link", check=True, wan="fibre", state="forced")
    assert found["changed"] is True
    assert found["after"] == "forced"
    assert gateway.calls() == [["status", "--json"]]


def test_an_unknown_link_names_those_that_exist(gateway: Gateway) -> None:
    found = gateway.run("wan_link", wan="dsl", state="drained")
    assert "no link 'dsl'" in found["msg"]
    assert "fibre, lte" in found["msg"]


def test_a_drill_returns_its_evidence(gateway: Gateway) -> None:
    gateway.answers(drill_run=(0, PASS))
    found = gateway.run("wan_drill", wan="fibre", kind="silent", budget_ms=500, ignore_window=True)
    assert found["drill"] == PASS
    assert found["verdict"] == "pass"
    assert found["changed"] is True
    assert gateway.calls() == [
        ["drill", "run", "--wan", "fibre", "--kind", "silent", "--seconds", "20",
         "--budget-ms", "500", "--ignore-window", "--json"]
    ]  # fmt: skip


def test_a_breach_fails_but_still_returns_the_evidence(gateway: Gateway) -> None:
    gateway.answers(drill_run=(1, FAIL))
    found = gateway.run("wan_drill", wan="fibre", kind="carrier")
    assert found["failed"]
    assert found["drill"] == FAIL
    assert "voice: 1200 ms without service" in found["msg"]


def test_a_breach_may_be_accepted(gateway: Gateway) -> None:
    gateway.answers(drill_run=(1, FAIL))
    found = gateway.run("wan_drill", wan="fibre", kind="carrier", fail_on_breach=False)
    assert "failed" not in found
    assert found["verdict"] == "fail"


def test_a_refused_drill_always_fails_with_every_reason(gateway: Gateway) -> None:
    gateway.answers(drill_run=(1, REFUSED))
    found = gateway.run("wan_drill", wan="fibre", kind="carrier", fail_on_breach=False)
    assert found["failed"]
    assert found["problems"] == ["a", "b"]
    assert found["code"] == "refused"


@pytest.mark.parametrize(
    ("answer", "failed"), [((0, {"ok": True, "problems": []}), False), ((1, REFUSED), True)]
)
def test_check_mode_only_asks_whether_the_drill_may_run(
    gateway: Gateway, answer: tuple[int, object], failed: bool
) -> None:
    gateway.answers(drill_check=answer)
    found = gateway.run("wan_drill", check=True, wan="fibre", kind="silent")
    assert bool(found.get("failed")) is failed
    assert [call[:2] for call in gateway.calls()] == [["drill", "check"]]


def test_a_silent_daemon_is_named(gateway: Gateway) -> None:
    gateway.answers(status=(3, {"error": {"code": "no_daemon", "message": "no answer"}}))
    found = gateway.run("wan_status_info")
    assert found["failed"]
    assert "Is the service relaisd running" in found["msg"]


def test_an_old_runtime_is_refused(gateway: Gateway) -> None:
    gateway.answers(version=(0, "relais 0.0.9"))
    found = gateway.run("wan_status_info")
    assert "relais 0.0.9 on this host is too old, 0.1.0 or later is needed" in found["msg"]


def test_a_missing_runtime_names_the_role(gateway: Gateway) -> None:
    (gateway.folder / "relais").unlink()
    found = gateway.run("wan_status_info")
    assert "relais.continuity.runtime" in found["msg"]


def test_an_unreadable_answer_is_shown(gateway: Gateway) -> None:
    gateway.answers(status=(1, "Traceback: boom"))
    found = gateway.run("wan_status_info")
    assert "boom" in found["msg"]


def test_a_total_cut_names_no_link(gateway: Gateway) -> None:
    gateway.answers(drill_run=(0, PASS))
    assert gateway.run("wan_drill", kind="total", seconds=30)["verdict"] == "pass"
    assert gateway.calls() == [["drill", "run", "--kind", "total", "--seconds", "30", "--json"]]


@pytest.mark.parametrize("kind", ["silent", "carrier"])
def test_every_other_drill_needs_the_name_of_a_link(gateway: Gateway, kind: str) -> None:
    found = gateway.run("wan_drill", kind=kind)
    assert found["failed"]
    assert "wan" in found["msg"]


def test_what_the_telephone_felt_is_at_hand(gateway: Gateway) -> None:
    sip = {"audio_gap_ms": 560, "call_alive": True}
    gateway.answers(drill_run=(0, {**PASS, "sip": sip}))
    assert gateway.run("wan_drill", wan="fibre", kind="silent")["sip"] == sip
    gateway.answers(drill_run=(0, PASS))
    assert gateway.run("wan_drill", wan="fibre", kind="silent")["sip"] is None


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({}, []),
        ({"id": OPEN["id"]}, [OPEN["id"]]),
        ({"since": "30d", "class_name": "access"}, ["--since", "30d", "--class", "access"]),
        ({"state": "open"}, ["--open"]),
    ],
)
def test_incidents_are_asked_for_and_given(
    gateway: Gateway, wanted: dict[str, Any], words: list[str]
) -> None:
    gateway.answers(incidents=(0, {"incidents": [ENDED, OPEN], "fingerprint": "7-5eed"}))
    found = gateway.run("wan_incident_info", **wanted)
    assert found["fingerprint"] == "7-5eed"
    assert found["changed"] is False
    assert found["incidents"] == [ENDED, OPEN]
    assert found["open"] == [OPEN["id"]]
    assert gateway.calls() == [["incidents", *words, "--json"]]


def test_an_incident_that_the_gateway_does_not_keep_is_an_error(gateway: Gateway) -> None:
    error = {"error": {"code": "unknown_incident", "message": "'x' is no incident"}}
    gateway.answers(incidents=(1, error))
    found = gateway.run("wan_incident_info", id="x")
    assert found["failed"] is True
    assert found["code"] == "unknown_incident"
    assert "'x' is no incident" in found["msg"]
