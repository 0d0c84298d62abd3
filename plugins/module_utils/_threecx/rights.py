# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the API says 403: the licence, or the role of the API client, and then which right."""

from __future__ import annotations

from typing import Callable

from .errors import ThreeCxError

SINGLETONS = frozenset(
    ["SystemStatus", "NetworkSettings", "NotificationSettings", "GeneralSettingsForPbx"]
)
PROBED = (
    "Users",
    "Groups",
    "RingGroups",
    "Queues",
    "InboundRules",
    "OutboundRules",
    "Trunks",
    "SystemStatus",
)


def refused(what: str, client_id: str, may_read: Callable[[str], bool]) -> ThreeCxError:
    """Return the error for a request that was forbidden, after a look at what is allowed."""
    missing = [entity for entity in PROBED if not may_read(entity)]
    if len(missing) == len(PROBED):
        why = (
            f"client_id {client_id} may read nothing. Either the licence of the PBX lacks the "
            "configuration API (3CX Enterprise has it), or the client is System Wide: give it a "
            "department and the role System Owner in Admin > Integrations > API."
        )
        return ThreeCxError(f"The PBX forbids {what}: {why}", "licence_or_role", missing=missing)
    also = f" It may not read {', '.join(missing)} either." if missing else ""
    return ThreeCxError(
        f"The PBX forbids {what}: the role of client_id {client_id} lacks this right.{also} "
        "Give it the role System Owner or System Admin in Admin > Integrations > API.",
        "role",
        missing=missing,
    )
