# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of the inventory: planted, used, got wrong, and then looked for everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

TARGETS = [
    {"name": "resolver-a", "address": "198.51.100.10", "probe": "dns", "query": "example.com"},
    {"name": "resolver-b", "address": "198.51.100.70", "probe": "icmp"},
    {"name": "resolver-c", "address": "198.51.100.140", "probe": "tcp", "port": 53},
    {"name": "anchor", "address": "198.51.100.200", "probe": "anchor"},
]
# Every variable that takes a secret, each with a word that stands nowhere else.
PLANTED = {
    "relais_anchor_key": "planted-site-key-0123456789-0123456789",
    "anchor_key": "planted-anchor-key-0123456789-0123456789",
    "anchor_former_key": "planted-former-key-0123456789-0123456789",
    "relais_alerts": {
        "targets": ["mailtos://bot:planted-alert-target@mail.example.com"],
        "heartbeat_url": "http://198.51.100.10/planted-heartbeat",
    },
    "relais_telephony_secret": "planted-telephony-secret",
    "relais_drill_sip_secret": "planted-telephone-password",
}
# What asks for those of telephones.
TELEPHONES = {
    "relais_telephony": {
        "pbx": {"location": "cloud", "host": "pbx.example"},
        "client_id": "relais",
        "phones": ["192.0.2.10"],
        "trunks": [{"name": "Operator A", "host": "sip.operator-a.example"}],
        "users": [{"extension": "100", "mobile": "+33199000100"}],
        "outbound": [{"name": "Everything", "prefixes": ["+"]}],
    },
    "relais_drill": {
        "echo_host": "198.51.100.10",
        "sip": {"registrar": "198.51.100.210", "user": "drill"},
    },
}
# The same got wrong in every way that names a value elsewhere in the inventory.
WRONG = [
    {
        "relais_alerts": "mailtos://bot:planted-alert-text@mail.example.com",
        "relais_anchor_key": "planted-short-key",
        "relais_anchor_kee": "planted-name-wrong",
        "relais_telephony_secret": ["planted-telephony-list"],
    },
    {
        "relais_alerts": {"target": ["planted-unknown-key"], "targets": [8005550199]},
        "relais_anchor_key": ["planted-list-key"],
    },
    {"relais_alerts": {"targets": "mailtos://bot:planted-alert-text@mail.example.com"}},
]
MARKS = ("planted-", "8005550199")
# For root only or a service's own user, and systemd's own copies for the two services.
KEPT = {
    "/etc/relais/anchor.key": "600 root root",
    "/etc/relais/anchor-server.key": "600 root root",
    "/etc/relais/telephony.json": "600 root root",
    "/etc/relais/drill-sip.secret": "600 root root",
    "/etc/relais/alerts.json": "640 root relais-alerts",
    "/run/credentials/relaisd.service/anchor.key": "400 relais root",
}


@dataclass
class Looked:
    """What was said and seen while secrets were in use."""

    gateway: Any
    folder: Path
    said: dict[str, str] = field(default_factory=dict)
    failed: dict[str, bool] = field(default_factory=dict)
    processes: str = ""

    def play(self, name: str, playbook: str, variables: dict[str, Any], *options: str) -> None:
        """Run a playbook with a file of variables; keep all that it says."""
        secrets = self.folder / "secrets.json"
        secrets.write_text(json.dumps(variables))
        result = self.gateway.play(playbook, "-vvv", *options, "-e", f"@{secrets}")
        self.said[name] = result.stdout + result.stderr
        self.failed[name] = result.returncode != 0

    def watched(self, *arguments: Any) -> None:
        """The same, with a look at the gateway's processes all the while."""
        look = "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; true"
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(self.play, *arguments)
            while not running.done():
                self.processes += self.gateway.run("sh", "-c", look)
            running.result()


@pytest.fixture(scope="module")
def looked(field: Any, tmp_path_factory: Any) -> Iterator[Looked]:
    """Secrets set up, looked at beforehand, and got wrong."""
    seen = Looked(field.gateway, tmp_path_factory.mktemp("secrets"))
    given = {**PLANTED, **TELEPHONES, "relais_targets": TARGETS, "anchor_hosts": "gw"}
    seen.play("check", "site", given, "--check", "--diff")
    seen.watched("site", "site", given, "--diff")
    seen.play("anchor", "anchor", given, "--diff")
    seen.play("no former key", "anchor", {**given, "anchor_former_key": "planted-short"})
    for number, wrong in enumerate(WRONG):
        seen.play(f"wrong {number}", "site", {**given, **wrong}, "--diff")
    yield seen
    field.gateway.run("systemctl", "disable", "--now", "relais-anchor", "relais-alerts")
    field.gateway.run("rm", "/etc/systemd/system/relais-anchor.service")
    field.gateway.run("rm", "/etc/systemd/system/relais-alerts.service")
    field.gateway.run("rm", "/etc/relais/anchor-server.key", "/etc/relais/alerts.json")
    field.gateway.run("systemctl", "daemon-reload")
    field.gateway.site()


def planted_in(text: str) -> list[str]:
    return [line[:200] for line in text.splitlines() if any(mark in line for mark in MARKS)]


def test_what_is_right_passes_and_what_is_wrong_is_refused(looked: Looked) -> None:
    wrong = {"no former key", *(f"wrong {number}" for number in range(len(WRONG)))}
    assert {name for name, failed in looked.failed.items() if failed} == wrong


def test_no_playbook_says_a_secret(looked: Looked) -> None:
    assert {name: found for name, said in looked.said.items() if (found := planted_in(said))} == {}


def test_a_mistake_in_a_secret_is_told_without_it(looked: Looked) -> None:
    text, unknown, bare = (looked.said[f"wrong {number}"] for number in range(3))
    assert "relais_alerts: what is given is not a mapping" in text
    assert "relais_anchor_key: what is given is not 32 or more" in text
    assert "relais_anchor_kee" in text
    assert "relais_telephony_secret: what is given is not text" in text
    assert "relais_alerts.target: unknown key" in unknown
    assert "relais_alerts.targets[0]: what is given is not text" in unknown
    assert "relais_anchor_key: what is given is not text" in unknown
    assert "relais_alerts.targets: what is given is not a list" in bare


def test_no_process_shows_a_secret(looked: Looked) -> None:
    assert "relaisd" in looked.processes
    assert planted_in(looked.processes.replace("\0", "\n")) == []


def test_secrets_are_in_files_for_root_and_nowhere_else(looked: Looked) -> None:
    folders = ("/etc", "/home", "/opt", "/root", "/run", "/srv", "/tmp", "/usr/local", "/var")
    search = looked.gateway.lab.exec("gw", "grep", "-rlsaFe", "planted-", "-e", MARKS[1], *folders)
    found = set(search.stdout.split())
    passing = ("/run/credentials/relais-anchor", "/run/credentials/relais-telephony")
    private = {name for name in found if name.startswith(passing)}  # while such a service runs
    assert found - private == set(KEPT)
    for path, rights in KEPT.items():
        shown = looked.gateway.run("stat", "--format=%a %U %G", path)
        assert shown.strip() == rights


@pytest.mark.parametrize(
    "telling",
    [
        "journalctl --no-pager --output=export",
        "relais status --json",
        "relais why --json",
        "relais events --json",
        "systemctl show --all relaisd relais-firewall relais-anchor relais-alerts",
        "nft list ruleset",
    ],
)
def test_nothing_that_tells_of_the_gateway_tells_a_secret(looked: Looked, telling: str) -> None:
    told = looked.gateway.run(*telling.split())
    assert len(told) > 100
    assert planted_in(told) == []
