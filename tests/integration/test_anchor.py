# SPDX-License-Identifier: GPL-3.0-or-later
"""An anchor in the lab's Internet, and the role that sets one up."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
SITE = CHECKOUT / "tests" / "lab" / "site_with_anchor"
CLIENT = CHECKOUT / "tests" / "lab" / "anchor_client.py"
VARIABLES = yaml.safe_load((SITE / "group_vars" / "gateways" / "zz_anchor.yml").read_text())
KEY: str = VARIABLES["relais_anchor_key"]
ANCHOR = "198.51.100.200"
OWN_KEY = "key-of-the-role-0123456789-0123456789"


def ask(lab: Any, node: str, address: str, key: str, *more: str) -> dict[str, int]:
    asked = lab.exec(node, "python3", str(CLIENT), address, "8367", key, *more)
    assert asked.returncode == 0, asked.stderr
    counted: dict[str, int] = json.loads(asked.stdout)
    return counted


def status(lab: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(lab.exec("gw", "relais", "status", "--json").stdout)
    return document


def answers(lab: Any) -> set[object]:
    """Whether the anchor answers, through each WAN that does not count its traffic: the others
    ask it once in two minutes."""
    wans = status(lab)["wans"].values()
    return {wan["targets"]["anchor"]["answers"] for wan in wans if not wan["metered"]}


def switches(lab: Any) -> int:
    told = json.loads(lab.exec("gw", "relais", "events", "--json").stdout)["events"]
    return sum(event["kind"] == "switch" for event in told)


def uses(lab: Any) -> set[str]:
    """Names of all WANs that some service uses."""
    services = status(lab)["services"].values()
    return {member["wan"] for service in services for member in service["wans"]}


def test_a_question_with_the_key_is_answered_with_as_many_bytes(anchored: Any) -> None:
    counted = ask(anchored, "internet", ANCHOR, KEY, "50")
    assert counted["answered"] == 50
    assert counted["bytes_in"] == counted["bytes_out"]


def test_a_wrong_key_and_noise_get_no_answer(anchored: Any) -> None:
    assert ask(anchored, "internet", ANCHOR, "x" * 40, "1")["bytes_in"] == 0
    counted = ask(anchored, "internet", ANCHOR, KEY, "20", "2000")
    assert counted["answered"] >= 19  # one may find the socket full of noise
    assert counted["bytes_in"] == 48 * counted["answered"]


def test_a_gateway_asks_it_and_keeps_the_key_to_itself(anchored: Any) -> None:
    anchored.wait("the anchor answers", lambda: answers(anchored) == {True})
    rights = anchored.exec("gw", "stat", "-c", "%a %U", "/etc/relais/anchor.key").stdout
    assert rights.split() == ["600", "root"]
    assert anchored.exec("gw", "grep", "-c", KEY, "/etc/relais/config.json").stdout.strip() == "0"
    # The unit's private copy is for its user only; neither environment nor command line shows it.
    shown = anchored.exec("gw", "sh", "-c", "cat /proc/$(pidof -s relaisd)/environ /proc/*/cmdline")
    assert KEY not in shown.stdout


def test_a_silent_line_is_left_because_of_the_anchor(anchored: Any) -> None:
    drilled = anchored.exec(
        "gw", "relais", "drill", "run", "--wan", "fibre", "--kind", "silent", "--seconds", "8",
        "--budget-ms", "8000", "--json",
    )  # fmt: skip
    assert drilled.returncode == 0, drilled.stdout + drilled.stderr
    timeline = json.loads(drilled.stdout)["timeline"]
    (suspect,) = [entry for entry in timeline if entry["what"] == "fibre suspect"]
    assert suspect["why"].startswith("anchor silent to")


def test_a_dead_anchor_moves_nothing(anchored: Any) -> None:
    anchored.at_rest()
    anchored.wait("the anchor answers", lambda: answers(anchored) == {True})
    before = switches(anchored)
    hook = "type filter hook input priority 0; policy accept;"
    drop = f"ip daddr {ANCHOR} udp dport 8367 drop"
    rules = f"table inet dead_anchor {{\nchain in {{\n{hook}\n{drop}\n}}\n}}"
    made = anchored.exec("internet", "nft", rules)
    assert made.returncode == 0, made.stderr
    try:
        # The office is at work meanwhile, so that the anchor is asked quickly.
        assert anchored.ping("lan", "198.51.100.10", "-i0.02", "-c400")
        anchored.wait("it is no longer listened to", lambda: all(
            wan["targets"]["anchor"]["missed"] >= 5 for wan in status(anchored)["wans"].values()
            if not wan["metered"]))  # fmt: skip
        document = status(anchored)
        assert switches(anchored) == before
        assert {wan["state"] for wan in document["wans"].values()} == {"up"}
        assert uses(anchored) == {"fibre"}
        # Were they counted, five misses among the newest thirty or so probes would be 14 %.
        assert document["wans"]["fibre"]["loss_percent"] < 5
    finally:
        anchored.exec("internet", "nft", "delete table inet dead_anchor")
    anchored.wait("it is asked again", lambda: answers(anchored) == {True})


def playbook(lab: Any, name: str, *more: str) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(CHECKOUT / "build/collections"))
    inventory = Path(lab.status()["inventory"])
    argv = [".venv/bin/ansible-playbook", f"relais.continuity.{name}", "-i", str(inventory), *more]
    return subprocess.run(
        argv, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
    )


def test_a_second_run_changes_nothing_and_never_shows_the_key(anchored: Any) -> None:
    again = playbook(anchored, "site", "--diff", "-vvv")
    assert again.returncode == 0, again.stdout[-2000:]
    assert "changed=0" in again.stdout
    assert KEY not in again.stdout + again.stderr


def test_the_role_sets_an_anchor_up(anchored: Any) -> None:
    """On the gateway, for want of another machine with systemd in the lab."""
    words = ("-e", "anchor_hosts=gw", "-e", f"anchor_key={OWN_KEY}")
    looked = playbook(anchored, "anchor", *words, "--check", "--diff")
    assert looked.returncode == 0, looked.stdout[-2000:]
    assert "changed=0" not in looked.stdout
    made = playbook(anchored, "anchor", *words, "--diff", "-vvv")
    assert made.returncode == 0, made.stdout[-2000:]
    assert OWN_KEY not in made.stdout + made.stderr
    assert "changed=0" in playbook(anchored, "anchor", *words).stdout

    lan = anchored.status()["ssh"]["host"]
    anchored.exec("gw", "nft", "insert rule inet relais input udp dport 8367 accept")
    assert ask(anchored, "lan", lan, OWN_KEY, "20", "100")["answered"] >= 19
    assert ask(anchored, "lan", lan, KEY, "1")["bytes_in"] == 0
    rights = anchored.exec("gw", "stat", "-c", "%a %U", "/etc/relais/anchor-server.key").stdout
    assert rights.split() == ["600", "root"]
    # A key that is put right takes effect; a bad one is refused before anything changes.
    assert playbook(
        anchored, "anchor", "-e", "anchor_hosts=gw", "-e", "anchor_key=short"
    ).returncode
