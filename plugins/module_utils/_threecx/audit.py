# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit of a PBX from what its API serves: would calls find a way when a site is dark?"""

from __future__ import annotations

from typing import Any, Mapping


def audit(entities: Mapping[str, Any], expectations: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what is wrong, each with its check, severity, object, message and remedy.

    ``entities`` are lists and singletons as the API serves them, by the names in collect.AUDITED;
    ``severity`` is ``error`` or ``warning``. Pure: it reads nothing else and changes nothing.
    """
    return []
