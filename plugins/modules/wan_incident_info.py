#!/usr/bin/python
# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module wan_incident_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wan_incident_info
short_description: Tell what was wrong on a relais gateway, since when and what it did
version_added: 0.1.0
author:
  - relais contributors (@relais)
description:
  - Reads the incidents that a gateway keeps in its journal. The daemon need not run.
  - It needs the rights to read the journal, usually those of root.
extends_documentation_fragment:
  - relais.continuity._attributes
  - relais.continuity._attributes.info
options:
  id:
    description:
      - The one incident that is wanted. It is an error when the gateway keeps none of that name.
    type: str
  since:
    description:
      - Only incidents that have gone on in this time, such as V(12h) or V(30d).
    type: str
  class_name:
    description:
      - Only incidents of this class.
    type: str
    choices:
      - micro_outage
      - quality
      - access
      - upstream
      - local
      - total
      - planned
      - drill
  state:
    description:
      - V(open) gives only incidents that have not ended, those whose services run on a backup among
        them.
    type: str
    choices:
      - any
      - open
    default: any
seealso:
  - module: relais.continuity.wan_status_info
  - module: relais.continuity.wan_drill
"""

EXAMPLES = r"""
- name: Ask for what was wrong in the last month
  relais.continuity.wan_incident_info:
    since: 30d
  register: month

- name: Show how long the phones were without a line
  ansible.builtin.debug:
    msg: "{{ month.incidents | map(attribute='services.voice.outage_ms') | sum }} ms"

- name: Stop the maintenance while something is wrong
  relais.continuity.wan_incident_info:
    state: open
  register: now
  failed_when: now.open | length > 0

- name: Collect what the operator of the fibre has to explain
  relais.continuity.wan_incident_info:
    since: 30d
    class_name: upstream
  register: upstream
"""

RETURN = r"""
incidents:
  description:
    - The incidents, oldest first, as documents C(relais.incident/1).
  returned: success
  type: list
  elements: dict
  sample:
    - schema: relais.incident/1
      id: 20261128T200500Z-fibre
      class: access
      importance: vital
      state: ended
      wans:
        - fibre
      began_at: "2026-11-28T20:05:00.120Z"
      ended_at: "2026-11-28T20:10:10.100Z"
      services:
        voice:
          importance: vital
          impact: moved
          outage_ms: 274
          from: fibre
          to: lte
fingerprint:
  description:
    - Number and digest of the newest event in the journal's chain. Kept outside of the gateway, it
      proves later with C(relais verify --fingerprint) that nothing before it was changed.
    - Null for a journal without events.
  returned: success
  type: str
  sample: 4711-6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b
open:
  description: The identifiers of those of them that have not ended.
  returned: success
  type: list
  elements: str
  sample:
    - 20261128T200500Z-fibre
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.relais.continuity.plugins.module_utils._relais_cli import RelaisCli


def _words(wanted: dict[str, Any]) -> list[str]:
    words = ["incidents"]
    if wanted["id"] is not None:
        words.append(wanted["id"])
    if wanted["since"] is not None:
        words += ["--since", wanted["since"]]
    if wanted["class_name"] is not None:
        words += ["--class", wanted["class_name"]]
    if wanted["state"] == "open":
        words.append("--open")
    return words


def main() -> None:
    """Run the module."""
    classes = [
        "micro_outage",
        "quality",
        "access",
        "upstream",
        "local",
        "total",
        "planned",
        "drill",
    ]
    module = AnsibleModule(
        argument_spec={
            "id": {"type": "str"},
            "since": {"type": "str"},
            "class_name": {"type": "str", "choices": classes},
            "state": {"type": "str", "choices": ["any", "open"], "default": "any"},
        },
        supports_check_mode=True,
    )
    answer = RelaisCli(module).ask(*_words(module.params))
    incidents, fingerprint = answer["incidents"], answer.get("fingerprint")
    unended = [incident["id"] for incident in incidents if incident["ended_at"] is None]
    module.exit_json(changed=False, incidents=incidents, open=unended, fingerprint=fingerprint)


if __name__ == "__main__":
    main()
