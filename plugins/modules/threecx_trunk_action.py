#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module threecx_trunk_action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: threecx_trunk_action
short_description: Register a trunk anew, analyse it, or place a test call over it
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - Registers a trunk anew after a switch of lines and waits until it is online, or has the PBX
    analyse it.
  - A test call is a real call, which rings and may cost.
  - A trunk that does not register, because its operator knows it by its address, always counts as
    online. Only a test call proves it.
extends_documentation_fragment:
  - relais.continuity._threecx
  - relais.continuity._threecx.ACTS
options:
  name:
    description:
      - Name of the trunk, or the number that the PBX gave it.
    type: str
    required: true
  action:
    description:
      - V(refresh) registers it anew, V(analyse) has the PBX look at its registration and transport,
        V(test_outbound) calls O(destination) over it, V(test_inbound) has the PBX call its own
        number.
    type: str
    choices: [refresh, analyse, test_outbound, test_inbound]
    default: refresh
  destination:
    description:
      - The number that a test call goes to.
    type: str
  caller:
    description:
      - The extension or number in whose name a test call is placed.
    type: str
  wait_online_s:
    description:
      - How long to wait for the trunk to be online after V(refresh), in seconds; V(0) does not
        wait. The module fails when it is not.
    type: int
    default: 30
seealso:
  - module: relais.continuity.threecx_trunk
  - module: relais.continuity.threecx_verify
"""

EXAMPLES = r"""
- name: Register the trunk anew after the line has changed
  relais.continuity.threecx_trunk_action:
    host: pbx.example.com
    client_id: relais
    name: Operator A
    wait_online_s: 20
  delegate_to: localhost

- name: Call a mobile over the second operator
  relais.continuity.threecx_trunk_action:
    host: pbx.example.com
    client_id: relais
    name: Operator B
    action: test_outbound
    destination: "+33199000101"
    caller: "100"
  delegate_to: localhost
"""

RETURN = r"""
id:
  description: What the PBX calls the trunk.
  returned: success
  type: int
  sample: 30
online:
  description: Whether the trunk was online at the end; null when it does not register.
  returned: success
  type: bool
  sample: true
reports:
  description: What the PBX says of the trunk or the call.
  returned: when the action is not V(refresh)
  type: list
  elements: dict
  sample:
    - code: RegisteredOK
      level: Info
      params: [sip.operator-a.example]
log:
  description: What happened during a test call.
  returned: when the action is a test call
  type: list
  elements: str
  sample:
    - 100 calls +33199000101 over Operator B
code:
  description: Why the module failed, as one word that does not change with the sentence.
  returned: failure
  type: str
  sample: not_online
"""

from ansible_collections.relais.continuity.plugins.module_utils._threecx.options import run
from ansible_collections.relais.continuity.plugins.module_utils._threecx.trunk_actions import act

OPTIONS = {
    "name": {"type": "str", "required": True},
    "action": {
        "type": "str",
        "choices": ["refresh", "analyse", "test_outbound", "test_inbound"],
        "default": "refresh",
    },
    "destination": {"type": "str"},
    "caller": {"type": "str"},
    "wait_online_s": {"type": "int", "default": 30},
}


def main() -> None:
    """Run the module."""
    run(
        OPTIONS,
        lambda client, module: act(client, module.params, module.check_mode),
        required_if=[["action", "test_outbound", ["destination", "caller"]]],
    )


if __name__ == "__main__":
    main()
