#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module threecx_network."""

from __future__ import annotations

DOCUMENTATION = r"""
module: threecx_network
short_description: Set how a PBX learns its public address
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - A PBX behind two lines must notice that its public address changed. With STUN it asks; a static
    address stays what it was, and calls are silent in one direction after a switch.
extends_documentation_fragment:
  - relais.continuity._threecx
  - relais.continuity._threecx.CHANGES
options:
  public_address:
    description:
      - Whether the PBX asks for its public address (V(stun)) or is told O(public_ip) (V(static)).
    type: str
    choices: [stun, static]
  public_ip:
    description:
      - The public address for O(public_address=static).
    type: str
  stun_server:
    description:
      - Host that is asked first.
    type: str
  second_stun_server:
    description:
      - Host that is asked when the first does not answer.
    type: str
  stun_interval_s:
    description:
      - How often it is asked, in seconds.
    type: int
  keep_alive:
    description:
      - Whether the ways through firewalls are kept open.
    type: bool
  keep_alive_interval_s:
    description:
      - How often that is done, in seconds.
    type: int
seealso:
  - module: relais.continuity.threecx_trunk
  - module: relais.continuity.threecx_trunk_action
"""

EXAMPLES = r"""
- name: Ask for the public address every minute
  relais.continuity.threecx_network:
    host: pbx.example.com
    client_id: relais
    public_address: stun
    stun_interval_s: 60
  delegate_to: localhost

- name: Tell the PBX the address of the line that is up now
  relais.continuity.threecx_network:
    host: pbx.example.com
    client_id: relais
    public_address: static
    public_ip: 203.0.113.2
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
    public_address: static
    public_ip: 203.0.113.2
after:
  description: The object after, read back from the PBX; in check mode what it would be.
  returned: success
  type: dict
  sample:
    public_address: stun
    public_ip: 203.0.113.2
code:
  description: Why the module failed, as one word that does not change with the sentence.
  returned: failure
  type: str
  sample: unknown_number
"""

from ansible_collections.relais.continuity.plugins.module_utils._threecx.flow import settle
from ansible_collections.relais.continuity.plugins.module_utils._threecx.options import run
from ansible_collections.relais.continuity.plugins.module_utils._threecx.settings import Network

OPTIONS = {
    "public_address": {"type": "str", "choices": ["stun", "static"]},
    "public_ip": {"type": "str"},
    "stun_server": {"type": "str"},
    "second_stun_server": {"type": "str"},
    "stun_interval_s": {"type": "int"},
    "keep_alive": {"type": "bool"},
    "keep_alive_interval_s": {"type": "int"},
}


def main() -> None:
    """Run the module."""
    run(
        OPTIONS,
        lambda client, module: settle(Network(client, module.params), module.check_mode),
    )


if __name__ == "__main__":
    main()
