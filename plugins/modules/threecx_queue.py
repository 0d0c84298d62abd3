#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module threecx_queue."""

from __future__ import annotations

DOCUMENTATION = r"""
module: threecx_queue
short_description: Send calls in a queue elsewhere when nobody takes them
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - Sets where the calls of a queue go that wait too long or come at other hours, its agents and
    times.
  - A queue that is missing is made when it is given a O(name).
  - Prompts of the routes, managers and skill groups of agents are kept.
extends_documentation_fragment:
  - relais.continuity._threecx
  - relais.continuity._threecx.CHANGES
options:
  number:
    description:
      - The number of the queue.
    type: str
    required: true
  name:
    description:
      - Its name.
    type: str
  strategy:
    description:
      - In which order its agents ring.
    type: str
    choices:
      - hunt
      - ring_all
      - hunt_random_start
      - next_agent
      - longest_waiting
      - least_talk_time
      - fewest_answered
      - hunt_by_threes
      - first_three_available
  ring_time_s:
    description:
      - How long an agent rings, in seconds.
    type: int
  max_wait_s:
    description:
      - How long a caller waits before the call goes to O(no_answer), in seconds.
    type: int
  max_callers:
    description:
      - How many may wait.
    type: int
  agents:
    description:
      - The extensions of its agents, all of them and in order.
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
  - module: relais.continuity.threecx_ring_group
"""

EXAMPLES = r"""
- name: Send callers who wait for a minute to a mobile
  relais.continuity.threecx_queue:
    host: pbx.example.com
    client_id: relais
    number: "802"
    max_wait_s: 60
    no_answer: {to: external, number: "+33199000102"}
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
    max_wait_s: 1800
    no_answer: {to: voicemail, number: "160"}
after:
  description: The object after, read back from the PBX; in check mode what it would be.
  returned: success
  type: dict
  sample:
    max_wait_s: 60
    no_answer: {to: external, number: "+33199000102"}
code:
  description: Why the module failed, as one word that does not change with the sentence.
  returned: failure
  type: str
  sample: unknown_number
"""

from ansible_collections.relais.continuity.plugins.module_utils._threecx.destinations import OPTION
from ansible_collections.relais.continuity.plugins.module_utils._threecx.flow import bring
from ansible_collections.relais.continuity.plugins.module_utils._threecx.options import run
from ansible_collections.relais.continuity.plugins.module_utils._threecx.queues import (
    STRATEGIES,
    Queue,
)

OPTIONS = {
    "number": {"type": "str", "required": True},
    "name": {"type": "str"},
    "strategy": {"type": "str", "choices": list(STRATEGIES)},
    "ring_time_s": {"type": "int"},
    "max_wait_s": {"type": "int"},
    "max_callers": {"type": "int"},
    "agents": {"type": "list", "elements": "str"},
    "no_answer": OPTION,
    "out_of_office": OPTION,
    "break_time": OPTION,
    "holidays": OPTION,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main() -> None:
    """Run the module."""
    run(OPTIONS, lambda client, module: bring(Queue(client, module.params), module))


if __name__ == "__main__":
    main()
