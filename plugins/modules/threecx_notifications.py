#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module threecx_notifications."""

from __future__ import annotations

DOCUMENTATION = r"""
module: threecx_notifications
short_description: Have the PBX tell by mail when a trunk fails, and say to whom
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - Adds events to those that the PBX sends mails for.
extends_documentation_fragment:
  - relais.continuity._threecx
  - relais.continuity._threecx.CHANGES
options:
  events:
    description:
      - The events to tell.
    type: list
    elements: str
    choices:
      - trunk_status
      - trunk_failover
      - trunk_error
      - extension_registration
      - network_error
      - stun_error
      - emergency_call
      - licence_limit
      - storage_limit
      - ip_blocked
      - call_denied
      - anti_hacking
      - number_blocked
      - number_unblocked
  only_these_events:
    description:
      - Whether other events are no longer told.
    type: bool
    default: false
  email_addresses:
    description:
      - Whom to tell, all of them.
    type: list
    elements: str
  system_owners:
    description:
      - Whether the owners of the system are told, too.
    type: bool
seealso:
  - module: relais.continuity.threecx_settings
"""

EXAMPLES = r"""
- name: Be told of every change of a trunk
  relais.continuity.threecx_notifications:
    host: pbx.example.com
    client_id: relais
    events: [trunk_status, trunk_failover, trunk_error, network_error, stun_error, emergency_call]
    email_addresses: [support@example.com]
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
    events: [licence_limit]
    email_addresses: []
after:
  description: The object after, read back from the PBX; in check mode what it would be.
  returned: success
  type: dict
  sample:
    events: [licence_limit, trunk_failover, trunk_status]
    email_addresses: [support@example.com]
code:
  description: Why the module failed, as one word that does not change with the sentence.
  returned: failure
  type: str
  sample: unknown_number
"""

from ansible_collections.relais.continuity.plugins.module_utils._threecx.flow import settle
from ansible_collections.relais.continuity.plugins.module_utils._threecx.options import run
from ansible_collections.relais.continuity.plugins.module_utils._threecx.settings import (
    EVENTS,
    Notifications,
)

OPTIONS = {
    "events": {"type": "list", "elements": "str", "choices": list(EVENTS)},
    "only_these_events": {"type": "bool", "default": False},
    "email_addresses": {"type": "list", "elements": "str"},
    "system_owners": {"type": "bool"},
}


def main() -> None:
    """Run the module."""
    run(
        OPTIONS,
        lambda client, module: settle(Notifications(client, module.params), module.check_mode),
    )


if __name__ == "__main__":
    main()
