#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module wan_link."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wan_link
short_description: Let a link work by itself, keep new connections off it, or force it
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - Sets the administrative mode of one link of a relais gateway.
  - Connections that are open stay where they are in every case. Only new ones take the other way.
extends_documentation_fragment:
  - relais.continuity._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  wan:
    description:
      - Name of the link.
    type: str
    required: true
  state:
    description:
      - V(auto) lets the daemon decide.
      - V(drained) keeps new connections off the link, for a planned intervention of the operator.
      - V(forced) sends all services over the link, even when it looks bad.
    type: str
    choices: [auto, drained, forced]
    default: auto
seealso:
  - module: relais.continuity.wan_status_info
"""

EXAMPLES = r"""
- name: Empty the fibre before the operator changes its box
  relais.continuity.wan_link:
    wan: fibre
    state: drained

- name: Trust the fibre again
  relais.continuity.wan_link:
    wan: fibre
    state: auto
"""

RETURN = r"""
wan:
  description: Name of the link.
  returned: success
  type: str
  sample: fibre
before:
  description: The mode that the link had, in the words of O(state).
  returned: success
  type: str
  sample: auto
after:
  description: The mode that it has now, or would have in check mode.
  returned: success
  type: str
  sample: drained
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.relais.continuity.plugins.module_utils._relais_cli import RelaisCli

_MODES = {"auto": "auto", "drained": "drain", "forced": "force"}
_STATES = {mode: state for state, mode in _MODES.items()}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "wan": {"type": "str", "required": True},
            "state": {"type": "str", "choices": list(_MODES), "default": "auto"},
        },
        supports_check_mode=True,
    )
    name, wanted = module.params["wan"], module.params["state"]
    relais = RelaisCli(module)
    wans = relais.ask("status")["wans"]
    if name not in wans:
        known = ", ".join(wans)
        module.fail_json(msg=f"There is no link {name!r} on this gateway; known: {known}")
    before = _STATES[wans[name]["admin"]]
    changed = before != wanted
    if changed and not module.check_mode:
        relais.ask("link", name, _MODES[wanted])
    module.exit_json(
        changed=changed,
        wan=name,
        before=before,
        after=wanted,
        diff={"before": {"wan": name, "state": before}, "after": {"wan": name, "state": wanted}},
    )


if __name__ == "__main__":
    main()
