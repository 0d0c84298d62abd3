# SPDX-License-Identifier: GPL-3.0-or-later
"""relais_problems lists what relais_plan would refuse, and nothing else."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.relais.continuity.plugins.filter.relais_plan import relais_plan
from ansible_collections.relais.continuity.plugins.filter.relais_problems import relais_problems


def test_a_good_inventory_has_no_problems(site: dict[str, object]) -> None:
    assert relais_problems(site) == []


def test_the_lines_are_those_that_the_plan_would_tell(site: dict[str, object]) -> None:
    broken = {**site, "relais_lam": {}, "relais_policy": {"failback_after_s": 0}}
    lines = relais_problems(broken)
    assert len(lines) == 2
    with pytest.raises(AnsibleFilterError) as refused:
        relais_plan(broken)
    assert all(line in str(refused.value) for line in lines)
