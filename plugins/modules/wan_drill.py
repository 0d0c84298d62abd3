#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module wan_drill."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wan_drill
short_description: Cut a link of a relais gateway for a while and measure what the staff would feel
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - Breaks one link, or all, in the kernel of the gateway, below everything that watches it, while a
    synthetic client of the LAN uses every service. Returns what that client felt, as evidence.
  - The fault ends by itself after O(seconds), in the kernel or by systemd, also when the daemon,
    this connection or the controller die meanwhile.
  - The drill is refused, before anything is touched, when no other link was just proved good, when
    a link is forced, outside the windows that the inventory allows, or when another drill is
    running. All reasons are given at once.
  - It is ended at once when a service stays without an answer for longer than its budget.
  - The module waits for the services to return to their link, so it takes O(seconds) and the
    gateway's failback time, about one and a half minutes by default. Run it with C(async) and
    C(poll) where the connection to the gateway could be cut meanwhile, as the playbook
    C(relais.continuity.drill) does.
extends_documentation_fragment:
  - relais.continuity._attributes
attributes:
  check_mode:
    support: partial
    details:
      - In check mode only the pre-checks are run. The module fails when the drill would be refused.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Each run is a new drill.
options:
  wan:
    description:
      - Name of the link to break. Needed unless O(kind=total), which breaks all of them.
    type: str
  kind:
    description:
      - V(silent) is a black hole. The link looks up but nothing passes, as when the operator's
        network fails.
      - V(carrier) takes the link away, as when the cable is cut or the operator's box loses power.
      - V(total) is a black hole on every link. The site is without the Internet for O(seconds), and
        this says that you want it so. What stays inside the site must go on meanwhile, and all
        must be back within the budget.
    type: str
    choices: [silent, carrier, total]
    required: true
  seconds:
    description:
      - How long the fault lasts, from 5 to 600.
    type: int
    default: 20
  budget_ms:
    description:
      - The longest outage of a service that passes. The budget of the inventory by default.
      - With O(kind=total) how soon after the fault every service must work again.
    type: int
  ignore_window:
    description:
      - Whether to run outside the windows that the inventory allows, too.
    type: bool
    default: false
  fail_on_breach:
    description:
      - Whether the module fails when the verdict of the drill is C(fail). A drill that was refused
        or could not be carried out always fails.
    type: bool
    default: true
seealso:
  - module: relais.continuity.wan_status_info
"""

EXAMPLES = r"""
- name: See whether the office survives a silent fibre
  relais.continuity.wan_drill:
    wan: fibre
    kind: silent
  register: silent

- name: Cut the cable for a minute, and keep the evidence whatever it says
  relais.continuity.wan_drill:
    wan: fibre
    kind: carrier
    seconds: 60
    budget_ms: 500
    fail_on_breach: false
  register: cut

- name: Show at noon what works without the Internet
  relais.continuity.wan_drill:
    kind: total
    seconds: 30
  register: dark

- name: Keep the evidence on the controller
  ansible.builtin.copy:
    content: "{{ cut.drill | ansible.builtin.to_nice_json }}\n"
    dest: "evidence/{{ inventory_hostname }}-{{ cut.drill.id }}.json"
    mode: "0644"
  delegate_to: localhost
"""

RETURN = r"""
drill:
  description:
    - The evidence, C(relais.drill/1), as it is kept on the gateway in C(/var/lib/relais/drills).
  returned: when the drill was carried out
  type: dict
  sample:
    schema: relais.drill/1
    id: 20260101T090000Z-silent-fibre
    site: Cabinet Exemple
    gateway: gw
    started_at: "2026-01-01T09:00:00.000Z"
    fault:
      kind: silent
      wan: fibre
      seconds: 20
    services:
      voice:
        sent: 1000
        lost: 9
        outage_ms: 180
        existing_ms: 940
        before: fibre
        during: lte
        budget_ms: 1000
        ok: true
    sessions:
      tcp_open: 20
      tcp_reset_p99_ms: 210
      tcp_stuck: 0
    failback:
      outage_ms: 0
      needless_resets: 0
    sip:
      registrar: 198.51.100.210:5060
      call: "*777"
      register_ms: 12
      reregister_ms: 640
      usable_ms: 610
      audio_sent: 1000
      audio_heard: 970
      audio_gap_ms: 580
      failback_audio_gap_ms: 20
      call_alive: true
      ok: true
    local: null
    verdict: pass
sip:
  description:
    - What the drill's own telephone felt, the C(sip) of the evidence. There is none without
      C(relais_drill.sip) in the inventory.
  returned: when the drill was carried out
  type: dict
  contains:
    registrar:
      description: Address and port of the SIP server.
      type: str
    call:
      description: The number that was called before the fault, if any.
      type: str
    register_ms:
      description: How long a registration took before the fault.
      type: int
    reregister_ms:
      description: From the fault until a registration succeeded again. Null when none did.
      type: int
    usable_ms:
      description: From the fault until the server answered again. Null when it did not.
      type: int
    audio_sent:
      description: Packets of voice sent during the fault, one each 20 ms.
      type: int
    audio_heard:
      description: Packets of voice heard during the fault.
      type: int
    audio_gap_ms:
      description: The longest silence of the call open before the fault. Null without a call.
      type: int
    failback_audio_gap_ms:
      description: The same after the end of the fault.
      type: int
    call_alive:
      description: Whether that call was still one at the end of the drill. Null without a call.
      type: bool
    ok:
      description: Whether all of this came back in time.
      type: bool
verdict:
  description: V(pass) or V(fail), as in the evidence.
  returned: when the drill was carried out
  type: str
  sample: pass
problems:
  description: Every reason why the drill was refused.
  returned: when the drill was refused
  type: list
  elements: str
  sample:
    - "no backup is proved good: lte is down"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.relais.continuity.plugins.module_utils._relais_cli import RelaisCli


def _words(module: AnsibleModule) -> list[str]:
    params = module.params
    words = [] if params["wan"] is None else ["--wan", params["wan"]]
    words += ["--kind", params["kind"], "--seconds", str(params["seconds"])]
    if params["budget_ms"] is not None:
        words += ["--budget-ms", str(params["budget_ms"])]
    if params["ignore_window"]:
        words.append("--ignore-window")
    return words


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "wan": {"type": "str"},
            "kind": {"type": "str", "choices": ["silent", "carrier", "total"], "required": True},
            "seconds": {"type": "int", "default": 20},
            "budget_ms": {"type": "int"},
            "ignore_window": {"type": "bool", "default": False},
            "fail_on_breach": {"type": "bool", "default": True},
        },
        required_if=[("kind", kind, ("wan",)) for kind in ("silent", "carrier")],
        supports_check_mode=True,
    )
    relais = RelaisCli(module)
    if module.check_mode:
        relais.ask("drill", "check", *_words(module))
        module.exit_json(changed=True)
    drill = relais.ask("drill", "run", *_words(module))
    result = {"changed": True, "drill": drill, "verdict": drill["verdict"], "sip": drill.get("sip")}
    if drill["verdict"] != "pass" and module.params["fail_on_breach"]:
        reasons = drill.get("reasons") or ["see the evidence"]
        module.fail_json(msg=f"The drill failed: {'; '.join(reasons)}", **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
