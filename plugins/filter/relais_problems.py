# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter relais_problems: what is wrong with a host's variables, as a list."""

from __future__ import annotations

DOCUMENTATION = r"""
name: relais_problems
short_description: List what is wrong with a gateway's inventory
version_added: "0.1.0"
author:
  - relais contributors (@relais)
description:
  - Checks the variables of a host exactly as P(relais.continuity.relais_plan#filter) does, and
    returns the mistakes instead of failing, so that a play can print each of them once.
requirements:
  - netaddr (on the controller)
positional: _input
options:
  _input:
    description:
      - The variables of one host, usually C(hostvars[inventory_hostname]).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse a bad inventory before anything is touched
  ansible.builtin.assert:
    that: problems | length == 0
    fail_msg: "{{ problems | join('\n') }}"
    quiet: true
  vars:
    problems: "{{ hostvars[inventory_hostname] | relais.continuity.relais_problems }}"
"""

RETURN = r"""
_value:
  description:
    - One line for each mistake, with the host, the path of the variable, what is wrong and what
      would be right. Empty when the inventory is good.
  type: list
  elements: str
  sample:
    - "gw: relais_wans[0].gateway: 203.0.113.9 is not in 203.0.113.0/30; use 203.0.113.1"
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.relais.continuity.plugins.filter.relais_plan import checked_plan
from ansible_collections.relais.continuity.plugins.plugin_utils._plan import PlanError


def relais_problems(hostvars: Any) -> list[str]:
    """Return the mistakes of a host's variables, one line each."""
    try:
        checked_plan(hostvars)
    except PlanError as error:
        return [f"{error.host}: {problem}" for problem in error.problems]
    return []


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"relais_problems": relais_problems}
