# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role refuses before it touches a gateway, and what the firewall lets through."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.relais.continuity.plugins.filter.relais_plan import relais_plan

from tests.unit.supervision.running import COMMUNITY, ROLE, ROOT, SITE, Site

SERVERS = {"supervision_allowed_hosts": ["192.0.2.50"]}


def check(folder: Path, **given: Any) -> subprocess.CompletedProcess[str]:
    """Run the role's check alone, on the controller."""
    include = {"name": "relais.continuity.supervision", "tasks_from": "check"}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": given,
        "tasks": [{"name": "Check", "ansible.builtin.include_role": include}],
    }
    path = folder / "play.yml"
    path.write_text(yaml.safe_dump([play]), encoding="utf-8")
    return subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-vvv", path],
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build" / "collections"),
            "ANSIBLE_HOME": str(folder),
            "ANSIBLE_LOCAL_TEMP": str(folder),
            "ANSIBLE_NOCOLOR": "1",
            "LC_ALL": "C.UTF-8",
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"supervision_agents": ["nrpe"]}, "supervision_allowed_hosts must name"),
        (
            {"supervision_agents": ["zabbix"], "supervision_allowed_hosts": ["a;b"]},
            "supervision_allowed_hosts must name",
        ),
        (
            {"supervision_agents": ["snmp"], **SERVERS, "supervision_snmp_community": "public"},
            "supervision_snmp_community must have",
        ),
        ({"supervision_interval_s": 1}, "supervision_interval_s must be"),
    ],
)
def test_a_mistake_is_told_before_anything_is_written(
    tmp_path: Path, given: dict[str, Any], told: str
) -> None:
    done = check(tmp_path, **given)
    assert done.returncode != 0
    assert told in done.stdout


def test_what_is_right_passes_and_the_community_is_not_shown(tmp_path: Path) -> None:
    agents = ["node_exporter", "zabbix", "nrpe", "snmp"]
    community = {"supervision_snmp_community": COMMUNITY}
    done = check(tmp_path, supervision_agents=agents, **SERVERS, **community)
    assert done.returncode == 0, done.stdout + done.stderr
    assert COMMUNITY not in done.stdout + done.stderr


def test_a_port_of_an_agent_is_open_only_when_the_inventory_says_so() -> None:
    site = {"inventory_hostname": "gw", **yaml.safe_load(SITE)}
    assert relais_plan(site)["management"]["matches"] == ["tcp dport 22"]
    asked = {"relais_management": {"ports": ["tcp/22", "tcp/9100", "udp/161"]}}
    management = relais_plan(site | asked)["management"]
    assert management["ports"] == ["tcp/22", "tcp/9100", "udp/161"]
    # What these let in is reached from the LAN and from management networks (role gateway).
    assert any("9100" in match for match in management["matches"])


def test_every_file_that_the_role_writes_has_its_template() -> None:
    known = yaml.safe_load((ROLE / "vars" / "main.yml").read_text(encoding="utf-8"))
    agents = known["__supervision_known"]
    sources = {one["src"] for agent in agents.values() for one in agent["files"]}
    assert sources == {path.name for path in (ROLE / "templates").iterdir()}
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    options = specs["argument_specs"]["main"]["options"]
    assert list(agents) == options["supervision_agents"]["choices"]


@pytest.mark.parametrize("agent", ["node_exporter", "snmp"])
def test_systemd_reads_what_is_written_for_it(site: Site, agent: str) -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(site.drop_in(agent))
    assert unit["Service"]["RestartSec"] == "5"
    assert unit["Service"]["ExecStart"].startswith("/usr/")
    text = site.drop_in(agent, __supervision_address="2001:db8::1")
    assert agent == "snmp" or "--web.listen-address=[2001:db8::1]:9100\n" in text
