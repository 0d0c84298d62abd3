#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module threecx_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: threecx_info
short_description: Look at the state of a 3CX PBX, lines, users and routes
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - Reads what matters for fallback from the configuration API, as the API serves it, all pages of
    it.
  - Secrets are not selected, so they do not leave the PBX.
extends_documentation_fragment:
  - relais.continuity._threecx
  - relais.continuity._threecx.READS
options:
  gather:
    description:
      - What to read.
      - V(trunks), V(users), V(departments), V(ring_groups), V(queues), V(ivrs), V(holidays) and
        V(sbcs) are lists of what there is.
      - V(system) is the state of the PBX with its licence, V(health) what it thinks of itself,
        V(inbound_rules) and V(outbound_rules) how calls come in and go out, V(emergency_rules) the
        outbound rules for emergency numbers, which the others do not include, V(settings) network,
        notifications and general settings.
    type: list
    elements: str
    choices:
      - system
      - health
      - trunks
      - users
      - departments
      - ring_groups
      - queues
      - ivrs
      - inbound_rules
      - outbound_rules
      - emergency_rules
      - holidays
      - sbcs
      - settings
    default: [system, health, trunks]
seealso:
  - module: relais.continuity.threecx_verify
"""

EXAMPLES = r"""
- name: See whether the lines work
  relais.continuity.threecx_info:
    host: pbx.example.com
    client_id: relais
  delegate_to: localhost
  register: pbx

- name: Name the trunks that are not registered
  ansible.builtin.debug:
    msg: "{{ pbx.trunks | rejectattr('IsOnline') | map(attribute='Gateway.Name') | join(', ') }}"

- name: List the users without a mobile
  relais.continuity.threecx_info:
    host: pbx.example.com
    client_id: relais
    gather: [users]
  delegate_to: localhost
  register: people
  failed_when: people.users | selectattr('Mobile', 'falsy') | length > 0
"""

RETURN = r"""
version:
  description: The version of the PBX; null when the role of the API client may not read it.
  returned: success
  type: str
  sample: 20.0.9
system:
  description: C(SystemStatus) of the API.
  returned: when it was asked for
  type: dict
  sample:
    Version: 20.0.9.1000
    TrunksRegistered: 2
    TrunksTotal: 2
    LicenseActive: true
    MaxSimCalls: 16
health:
  description: Whether firewall, phones and trunks are well in the eyes of the PBX.
  returned: when it was asked for
  type: dict
  sample:
    Firewall: true
    Phones: true
    Trunks: true
trunks:
  description: Trunks. Their name and host are in C(Gateway).
  returned: when they were asked for
  type: list
  elements: dict
  sample:
    - Id: 30
      Number: "10000"
      IsOnline: true
      SimultaneousCalls: 20
      Gateway:
        Name: Operator A
        Host: sip.operator-a.example
users:
  description: Users with their forwarding profiles and departments.
  returned: when they were asked for
  type: list
  elements: dict
  sample:
    - Id: 34
      Number: "101"
      Mobile: "+33199000101"
      IsRegistered: true
departments:
  description: Departments with their routes, hours and members.
  returned: when they were asked for
  type: list
  elements: dict
  sample:
    - Id: 28
      Name: Reception
      CurrentGroupHours: Default
ring_groups:
  description: Ring groups with their members.
  returned: when they were asked for
  type: list
  elements: dict
  sample:
    - Id: 12
      Number: "801"
      RingTime: 20
queues:
  description: Queues with their agents.
  returned: when they were asked for
  type: list
  elements: dict
  sample:
    - Id: 13
      Number: "802"
      MasterTimeout: 120
ivrs:
  description: Digital receptionists with their menus.
  returned: when they were asked for
  type: list
  elements: dict
  sample:
    - Id: 14
      Number: "803"
inbound_rules:
  description: Inbound rules with their trunk.
  returned: when they were asked for
  type: list
  elements: dict
  sample:
    - Id: 7
      Condition: BasedOnDID
      Data: "+33199000001"
outbound_rules:
  description: Outbound rules other than those for emergency numbers.
  returned: when they were asked for
  type: list
  elements: dict
  sample:
    - Id: 8
      Name: National
      Prefix: "0"
emergency_rules:
  description: Outbound rules for emergency numbers.
  returned: when they were asked for
  type: list
  elements: dict
  sample:
    - Id: 9
      Name: Emergency
      Prefix: "112"
holidays:
  description: Holidays of all departments.
  returned: when they were asked for
  type: list
  elements: dict
  sample:
    - Id: 10
      Name: Christmas
      Group: GRP0000
sbcs:
  description: Session border controllers. Their connection is told since 20.0.8.
  returned: when they were asked for
  type: list
  elements: dict
  sample:
    - Name: site-a
      HasConnection: true
settings:
  description: C(NetworkSettings), C(NotificationSettings) and C(GeneralSettingsForPbx) of the API.
  returned: when they were asked for
  type: dict
  sample:
    GeneralSettingsForPbx:
      AllowFwdToExternal: true
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.relais.continuity.plugins.module_utils._threecx import collect
from ansible_collections.relais.continuity.plugins.module_utils._threecx.client import Client
from ansible_collections.relais.continuity.plugins.module_utils._threecx.options import run

_LISTS = {
    "trunks": "Trunks",
    "users": "Users",
    "departments": "Groups",
    "ring_groups": "RingGroups",
    "queues": "Queues",
    "ivrs": "Receptionists",
    "inbound_rules": "InboundRules",
    "outbound_rules": "OutboundRules",
    "emergency_rules": "EmergencyOutboundRules",
    "holidays": "Holidays",
    "sbcs": "Sbcs",
}
_SETTINGS = ["NetworkSettings", "NotificationSettings", "GeneralSettingsForPbx"]
OPTIONS = {
    "gather": {
        "type": "list",
        "elements": "str",
        "choices": ["system", "health", *_LISTS, "settings"],
        "default": ["system", "health", "trunks"],
    },
}


def _gathered(client: Client, name: str) -> Any:
    if name == "system":
        return collect.singleton(client, "SystemStatus")
    if name == "health":
        return collect.health(client)
    if name == "settings":
        return collect.collected(client, _SETTINGS)
    return collect.entities(client, _LISTS[name])


def _work(client: Client, module: AnsibleModule) -> dict[str, Any]:
    version = client.version
    found = {name: _gathered(client, name) for name in module.params["gather"]}
    told = None if version is None else ".".join(str(part) for part in version)
    return dict(found, changed=False, version=told)


def main() -> None:
    """Run the module."""
    run(OPTIONS, _work)


if __name__ == "__main__":
    main()
