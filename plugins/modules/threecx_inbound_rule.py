#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module threecx_inbound_rule."""

from __future__ import annotations

DOCUMENTATION = r"""
module: threecx_inbound_rule
short_description: Say where a number rings when the office is open, closed or on holiday
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - Sets the destinations of an inbound rule, found by its trunk and the number that was called or
    that calls.
  - An inbound rule knows no failure. A destination that cannot be reached is handled by what it
    leads to, a ring group, queue or user, or by the operator.
  - A rule for a number that is not among the numbers of its trunk is never used, so it is refused
    unless O(add_did) adds it.
extends_documentation_fragment:
  - relais.continuity._threecx
  - relais.continuity._threecx.CHANGES
options:
  trunk:
    description:
      - Name of the trunk, or the number that the PBX gave it.
    type: str
    required: true
  did:
    description:
      - The number that was called, written as the trunk has it.
    type: str
  caller_id:
    description:
      - The number that calls. Without it and without O(did), the rule is for all calls of the
        trunk.
    type: str
  name:
    description:
      - Name of the rule.
    type: str
  office:
    description:
      - Where calls go during office hours.
    type: dict
    suboptions:
      to:
        description:
          - What kind of destination it is.
          - V(external) is a number outside, V(mobile) the mobile number that the PBX knows of the
            user of an extension, looked up now. A number that changes later is not followed.
        type: str
        choices: [external, mobile, extension, voicemail, ring_group, queue, ivr, end_call]
        required: true
      number:
        description:
          - The number of the destination. An external one is written as the PBX must dial it, so
            that an outbound rule matches it. Separators are left out.
        type: str
  out_of_office:
    description:
      - Where calls go out of office hours.
    type: dict
    suboptions:
      to:
        description:
          - What kind of destination it is.
          - V(external) is a number outside, V(mobile) the mobile number that the PBX knows of the
            user of an extension, looked up now. A number that changes later is not followed.
          - V(office) is wherever calls go when the office is open.
        type: str
        choices: [external, mobile, extension, voicemail, ring_group, queue, ivr, end_call, office]
        required: true
      number:
        description:
          - The number of the destination. An external one is written as the PBX must dial it, so
            that an outbound rule matches it. Separators are left out.
        type: str
  holidays:
    description:
      - Where calls go on a holiday.
    type: dict
    suboptions:
      to:
        description:
          - What kind of destination it is.
          - V(external) is a number outside, V(mobile) the mobile number that the PBX knows of the
            user of an extension, looked up now. A number that changes later is not followed.
          - V(office) is wherever calls go when the office is open.
        type: str
        choices: [external, mobile, extension, voicemail, ring_group, queue, ivr, end_call, office]
        required: true
      number:
        description:
          - The number of the destination. An external one is written as the PBX must dial it, so
            that an outbound rule matches it. Separators are left out.
        type: str
  add_did:
    description:
      - Whether O(did) is added to the numbers of the trunk when it is missing there.
    type: bool
    default: false
  state:
    description:
      - Whether it is there. Calls to the number of a deleted rule take the default of the trunk.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: relais.continuity.threecx_trunk
  - module: relais.continuity.threecx_department
"""

EXAMPLES = r"""
- name: Ring the reception, and a mobile when the office is closed
  relais.continuity.threecx_inbound_rule:
    host: pbx.example.com
    client_id: relais
    trunk: Operator A
    did: "+33199000001"
    office: {to: ring_group, number: "801"}
    out_of_office: {to: external, number: "+33199000101"}
    holidays: {to: external, number: "+33199000101"}
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
    office: {to: ring_group, number: "801"}
    out_of_office: {to: office, number: ""}
    did_on_trunk: true
after:
  description: The object after, read back from the PBX; in check mode what it would be.
  returned: success
  type: dict
  sample:
    office: {to: ring_group, number: "801"}
    out_of_office: {to: external, number: "+33199000101"}
    did_on_trunk: true
code:
  description: Why the module failed, as one word that does not change with the sentence.
  returned: failure
  type: str
  sample: unknown_number
"""

from ansible_collections.relais.continuity.plugins.module_utils._threecx.destinations import (
    CHOICES,
    OPTION,
)
from ansible_collections.relais.continuity.plugins.module_utils._threecx.flow import bring
from ansible_collections.relais.continuity.plugins.module_utils._threecx.inbound import InboundRule
from ansible_collections.relais.continuity.plugins.module_utils._threecx.options import run

_OR_OFFICE = {
    "type": "dict",
    "options": {
        "to": {"type": "str", "choices": [*CHOICES, "office"], "required": True},
        "number": {"type": "str"},
    },
}
OPTIONS = {
    "trunk": {"type": "str", "required": True},
    "did": {"type": "str"},
    "caller_id": {"type": "str"},
    "name": {"type": "str"},
    "office": OPTION,
    "out_of_office": _OR_OFFICE,
    "holidays": _OR_OFFICE,
    "add_did": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main() -> None:
    """Run the module."""
    run(
        OPTIONS,
        lambda client, module: bring(InboundRule(client, module.params), module),
        mutually_exclusive=[["did", "caller_id"]],
    )


if __name__ == "__main__":
    main()
