#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module rollback_guard."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollback_guard
short_description: Take a change of a gateway back unless the controller confirms it in time
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - Before the first change, O(state=armed) takes a snapshot of everything that relais owns on a
    gateway and sets a clock there. Afterwards O(state=confirmed) keeps the change. Without it the
    gateway restores the snapshot by itself, whatever has become of the play, of the controller, of
    SSH or of the power meanwhile.
  - A change is confirmed, renewed or taken back over a new SSH connection, never over one that was
    open before. The module tries to connect until the gateway has had its time, and tells what
    became of the change when it is too late.
  - Before a change is kept, every line and every service that worked before it is tried again. What
    did not work before is not demanded.
  - Where nothing of ours has changed, nothing is tried and nothing is recorded.
options:
  state:
    description:
      - V(armed) without O(id) takes the snapshot and sets the clock. It fails, with nothing
        touched, when another change waits for its confirmation or when there is no room for the
        snapshot.
      - V(armed) with the O(id) of the change sets its clock again.
      - V(confirmed) keeps the change, once the lines and services are proved.
      - V(rolled_back) has the snapshot restored now and waits until that is done.
    type: str
    choices: [armed, confirmed, rolled_back]
    required: true
  id:
    description:
      - The change, as RV(id) of V(armed) returned it. Nobody can confirm a change of somebody else.
    type: str
  within_s:
    description:
      - How long the gateway waits for the confirmation. The restoration begins five seconds before
        this time is over.
    type: int
    default: 60
  owned:
    description:
      - What is to be restored, as the role P(relais.continuity.gateway#role) lists it. Needed to
        arm.
    type: dict
  config:
    description:
      - The configuration of relaisd that comes with the change. It names the lines, the targets and
        the services that are tried before the change is kept.
    type: dict
    default: {}
  by:
    description:
      - Who makes the change, for the record. The action plugin fills it in.
    type: str
  reason:
    description:
      - Why the change is taken back, for the record.
    type: str
    default: the play failed
extends_documentation_fragment:
  - relais.continuity._attributes.rollback
seealso:
  - module: relais.continuity.wan_status_info
"""

EXAMPLES = r"""
- name: Set a clock before anything is changed
  relais.continuity.rollback_guard:
    state: armed
    within_s: 60
    owned: "{{ __gateway_owned }}"
    config: "{{ __gateway_plan.config }}"
  register: guard

- name: Keep the change
  relais.continuity.rollback_guard:
    state: confirmed
    id: "{{ guard.id }}"
    config: "{{ __gateway_plan.config }}"
"""

RETURN = r"""
id:
  description: Identifier of the change.
  returned: success
  type: str
  sample: 20260101T090000Z-4f1c
due_at:
  description: When the gateway takes the change back, by its own clock.
  returned: when the change waits for its confirmation
  type: str
  sample: "2026-01-01T09:00:55Z"
remaining_s:
  description: Seconds until then.
  returned: when the change waits for its confirmation
  type: float
  sample: 54.9
last:
  description: What became of the last change that was confirmed or taken back.
  returned: when there is one
  type: dict
  sample:
    schema: relais.rollback/1
    id: 20260101T080000Z-a90e
    by: engineer@controller
    outcome: rolled_back
    at: "2026-01-01T08:00:57Z"
    armed_at: "2026-01-01T08:00:01Z"
    reason: nobody confirmed it within 60 s
    changed: [/etc/systemd/network/05-relais-wan1.network]
    problems: []
egress:
  description: The lines and services that were tried, and whether they work.
  returned: when they were tried
  type: dict
  sample: {wans: {fibre: true, lte: false}, services: {voice: true}}
"""

import os
import pkgutil

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.relais.continuity.plugins.module_utils import _rollback
from ansible_collections.relais.continuity.plugins.module_utils._rollback import (
    cli,
    egress,
    guard,
    programs,
    restore,
    store,
    units,
)

PROVE_S = 20
_ALONG = (cli, restore)
"""Only the program that stays on the gateway runs them; named here, they come with the module."""


def _sources() -> dict[str, bytes]:
    """The program that stays on the gateway: this collection's own, as it came with the module."""
    return {name: pkgutil.get_data(_rollback.__name__, f"{name}.py") for name in units.MODULES}


def _arm(place: store.Store, params: dict) -> dict:
    if params["id"]:
        return guard.renew(place, params["id"], params["within_s"])
    name = f"{store.wall().replace('-', '').replace(':', '')}-{os.urandom(2).hex()}"
    before = egress.in_place()
    before["targets"] = egress.merged_targets(before, egress.spec_of(params["config"]))
    spec = {"owned": params["owned"], "egress": {"spec": before, "worked": egress.measure(before)}}
    status = guard.arm(place, name, params["within_s"], params["by"] or "", spec, _sources())
    return dict(status, id=name)


def _confirm(place: store.Store, params: dict) -> dict:
    if guard.is_kept(place, params["id"]):
        return guard.status(place)
    pending = guard.waiting(place, params["id"])
    if not guard.changes(place, pending):
        return guard.confirm(place, params["id"], {})
    before = pending["egress"]["spec"]
    after = egress.spec_of(params["config"])
    after["targets"] = egress.merged_targets(before, after)
    wanted = egress.demanded(before, pending["egress"]["worked"], after)
    patience = min(PROVE_S, max(0.0, guard.status(place)["remaining_s"] - 3))
    found, missing = egress.wait_for(after, wanted, patience)
    if missing:
        raise programs.Failed(f"worked before the change and does not now: {', '.join(missing)}")
    return dict(guard.confirm(place, params["id"], found), egress=found)


def _take_back(place: store.Store, params: dict) -> dict:
    """Start the restoration, or say how far it is: the caller asks until it is done."""
    status = guard.status(place)
    if status["pending"] == params["id"] and status["remaining_s"] == 0:
        return status
    return guard.take_back(place, params["id"], params["reason"])


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {
                "type": "str",
                "choices": ["armed", "confirmed", "rolled_back"],
                "required": True,
            },
            "id": {"type": "str"},
            "within_s": {"type": "int", "default": 60},
            "owned": {"type": "dict"},
            "config": {"type": "dict", "default": {}},
            "by": {"type": "str"},
            "reason": {"type": "str", "default": "the play failed"},
        },
        required_if=[
            ("state", "armed", ("id", "owned"), True),
            ("state", "confirmed", ("id",)),
            ("state", "rolled_back", ("id",)),
        ],
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=False)
    place = store.Store()
    work = {"armed": _arm, "confirmed": _confirm, "rolled_back": _take_back}
    try:
        status = work[module.params["state"]](place, module.params)
    except (programs.Failed, OSError) as error:
        module.fail_json(msg=str(error), **guard.status(place))
    module.exit_json(changed=False, **{"id": module.params["id"], **status})


if __name__ == "__main__":
    main()
