#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module threecx_trunk."""

from __future__ import annotations

DOCUMENTATION = r"""
module: threecx_trunk
short_description: Set how a trunk registers, from which address, and how many calls it carries
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - Trunks are made from the template of an operator in the Admin console, with their credentials.
    This module changes what matters when the way to the operator changes.
  - Credentials are neither read nor written.
extends_documentation_fragment:
  - relais.continuity._threecx
  - relais.continuity._threecx.CHANGES
options:
  name:
    description:
      - Name of the trunk, or the number that the PBX gave it.
    type: str
    required: true
  registrar:
    description:
      - Host of the registrar. A name with SRV records lets the PBX find the next server itself.
    type: str
  secondary_registrar:
    description:
      - Host of a second registrar; empty for none.
    type: str
  registration_interval_s:
    description:
      - How often it registers, in seconds. A short time brings it back sooner after a switch of
        lines.
    type: int
  transport:
    description:
      - How SIP is carried.
    type: str
    choices: [any, udp, tcp, tls]
  contact_address:
    description:
      - Which address it registers with. V(specified) is O(contact_ip), which does not follow a
        switch of lines.
    type: str
    choices: [external, internal, both, specified]
  contact_ip:
    description:
      - The address for O(contact_address=specified); empty for none.
    type: str
  public_ip:
    description:
      - The public address to put into SIP messages; empty for that of the PBX.
    type: str
  simultaneous_calls:
    description:
      - How many calls it carries at once. A forwarded call takes two, one in and one out.
    type: int
  dids:
    description:
      - Its numbers, all of them.
    type: list
    elements: str
seealso:
  - module: relais.continuity.threecx_trunk_action
  - module: relais.continuity.threecx_network
"""

EXAMPLES = r"""
- name: Register often, and from the address of whichever line is up
  relais.continuity.threecx_trunk:
    host: pbx.example.com
    client_id: relais
    name: Operator A
    registration_interval_s: 60
    contact_address: external
    public_ip: ""
    transport: tcp
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
    registration_interval_s: 600
    contact_address: specified
after:
  description: The object after, read back from the PBX; in check mode what it would be.
  returned: success
  type: dict
  sample:
    registration_interval_s: 60
    contact_address: external
code:
  description: Why the module failed, as one word that does not change with the sentence.
  returned: failure
  type: str
  sample: unknown_number
"""

from ansible_collections.relais.continuity.plugins.module_utils._threecx.flow import settle
from ansible_collections.relais.continuity.plugins.module_utils._threecx.options import run
from ansible_collections.relais.continuity.plugins.module_utils._threecx.trunks import (
    CONTACTS,
    TRANSPORTS,
    Trunk,
)

OPTIONS = {
    "name": {"type": "str", "required": True},
    "registrar": {"type": "str"},
    "secondary_registrar": {"type": "str"},
    "registration_interval_s": {"type": "int"},
    "transport": {"type": "str", "choices": list(TRANSPORTS)},
    "contact_address": {"type": "str", "choices": list(CONTACTS)},
    "contact_ip": {"type": "str"},
    "public_ip": {"type": "str"},
    "simultaneous_calls": {"type": "int"},
    "dids": {"type": "list", "elements": "str"},
}


def main() -> None:
    """Run the module."""
    run(
        OPTIONS,
        lambda client, module: settle(Trunk(client, module.params), module.check_mode),
    )


if __name__ == "__main__":
    main()
