#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module rollback_guard_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollback_guard_info
short_description: Tell what became of the last change of a gateway
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - Reads what M(relais.continuity.rollback_guard) left on a gateway.
extends_documentation_fragment:
  - relais.continuity._attributes.rollback
  - relais.continuity._attributes.info
options: {}
seealso:
  - module: relais.continuity.rollback_guard
"""

EXAMPLES = r"""
- name: Ask what became of the last change
  relais.continuity.rollback_guard_info:
  register: guard

- name: Say so when it was taken back
  ansible.builtin.debug:
    msg: "taken back at {{ guard.last.at }}: {{ guard.last.reason }}"
  when: (guard.last or {}).outcome | default('') == 'rolled_back'
"""

RETURN = r"""
pending:
  description: Identifier of the change that waits for its confirmation.
  returned: success
  type: str
  sample: 20260101T090000Z-4f1c
due_at:
  description: When it is taken back, by the clock of the gateway.
  returned: success
  type: str
  sample: "2026-01-01T09:00:55Z"
remaining_s:
  description: Seconds until then.
  returned: success
  type: float
  sample: 54.9
last:
  description: What became of the last change that was confirmed or taken back.
  returned: success
  type: dict
  sample:
    id: 20260101T080000Z-a90e
    outcome: rolled_back
    at: "2026-01-01T08:00:57Z"
    reason: nobody confirmed it within 60 s
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.relais.continuity.plugins.module_utils._rollback import guard, store


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    module.exit_json(changed=False, **guard.status(store.Store()))


if __name__ == "__main__":
    main()
