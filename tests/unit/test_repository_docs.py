# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation says is there, and works."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("roles/*/*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


def test_every_page_can_be_reached_from_the_documentation_index() -> None:
    reached, waiting = set(), [ROOT / "docs" / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md" or not page.is_file():
            continue
        reached.add(page)
        links = LINK.findall(page.read_text(encoding="utf-8"))
        waiting += [(page.parent / link).resolve() for link in links]
    assert not sorted(map(named, set(ROOT.glob("docs/**/*.md")) - reached))


def test_the_inventory_of_the_readme_makes_a_plan(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)
    assert len(examples) == 1
    variables = tmp_path / "gw-exemple.yml"
    variables.write_text(examples[0], encoding="utf-8")
    plan = ansible_says(variables, "hostvars[inventory_hostname] | relais.continuity.relais_plan")
    assert plan["schema"] == "relais.plan/1"
    assert [wan["name"] for wan in plan["wans"]] == ["fibre", "lte"]
    assert {one["name"] for one in yaml.safe_load(examples[0])["relais_services"]} < {
        one["name"] for one in plan["services"]
    }


def ansible_says(variables: Path, expression: str) -> dict[str, object]:
    """Return what Ansible makes of an expression on a host with these variables."""
    arguments = ["-i", "gw-exemple,", "-c", "local", "-e", f"@{variables}"]
    arguments += ["-m", "ansible.builtin.debug", "-a", f'var="{expression}"']
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible"), "gw-exemple", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build" / "collections"),
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "true",
            "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal",
            "ANSIBLE_NOCOLOR": "true",
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, dict[str, object]] = json.loads(done.stdout.partition("=>")[2])
    return answer[expression]
