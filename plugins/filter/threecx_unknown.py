# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter threecx_unknown: what an inventory names that a PBX does not know."""

from __future__ import annotations

DOCUMENTATION = r"""
name: threecx_unknown
short_description: List what the inventory of a site names and its PBX does not know
version_added: "0.1.0"
author:
  - relais contributors (@relais)
description:
  - Compares the plan's telephony with what P(relais.continuity.threecx_info#module) has read. Each
    extension, ring group, queue, department, trunk or number that is not on the PBX is one
    sentence with what comes near, so that all of them are told before anything is written.
  - A trunk that is at another host than the inventory says is one as well.
positional: _input, telephony
options:
  _input:
    description:
      - The result of P(relais.continuity.threecx_info#module), with C(users), C(ring_groups),
        C(queues), C(departments) and C(trunks).
    type: dict
    required: true
  telephony:
    description:
      - The key C(telephony) of the plan.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Stop before anything is written to a PBX that is not the one of the inventory
  ansible.builtin.assert:
    that: unknown | length == 0
    fail_msg: "{{ unknown | join('\n') }}"
    quiet: true
  vars:
    unknown: "{{ pbx | relais.continuity.threecx_unknown(plan.telephony) }}"
"""

RETURN = r"""
_value:
  description:
    - The sentences; none when the PBX knows everything.
  type: list
  elements: str
  sample:
    - "relais_telephony.users[0].extension: the PBX has no extension 199; did you mean 100 or 101?"
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.relais.continuity.plugins.module_utils._threecx.audit_pbx import (
    host,
    same_number,
)
from ansible_collections.relais.continuity.plugins.module_utils._threecx.directory import (
    meant,
    trunk_name,
)

LISTS = ("users", "ring_groups", "queues", "departments", "trunks")
NUMBERED = (
    ("users", "extension", "extension"),
    ("ring_groups", "number", "ring group"),
    ("queues", "number", "queue"),
)


def threecx_unknown(found: Any, telephony: Any) -> list[str]:
    """Return a sentence for everything that the PBX does not know."""
    if not isinstance(found, Mapping) or any(name not in found for name in LISTS):
        raise AnsibleFilterError(
            f"threecx_unknown takes the result of threecx_info with gather: [{', '.join(LISTS)}]"
        )
    return [
        *_numbers(found, telephony),
        *_departments(found["departments"], telephony),
        *_trunks(found["trunks"], telephony),
        *_dids(found["trunks"], telephony),
    ]


def _missing(where: str, noun: str, name: str, known: Iterable[str]) -> str:
    return f"relais_telephony.{where}: the PBX has no {noun} {name}; {meant(name, known)}"


def _numbers(found: Mapping[str, Any], telephony: Mapping[str, Any]) -> Iterator[str]:
    known = {name: {str(one["Number"]) for one in found[name]} for name, _key, _noun in NUMBERED}
    for name, key, noun in NUMBERED:
        for index, item in enumerate(telephony[name]):
            if item[key] not in known[name]:
                yield _missing(f"{name}[{index}].{key}", noun, item[key], known[name])


def _departments(found: list[Any], telephony: Mapping[str, Any]) -> Iterator[str]:
    known = {str(one["Name"]) for one in found}
    for index, item in enumerate(telephony["departments"]):
        if item["name"] not in known:
            yield _missing(f"departments[{index}].name", "department", item["name"], known)
    for index, rule in enumerate(telephony["outbound"]):
        for place, name in enumerate(rule["departments"]):
            if name not in known:
                where = f"outbound[{index}].departments[{place}]"
                yield _missing(where, "department", name, known)


def _trunks(found: list[Any], telephony: Mapping[str, Any]) -> Iterator[str]:
    known = {trunk_name(one): one for one in found}
    for index, trunk in enumerate(telephony["trunks"]):
        where = f"trunks[{index}]"
        if trunk["name"] not in known:
            yield _missing(f"{where}.name", "trunk", trunk["name"], known)
        elif host(known[trunk["name"]]) != trunk["host"].lower():
            yield (
                f"relais_telephony.{where}.host: the PBX reaches {trunk['name']} at"
                f" {host(known[trunk['name']])}, not at {trunk['host']}; correct the one that is"
                " wrong (a trunk is moved in the Admin console, with its credentials)"
            )


def _dids(found: list[Any], telephony: Mapping[str, Any]) -> Iterator[str]:
    known = {trunk_name(one): one.get("DidNumbers") or [] for one in found}
    for index, item in enumerate(telephony["inbound"]):
        numbers = known.get(item["trunk"])
        if numbers is None or any(same_number(one, item["did"]) for one in numbers):
            continue
        yield (
            f"relais_telephony.inbound[{index}].did: {item['did']} is not a number of trunk"
            f" {item['trunk']}, so that a rule for it would never take a call; there are:"
            f" {', '.join(numbers) or 'none'}"
        )


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"threecx_unknown": threecx_unknown}
