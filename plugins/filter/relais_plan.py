# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter relais_plan: from a host's variables to its plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: relais_plan
short_description: Turn a gateway's inventory into its plan
version_added: "0.1.0"
author:
  - relais contributors (@relais)
description:
  - Reads the variables of a host that begin with C(relais_), checks all of them and returns the
    plan, one dictionary from which every template of the gateway copies. Templates compute nothing.
  - Every mistake is reported, all of them at once, each with the host, the path of the variable and
    what would be right. A variable or key that is not known is a mistake too.
  - The same variables always give the same plan. Nothing is looked up and nothing is changed.
  - The variables are described in C(docs/reference/inventory.md), the plan in
    C(docs/reference/plan.md).
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
- name: Plan the gateway
  ansible.builtin.set_fact:
    gateway_plan: "{{ hostvars[inventory_hostname] | relais.continuity.relais_plan }}"

# With these variables of the host gw in group_vars or host_vars:
#
# relais_site: {name: Cabinet Exemple, language: fr, timezone: Europe/Paris}
# relais_wans:
#   - {name: fibre, interface: wan1, method: static, address: 203.0.113.2/30, gateway: 203.0.113.1}
#   - {name: lte, interface: wan2, method: dhcp, metered: true, monthly_quota_gb: 50}
# relais_lan: {interface: lan0, address: 192.168.10.1/24}
- name: Show the routing table of each WAN
  ansible.builtin.debug:
    msg: "{{ item.name }} uses table {{ item.table }}"
  loop: "{{ (hostvars[inventory_hostname] | relais.continuity.relais_plan).wans }}"
  loop_control:
    label: "{{ item.name }}"
# fibre uses table 1001
# lte uses table 1002
"""

RETURN = r"""
_value:
  description:
    - The plan, schema C(relais.plan/1). Among its keys are C(wans), C(services), C(lan), C(marks),
      C(targets), C(drill) and C(config), the configuration of the daemon.
  type: dict
  sample:
    schema: relais.plan/1
    gateway: gw
    marks:
      wan_mask: "0x0000ff00"
      service_mask: "0x000000ff"
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.relais.continuity.plugins.plugin_utils._plan import (
    HAS_NETADDR,
    PlanError,
    build_plan,
)


def checked_plan(hostvars: Any) -> dict[str, Any]:
    """Return the plan of a host. Raises PlanError with all that is wrong with its variables."""
    if not HAS_NETADDR:
        raise AnsibleFilterError(
            f"relais_plan needs netaddr on the controller: {sys.executable} -m pip install netaddr"
        )
    if not isinstance(hostvars, Mapping):
        raise AnsibleFilterError(
            "relais_plan takes the variables of a host: write"
            " hostvars[inventory_hostname] | relais.continuity.relais_plan"
        )
    return build_plan(hostvars)


def relais_plan(hostvars: Any) -> dict[str, Any]:
    """Return the plan of a host, or tell all that is wrong with its variables."""
    try:
        return checked_plan(hostvars)
    except PlanError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"relais_plan": relais_plan}
