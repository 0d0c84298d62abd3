#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module threecx_verify."""

from __future__ import annotations

DOCUMENTATION = r"""
module: threecx_verify
short_description: Check that calls find a way when a site goes dark, and that the PBX is well now
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - Audits the configuration of the PBX without a call, whether every user has a mobile that can be
    reached, whether each forward matches an outbound rule that its department may use, whether
    rules have trunks at different hosts, and more.
  - Checks what is live beside that, trunks online, users registered, session border controllers
    connected. This is tried again until it holds or O(retries) are used up, so that it may follow a
    switch of lines.
  - What it finds is returned as text for people and as data.
extends_documentation_fragment:
  - relais.continuity._threecx
  - relais.continuity._threecx.READS
options:
  audit:
    description:
      - Whether the configuration is audited.
    type: bool
    default: true
  expectations:
    description:
      - What the audit is to insist on or to take for granted.
      - C(vital_users) are extensions that must have a mobile, C(mobiles) the mobile that each
        extension should have, C(numbers) are numbers that are called from outside and
        C(departments) the names of those that are told when their site is dark. C(forwarded_calls)
        is how many calls are forwarded at once, C(emergency_numbers) what must leave over two
        trunks.
      - C(location) says where the PBX is (V(cloud) or V(onsite)). C(own_path_trunks) names trunks
        that do not need the lines of the site. C(carrier_forward) with C(to), C(numbers) and
        C(tested_on) is what the operator does with calls that it cannot deliver.
    type: dict
    default: {}
  trunks_online:
    description:
      - Names of trunks that must be online. V(all) stands for every one.
    type: list
    elements: str
    default: []
  users_registered:
    description:
      - Extensions that must have a phone registered. V(all) stands for every one that is enabled.
    type: list
    elements: str
    default: []
  users_unregistered_max:
    description:
      - How many of all enabled extensions may have no phone registered.
    type: int
  sbcs_connected:
    description:
      - Names of session border controllers that must be connected. V(all) stands for every one.
    type: list
    elements: str
    default: []
  retries:
    description:
      - How often to look again at what is live when it does not hold.
    type: int
    default: 0
  delay_s:
    description:
      - How long to wait in between, in seconds.
    type: int
    default: 5
  fail_on:
    description:
      - What makes the module fail.
    type: str
    choices: [error, warning, never]
    default: error
seealso:
  - module: relais.continuity.threecx_info
  - module: relais.continuity.threecx_trunk_action
"""

EXAMPLES = r"""
- name: Check the fallback of the telephony
  relais.continuity.threecx_verify:
    host: pbx.example.com
    client_id: relais
    trunks_online: [all]
  delegate_to: localhost

- name: Wait until the trunks are back after a switch of lines
  relais.continuity.threecx_verify:
    host: pbx.example.com
    client_id: relais
    audit: false
    trunks_online: [Operator A, Operator B]
    sbcs_connected: [all]
    retries: 12
  delegate_to: localhost
"""

RETURN = r"""
findings:
  description: What was found, errors first.
  returned: always, once the PBX was read
  type: list
  elements: dict
  sample:
    - check: trunk_online
      severity: error
      object: trunk Operator B
      message: is not registered
      remedy: Register it anew with threecx_trunk_action, and look at the line to its operator.
errors:
  description: How many findings are errors.
  returned: always, once the PBX was read
  type: int
  sample: 1
warnings_found:
  description: How many findings are warnings.
  returned: always, once the PBX was read
  type: int
  sample: 0
report:
  description: The findings as lines for people.
  returned: always, once the PBX was read
  type: list
  elements: str
  sample:
    - "ERROR trunk Operator B: is not registered. Register it anew with threecx_trunk_action, ..."
verdict:
  description: V(pass), or V(fail) when there are findings that O(fail_on) counts.
  returned: always, once the PBX was read
  type: str
  sample: fail
attempts:
  description: How often it looked at what is live.
  returned: always, once the PBX was read
  type: int
  sample: 1
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.relais.continuity.plugins.module_utils._threecx.client import Client
from ansible_collections.relais.continuity.plugins.module_utils._threecx.options import run
from ansible_collections.relais.continuity.plugins.module_utils._threecx.verify import verified

OPTIONS = {
    "audit": {"type": "bool", "default": True},
    "expectations": {"type": "dict", "default": {}},
    "trunks_online": {"type": "list", "elements": "str", "default": []},
    "users_registered": {"type": "list", "elements": "str", "default": []},
    "users_unregistered_max": {"type": "int"},
    "sbcs_connected": {"type": "list", "elements": "str", "default": []},
    "retries": {"type": "int", "default": 0},
    "delay_s": {"type": "int", "default": 5},
    "fail_on": {"type": "str", "choices": ["error", "warning", "never"], "default": "error"},
}


def _work(client: Client, module: AnsibleModule) -> dict[str, Any]:
    found = verified(client, module.params)
    if found["verdict"] == "fail":
        module.fail_json(msg="\n".join(found["report"]), **found)
    return dict(found, changed=False)


def main() -> None:
    """Run the module."""
    run(OPTIONS, _work)


if __name__ == "__main__":
    main()
