#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module threecx_holiday."""

from __future__ import annotations

DOCUMENTATION = r"""
module: threecx_holiday
short_description: Keep the holidays of a department
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - Sets a day or several on which a department follows its route for holidays.
  - A PBX takes the name of a holiday once, for whatever department.
extends_documentation_fragment:
  - relais.continuity._threecx
  - relais.continuity._threecx.CHANGES
options:
  department:
    description:
      - Name of the department.
    type: str
    required: true
  name:
    description:
      - Name of the holiday.
    type: str
    required: true
  start:
    description:
      - The first day, V(2026-05-01), or V(05-01) for every year.
    type: str
  end:
    description:
      - The last day, written like O(start). The first by default.
    type: str
  start_time:
    description:
      - When it starts on the first day. V(00:00) for a new one.
    type: str
  end_time:
    description:
      - When it ends on the last day. V(23:59) for a new one.
    type: str
  state:
    description:
      - Whether it is there.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: relais.continuity.threecx_department
"""

EXAMPLES = r"""
- name: The reception is closed on the first of May, every year
  relais.continuity.threecx_holiday:
    host: pbx.example.com
    client_id: relais
    department: Reception
    name: May Day (Reception)
    start: "05-01"
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
    start: "05-01"
    end: "05-01"
after:
  description: The object after, read back from the PBX; in check mode what it would be.
  returned: success
  type: dict
  sample:
    start: "05-01"
    end: "05-02"
code:
  description: Why the module failed, as one word that does not change with the sentence.
  returned: failure
  type: str
  sample: unknown_number
"""

from ansible_collections.relais.continuity.plugins.module_utils._threecx.flow import bring
from ansible_collections.relais.continuity.plugins.module_utils._threecx.holidays import Holiday
from ansible_collections.relais.continuity.plugins.module_utils._threecx.options import run

OPTIONS = {
    "department": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "start": {"type": "str"},
    "end": {"type": "str"},
    "start_time": {"type": "str"},
    "end_time": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main() -> None:
    """Run the module."""
    run(
        OPTIONS,
        lambda client, module: bring(Holiday(client, module.params), module),
        required_by={"end": ["start"]},
    )


if __name__ == "__main__":
    main()
