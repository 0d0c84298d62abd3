# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""The daemon's configuration (relais.config/1): a part of the plan, and nothing beside it."""

from __future__ import annotations

from typing import Any

SCHEMA = "relais.config/1"

WAN_KEYS = (
    "id",
    "name",
    "interface",
    "gateway",
    "table",
    "technology",
    "metered",
    "monthly_quota_gb",
    "quota_resets_on_day",
    "down_mbit",
    "up_mbit",
    "probe_budget_mb",
)
SERVICE_KEYS = (
    "id",
    "name",
    "importance",
    "mode",
    "members",
    "patience_ms",
    "failback",
    "sla",
)
DRILL_KEYS = ("interface", "gateway_address", "client_address", "budget_ms", "windows")


def daemon_config(
    plan: dict[str, Any], probes: list[dict[str, Any]], sessions: dict[str, Any] | None
) -> dict[str, Any]:
    """Return the configuration of relaisd for a plan."""
    return {
        "schema": SCHEMA,
        "site": plan["site"]["name"],
        "gateway": plan["gateway"],
        "timezone": plan["site"]["timezone"],
        "wans": [{**_pick(wan, WAN_KEYS), "ipv6": wan["ipv6"] is not None} for wan in plan["wans"]],
        "services": [_pick(service, SERVICE_KEYS) for service in plan["services"]],
        "targets": [dict(target) for target in plan["targets"]],
        "policy": dict(plan["policy"]),
        "drill": {**_pick(plan["drill"], DRILL_KEYS), "sessions": sessions, "services": probes},
    }


def _pick(source: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: source[key] for key in keys}
