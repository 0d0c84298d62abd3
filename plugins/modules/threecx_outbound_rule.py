#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module threecx_outbound_rule."""

from __future__ import annotations

DOCUMENTATION = r"""
module: threecx_outbound_rule
short_description: Let calls leave over several trunks, the first that works first
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - Sets which calls an outbound rule takes and over which trunks they leave, up to five in order.
  - The next trunk is tried when one is not registered, full, or refuses with an error. Busy ends
    the hunt.
  - Rules for emergency numbers are a list of their own, see O(emergency).
extends_documentation_fragment:
  - relais.continuity._threecx
  - relais.continuity._threecx.CHANGES
options:
  name:
    description:
      - Name of the rule.
    type: str
    required: true
  emergency:
    description:
      - Whether it is a rule for emergency numbers.
    type: bool
    default: false
  prefixes:
    description:
      - What the number starts with, all of them. Neighbours may be written as a range, V(118-119).
    type: list
    elements: str
  number_lengths:
    description:
      - How many digits the number has, all of them, such as V(10) or V(8-10).
    type: list
    elements: str
  extensions:
    description:
      - Extensions or ranges of them that may use the rule, all of them. An empty list lets
        everybody.
    type: list
    elements: str
  departments:
    description:
      - Names of the departments that may use the rule, all of them. An empty list lets everybody.
    type: list
    elements: str
  priority:
    description:
      - Place of the rule, 1 first. Rules that are in the way move up by one.
    type: int
  routes:
    description:
      - Trunks in the order in which they are tried, five at most. An empty list blocks the calls.
    type: list
    elements: dict
    suboptions:
      trunk:
        description:
          - Name of the trunk, or the number that the PBX gave it.
        type: str
        required: true
      strip_digits:
        description:
          - How many digits to take away in front.
        type: int
        default: 0
      prepend:
        description:
          - What to put in front.
        type: str
        default: ""
      append:
        description:
          - What to put behind.
        type: str
        default: ""
      caller_id:
        description:
          - Number to show to the one who is called.
        type: str
        default: ""
  state:
    description:
      - Whether it is there. With V(absent) it is deleted, unless a forward would find no way out
        without it.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: relais.continuity.threecx_trunk
  - module: relais.continuity.threecx_inbound_rule
"""

EXAMPLES = r"""
- name: National calls leave over operator A, else over operator B
  relais.continuity.threecx_outbound_rule:
    host: pbx.example.com
    client_id: relais
    name: National
    prefixes: ["0"]
    number_lengths: ["10"]
    departments: [Reception]
    routes:
      - trunk: Operator A
      - {trunk: Operator B, strip_digits: 1, prepend: "+33", caller_id: "+33199000001"}
  delegate_to: localhost

- name: Emergency calls leave over either operator
  relais.continuity.threecx_outbound_rule:
    host: pbx.example.com
    client_id: relais
    name: Emergency
    emergency: true
    prefixes: ["15", "17-18", "112"]
    routes: [{trunk: Operator A}, {trunk: Operator B}]
  delegate_to: localhost
"""

RETURN = r"""
id:
  description: What the PBX calls the object; null when it does not exist.
  returned: success
  type: raw
  sample: 34
before:
  description: The object before, in the words of the options. Empty when it did not exist.
  returned: success
  type: dict
  sample:
    prefixes: ["0"]
    routes:
      - {trunk: Operator A, strip_digits: 0, prepend: "", append: "", caller_id: ""}
after:
  description: The object after, read back from the PBX; in check mode what it would be.
  returned: success
  type: dict
  sample:
    prefixes: ["0"]
    routes:
      - {trunk: Operator A, strip_digits: 0, prepend: "", append: "", caller_id: ""}
      - {trunk: Operator B, strip_digits: 1, prepend: "+33", append: "", caller_id: ""}
code:
  description: Why the module failed, as one word that does not change with the sentence.
  returned: failure
  type: str
  sample: unknown_number
"""

from ansible_collections.relais.continuity.plugins.module_utils._threecx.flow import bring
from ansible_collections.relais.continuity.plugins.module_utils._threecx.options import run
from ansible_collections.relais.continuity.plugins.module_utils._threecx.outbound import (
    OutboundRule,
)

OPTIONS = {
    "name": {"type": "str", "required": True},
    "emergency": {"type": "bool", "default": False},
    "prefixes": {"type": "list", "elements": "str"},
    "number_lengths": {"type": "list", "elements": "str"},
    "extensions": {"type": "list", "elements": "str"},
    "departments": {"type": "list", "elements": "str"},
    "priority": {"type": "int"},
    "routes": {
        "type": "list",
        "elements": "dict",
        "options": {
            "trunk": {"type": "str", "required": True},
            "strip_digits": {"type": "int", "default": 0},
            "prepend": {"type": "str", "default": ""},
            "append": {"type": "str", "default": ""},
            "caller_id": {"type": "str", "default": ""},
        },
    },
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main() -> None:
    """Run the module."""
    run(OPTIONS, lambda client, module: bring(OutboundRule(client, module.params), module))


if __name__ == "__main__":
    main()
