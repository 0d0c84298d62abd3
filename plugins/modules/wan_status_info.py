#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module wan_status_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wan_status_info
short_description: Tell what works now on a relais gateway
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - Asks the daemon of a gateway for the state of its links and for the link that each service uses.
  - It needs no more rights than to talk to the control socket of the daemon, usually those of root.
extends_documentation_fragment:
  - relais.continuity._attributes
  - relais.continuity._attributes.info
options: {}
seealso:
  - module: relais.continuity.wan_link
  - module: relais.continuity.wan_drill
"""

EXAMPLES = r"""
- name: Ask every gateway what works
  relais.continuity.wan_status_info:
  register: wan_status

- name: Stop the maintenance when a client has no backup now
  ansible.builtin.assert:
    that: wan_status.wans | selectattr('state', 'eq', 'up') | length > 1
    fail_msg: "{{ inventory_hostname }} runs on one link"

- name: Show which link carries the phones
  ansible.builtin.debug:
    msg: "voice goes over {{ wan_status.state.services.voice.wans[0].wan }}"
"""

RETURN = r"""
state:
  description:
    - The state document of the daemon, C(relais.state/1), as C(relais status --json) prints it.
  returned: success
  type: dict
  sample:
    schema: relais.state/1
    site: Cabinet Exemple
    gateway: gw
    wans:
      fibre:
        id: 1
        interface: wan1
        state: up
        admin: auto
    services:
      voice:
        id: 1
        wans:
          - wan: fibre
            weight: 1
wans:
  description: The links in a list, in the order of the gateway, each with its C(name).
  returned: success
  type: list
  elements: dict
  sample:
    - name: fibre
      state: up
      admin: auto
      reason: 3 of 3 targets answer
services:
  description: The services in a list, each with its C(name) and the names of the links it uses.
  returned: success
  type: list
  elements: dict
  sample:
    - name: voice
      importance: vital
      wans:
        - fibre
      reason: preferred and up
degraded:
  description: What of the daemon itself does not work, since when and why. Decisions go on.
  returned: success
  type: list
  elements: dict
  sample:
    - part: journal
      since: "2026-01-01T09:00:00.000Z"
      why: "/var/lib/relais/journal.db: database or disk is full"
healthy:
  description: Whether every link is up, none is drained or forced, and nothing is degraded.
  returned: success
  type: bool
  sample: true
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.relais.continuity.plugins.module_utils._relais_cli import RelaisCli


def _summary(state: dict[str, Any]) -> dict[str, Any]:
    wans = [dict(wan, name=name) for name, wan in state["wans"].items()]
    services = [
        dict(service, name=name, wans=[choice["wan"] for choice in service["wans"]])
        for name, service in state["services"].items()
    ]
    healthy = all(wan["state"] == "up" and wan["admin"] == "auto" for wan in wans)
    degraded = state.get("degraded", [])
    return {
        "state": state,
        "wans": wans,
        "services": services,
        "degraded": degraded,
        "healthy": healthy and not degraded,
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    module.exit_json(changed=False, **_summary(RelaisCli(module).ask("status")))


if __name__ == "__main__":
    main()
