#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module threecx_ring_group."""

from __future__ import annotations

DOCUMENTATION = r"""
module: threecx_ring_group
short_description: Send calls to a ring group elsewhere when nobody takes them
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - Sets where the calls of a ring group go that nobody takes or that come at other hours, who rings
    and for how long.
  - A ring group that is missing is made when it is given a O(name).
  - Prompts of the routes are kept.
extends_documentation_fragment:
  - relais.continuity._threecx
  - relais.continuity._threecx.CHANGES
options:
  number:
    description:
      - The number of the ring group.
    type: str
    required: true
  name:
    description:
      - Its name.
    type: str
  strategy:
    description:
      - In which order its members ring.
    type: str
    choices: [hunt, ring_all, paging]
  ring_time_s:
    description:
      - How long it rings before the call goes to O(no_answer), in seconds.
    type: int
  members:
    description:
      - The extensions that ring, all of them and in order.
    type: list
    elements: str
  no_answer:
    description:
      - Where a call goes that nobody takes in time.
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
      - Where a call goes out of office hours.
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
  break_time:
    description:
      - Where a call goes during a break.
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
  holidays:
    description:
      - Where a call goes on a holiday.
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
  state:
    description:
      - Whether it is there. With V(absent) it is deleted, unless calls are still routed to it.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: relais.continuity.threecx_queue
  - module: relais.continuity.threecx_user_forwarding
"""

EXAMPLES = r"""
- name: Let the reception ring for 20 seconds, then a mobile
  relais.continuity.threecx_ring_group:
    host: pbx.example.com
    client_id: relais
    number: "801"
    ring_time_s: 20
    no_answer: {to: external, number: "+33199000101"}
    out_of_office: {to: mobile, number: "101"}
  delegate_to: localhost

- name: Delete a ring group that nothing routes to any more
  relais.continuity.threecx_ring_group:
    host: pbx.example.com
    client_id: relais
    number: "809"
    state: absent
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
    ring_time_s: 30
    no_answer: {to: end_call, number: ""}
after:
  description: The object after, read back from the PBX; in check mode what it would be.
  returned: success
  type: dict
  sample:
    ring_time_s: 20
    no_answer: {to: external, number: "+33199000101"}
code:
  description: Why the module failed, as one word that does not change with the sentence.
  returned: failure
  type: str
  sample: unknown_number
"""

from ansible_collections.relais.continuity.plugins.module_utils._threecx.destinations import OPTION
from ansible_collections.relais.continuity.plugins.module_utils._threecx.flow import bring
from ansible_collections.relais.continuity.plugins.module_utils._threecx.options import run
from ansible_collections.relais.continuity.plugins.module_utils._threecx.ring_groups import (
    STRATEGIES,
    RingGroup,
)

OPTIONS = {
    "number": {"type": "str", "required": True},
    "name": {"type": "str"},
    "strategy": {"type": "str", "choices": list(STRATEGIES)},
    "ring_time_s": {"type": "int"},
    "members": {"type": "list", "elements": "str"},
    "no_answer": OPTION,
    "out_of_office": OPTION,
    "break_time": OPTION,
    "holidays": OPTION,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main() -> None:
    """Run the module."""
    run(OPTIONS, lambda client, module: bring(RingGroup(client, module.params), module))


if __name__ == "__main__":
    main()
