# SPDX-License-Identifier: GPL-3.0-or-later
"""A sound inventory to start from, and the filter as Ansible finds it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.relais.continuity.plugins.filter.relais_plan import FilterModule

GOLDEN = Path(__file__).parents[1] / "golden"
STEP = re.compile(r"\.?(\w+)|\[(\d+)\]")

Site = dict[str, Any]
Plan = Callable[[Site], Site]


def steps(path: str) -> list[str | int]:
    """Take a path such as relais_wans[1].gateway apart."""
    return [int(index) if index else name for name, index in STEP.findall(path)]


@pytest.fixture
def golden() -> Path:
    """Return the folder of the golden files."""
    return GOLDEN


@pytest.fixture(scope="session")
def two_wans() -> Callable[[], Site]:
    """Return a maker of the variables of a host with a sound inventory."""
    text = (GOLDEN / "two_wans.yml").read_text(encoding="utf-8")
    return lambda: {"inventory_hostname": "gw", "ansible_host": "192.0.2.1", **yaml.safe_load(text)}


@pytest.fixture
def site(two_wans: Callable[[], Site]) -> Site:
    """Return the variables of a host with a sound inventory."""
    return two_wans()


@pytest.fixture(scope="session")
def plan() -> Plan:
    """Return the filter."""
    function: Plan = FilterModule().filters()["relais_plan"]
    return function


@pytest.fixture
def change(site: Site) -> Callable[[str, Any], None]:
    """Return a function that sets a value by its path; Ellipsis takes it away."""

    def set_value(path: str, value: Any) -> None:
        *way, last = steps(path)
        where: Any = site
        for step in way:
            where = where[step]
        if value is ...:
            del where[last]
        elif isinstance(where, list) and last == len(where):
            where.append(value)
        else:
            where[last] = value

    return set_value


@pytest.fixture
def problems_of(plan: Plan) -> Callable[[Site], list[str]]:
    """Return a function that gives the lines of the error that an inventory brings."""

    def lines(site: Site) -> list[str]:
        with pytest.raises(AnsibleFilterError) as caught:
            plan(site)
        return str(caught.value).splitlines()

    return lines


@pytest.fixture
def telephone_site(site: Site) -> Site:
    """Return the variables of a host that has a PBX in the cloud as well."""
    site |= yaml.safe_load((GOLDEN / "telephony.yml").read_text(encoding="utf-8"))
    return site
