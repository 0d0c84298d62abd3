# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter under a real Ansible, which hands over lazy, tagged and undefined values."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Site = dict[str, Any]

ROOT = Path(__file__).resolve().parents[4]
PROGRAM = Path(sys.executable).with_name("ansible")
FILTER = "hostvars[inventory_hostname] | relais.continuity.relais_plan"


@pytest.fixture
def ansible(tmp_path: Path) -> Callable[[Site], subprocess.CompletedProcess[str]]:
    """Return a function that has Ansible plan a host with these variables."""

    def run(site: Site) -> subprocess.CompletedProcess[str]:
        variables = {key: value for key, value in site.items() if key != "inventory_hostname"}
        inventory = tmp_path / "hosts.yml"
        inventory.write_text(
            yaml.safe_dump({"all": {"hosts": {"gw": variables}}}), encoding="utf-8"
        )
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build" / "collections"),
            "ANSIBLE_HOME": str(tmp_path),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCAL_TEMP": str(tmp_path),
            "LC_ALL": "C.UTF-8",
        }
        argv = [PROGRAM, "gw", "-i", inventory, "-m", "debug", "-a", f"msg='{{{{ {FILTER} }}}}'"]
        return subprocess.run(
            argv, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return run


def test_templated_variables_make_the_same_plan(
    ansible: Callable[[Site], subprocess.CompletedProcess[str]],
    plan: Callable[[Site], Site],
    site: Site,
) -> None:
    expected = plan(site)
    site["first_net"] = "203.0.113"
    site["relais_wans"][0]["gateway"] = "{{ first_net }}.1"
    site["quota"] = 50
    site["relais_wans"][1]["monthly_quota_gb"] = "{{ quota }}"
    site["users"] = site.pop("relais_priority_users")
    site["relais_priority_users"] = "{{ users }}"
    done = ansible(site)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.split("=>", 1)[1])["msg"] == expected


def test_all_problems_reach_the_engineer(
    ansible: Callable[[Site], subprocess.CompletedProcess[str]], site: Site
) -> None:
    site["relais_wans"][0]["gateway"] = "203.0.113.9"
    site["relais_wans"][1]["operator"] = "{{ nobody_said }}"
    site["relais_contacts"] = "{{ nobody_knows }}"
    done = ansible(site)
    assert done.returncode != 0
    told = done.stdout + done.stderr
    assert (
        "3 problems in the inventory of gw:\n"
        "1. gw: relais_wans[0].gateway: 203.0.113.9 is not in 203.0.113.0/30; use 203.0.113.1\n"
        "2. gw: relais_wans[1].operator: cannot be evaluated ('nobody_said' is undefined);"
        " correct its template\n"
        "3. gw: relais_contacts: cannot be evaluated ('nobody_knows' is undefined);"
        " correct its template"
    ) in told


def test_without_netaddr_the_engineer_is_told_what_to_install() -> None:
    program = (
        "import sys\n"
        "sys.modules['netaddr'] = None\n"
        f"sys.path.insert(0, {str(ROOT / 'build' / 'collections')!r})\n"
        "from ansible_collections.relais.continuity.plugins.filter.relais_plan import relais_plan\n"
        "relais_plan({})\n"
    )
    argv = [sys.executable, "-c", program]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert f"relais_plan needs netaddr on the controller: {sys.executable} -m pip" in done.stderr
