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
    "address",
    "gateway",
    "table",
    "rule_priority",
    "metric",
    "technology",
    "metered",
    "monthly_quota_gb",
    "quota_resets_on_day",
    "down_mbit",
    "up_mbit",
    "probe_budget_mb",
    "operator",
    "contract",
    "repair_time_hours",
    "availability_percent",
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
LAN_KEYS = ("interface", "address")
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
        "routing": dict(plan["routing"]),
        "lan": {**_pick(plan["lan"], LAN_KEYS), "address6": _ipv6(plan["lan"], "address")},
        "wans": [_wan(wan) for wan in plan["wans"]],
        "services": [_pick(service, SERVICE_KEYS) for service in plan["services"]],
        "targets": [dict(target) for target in plan["targets"]],
        "policy": dict(plan["policy"]),
        "drill": {**_pick(plan["drill"], DRILL_KEYS), "sessions": sessions, "services": probes},
    }


def _wan(wan: dict[str, Any]) -> dict[str, Any]:
    return {
        **_pick(wan, WAN_KEYS),
        "ipv6": wan["ipv6"] is not None,
        "address6": _ipv6(wan, "address"),
        "gateway6": _ipv6(wan, "gateway"),
    }


def _ipv6(holder: dict[str, Any], key: str) -> Any:
    return holder["ipv6"][key] if holder["ipv6"] else None


def _pick(source: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: source[key] for key in keys}
