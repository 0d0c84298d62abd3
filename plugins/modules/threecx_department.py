#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module threecx_department."""

from __future__ import annotations

DOCUMENTATION = r"""
module: threecx_department
short_description: Tell a department in one write that its site is dark
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - Sets the routes and opening hours of a department, and overrides them for a while. With
    O(hours_mode=closed) every call of the department takes the route O(out_of_office) at once.
  - Mode, end and routes that differ are written together, so that the switch is never half made.
  - Departments are neither made nor deleted.
extends_documentation_fragment:
  - relais.continuity._threecx
  - relais.continuity._threecx.CHANGES
options:
  name:
    description:
      - Name of the department.
    type: str
    required: true
  hours_mode:
    description:
      - V(default) follows the opening hours; the others override them.
    type: str
    choices: [default, open, closed, break, custom_operator, holiday]
  override_until:
    description:
      - When the override ends by itself, a date and time with its zone. Without it, it lasts until
        somebody ends it.
    type: str
  custom_operator:
    description:
      - Who takes the calls with O(hours_mode=custom_operator).
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
        type: str
        choices: [external, mobile, extension, voicemail, ring_group, queue, ivr, end_call]
        required: true
      number:
        description:
          - The number of the destination. An external one is written as the PBX must dial it, so
            that an outbound rule matches it. Separators are left out.
        type: str
  break_route:
    description:
      - Where calls go during a break.
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
      - Where calls go on a holiday.
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
  hours:
    description:
      - The opening hours, all of them.
    type: list
    elements: dict
    suboptions:
      day:
        description:
          - Day of the week.
        type: str
        choices: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]
        required: true
      start:
        description:
          - When it starts, such as V(08:30), in the time zone of the department.
        type: str
        required: true
      stop:
        description:
          - When it stops.
        type: str
        required: true
  break_time:
    description:
      - The breaks, all of them.
    type: list
    elements: dict
    suboptions:
      day:
        description:
          - Day of the week.
        type: str
        choices: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]
        required: true
      start:
        description:
          - When it starts, such as V(08:30), in the time zone of the department.
        type: str
        required: true
      stop:
        description:
          - When it stops.
        type: str
        required: true
seealso:
  - module: relais.continuity.threecx_holiday
  - module: relais.continuity.threecx_inbound_rule
"""

EXAMPLES = r"""
- name: Prepare where calls go when the site is dark
  relais.continuity.threecx_department:
    host: pbx.example.com
    client_id: relais
    name: Reception
    out_of_office: {to: external, number: "+33199000101"}
  delegate_to: localhost

- name: The site is dark until this evening
  relais.continuity.threecx_department:
    host: pbx.example.com
    client_id: relais
    name: Reception
    hours_mode: closed
    override_until: "2026-11-30T18:00:00+01:00"
  delegate_to: localhost

- name: The site is back
  relais.continuity.threecx_department:
    host: pbx.example.com
    client_id: relais
    name: Reception
    hours_mode: default
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
    hours_mode: default
    override_until: ""
after:
  description: The object after, read back from the PBX; in check mode what it would be.
  returned: success
  type: dict
  sample:
    hours_mode: closed
    override_until: "2026-11-30T17:00:00Z"
code:
  description: Why the module failed, as one word that does not change with the sentence.
  returned: failure
  type: str
  sample: unknown_number
"""

from ansible_collections.relais.continuity.plugins.module_utils._threecx.departments import (
    MODES,
    Department,
)
from ansible_collections.relais.continuity.plugins.module_utils._threecx.destinations import OPTION
from ansible_collections.relais.continuity.plugins.module_utils._threecx.flow import settle
from ansible_collections.relais.continuity.plugins.module_utils._threecx.options import run
from ansible_collections.relais.continuity.plugins.module_utils._threecx.schedules import (
    PERIOD_OPTION,
)

OPTIONS = {
    "name": {"type": "str", "required": True},
    "hours_mode": {"type": "str", "choices": list(MODES)},
    "override_until": {"type": "str"},
    "custom_operator": OPTION,
    "office": OPTION,
    "out_of_office": OPTION,
    "break_route": OPTION,
    "holidays": OPTION,
    "hours": PERIOD_OPTION,
    "break_time": PERIOD_OPTION,
}


def main() -> None:
    """Run the module."""
    run(
        OPTIONS,
        lambda client, module: settle(Department(client, module.params), module.check_mode),
        required_by={"override_until": ["hours_mode"]},
    )


if __name__ == "__main__":
    main()
