# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit of a PBX from what its API serves: would calls find a way when a site is dark?"""

from __future__ import annotations

from typing import Any, Callable, Mapping

from . import audit_lines, audit_numbers, audit_people
from .audit_findings import Findings
from .audit_paths import Paths
from .audit_pbx import Exchange

Check = Callable[[Paths, Mapping[str, Any], Findings], None]

CHECKS: tuple[Check, ...] = (
    audit_lines.forwarding_allowed,
    audit_people.vital_users,
    audit_people.other_users,
    audit_numbers.forwards,
    audit_numbers.inbound_rules,
    audit_numbers.vital_numbers,
    audit_numbers.departments,
    audit_lines.outbound_rules,
    audit_lines.emergency_rules,
    audit_lines.channels,
    audit_lines.dark_pbx,
)
"""Every check, in the order in which its findings are told."""


def audit(entities: Mapping[str, Any], expectations: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what is wrong, each with its check, severity, object, message and remedy.

    ``entities`` are lists and singletons as the API serves them, by the names in collect.AUDITED;
    ``severity`` is ``error`` or ``warning``. Pure: it reads nothing else and changes nothing.

    ``expectations``, all optional: ``vital_users`` (each with its ``extension`` and ``mobile``),
    ``numbers`` (called from outside), ``departments`` (names that the switch is for),
    ``forwarded_calls`` (at once), ``emergency_numbers``, ``location`` (cloud or onsite),
    ``own_path_trunks`` (names), ``carrier_forward`` (to, numbers, tested_on).
    """
    findings = Findings()
    paths = Paths(Exchange(entities))
    for check in CHECKS:
        check(paths, expectations, findings)
    return findings.found
