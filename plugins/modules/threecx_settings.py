#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module threecx_settings."""

from __future__ import annotations

DOCUMENTATION = r"""
module: threecx_settings
short_description: Say what calls may do on a whole PBX
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - No forward to a mobile works on a PBX where forwarding to external numbers is not allowed.
extends_documentation_fragment:
  - relais.continuity._threecx
  - relais.continuity._threecx.CHANGES
options:
  forward_to_external:
    description:
      - Whether calls may be forwarded to external numbers.
    type: bool
  no_outbound_calls_when_closed:
    description:
      - Whether calls to the outside are blocked out of office hours.
    type: bool
seealso:
  - module: relais.continuity.threecx_notifications
"""

EXAMPLES = r"""
- name: Let calls be forwarded to mobiles
  relais.continuity.threecx_settings:
    host: pbx.example.com
    client_id: relais
    forward_to_external: true
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
    forward_to_external: false
after:
  description: The object after, read back from the PBX; in check mode what it would be.
  returned: success
  type: dict
  sample:
    forward_to_external: true
code:
  description: Why the module failed, as one word that does not change with the sentence.
  returned: failure
  type: str
  sample: unknown_number
"""

from ansible_collections.relais.continuity.plugins.module_utils._threecx.flow import settle
from ansible_collections.relais.continuity.plugins.module_utils._threecx.options import run
from ansible_collections.relais.continuity.plugins.module_utils._threecx.settings import Calls

OPTIONS = {
    "forward_to_external": {"type": "bool"},
    "no_outbound_calls_when_closed": {"type": "bool"},
}


def main() -> None:
    """Run the module."""
    run(
        OPTIONS,
        lambda client, module: settle(Calls(client, module.params), module.check_mode),
    )


if __name__ == "__main__":
    main()
