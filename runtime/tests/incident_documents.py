# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents of a made-up site, and the plan of that site."""

from __future__ import annotations

import copy
from typing import Any

FIBRE: dict[str, Any] = {
    "schema": "relais.incident/1",
    "id": "20261128T200500Z-fibre",
    "site": "Cabinet Exemple",
    "gateway": "gw",
    "timezone": "Europe/Paris",
    "class": "access",
    "importance": "vital",
    "state": "ended",
    "wans": ["fibre"],
    "began_at": "2026-11-28T20:05:00.120Z",
    "detected_at": "2026-11-28T20:05:00.330Z",
    "switched_at": "2026-11-28T20:05:00.394Z",
    "recovered_at": "2026-11-28T20:52:10.000Z",
    "failed_back_at": "2026-11-28T20:53:12.000Z",
    "ended_at": "2026-11-28T20:53:12.000Z",
    "dark_ms": 2829880,
    "dark_since": None,
    "segment": {
        "where": "access",
        "why": "the first hop is silent too, so the cut is on the access line",
    },
    "services": {
        "mail": {"importance": "normal", "impact": "untouched", "outage_ms": 0, "dark_since": None,
                 "from": "lte", "to": "lte"},
        "voice": {"importance": "vital", "impact": "moved", "outage_ms": 274, "dark_since": None,
                  "from": "fibre", "to": "lte"},
        "vpn": {"importance": "vital", "impact": "moved", "outage_ms": 812, "dark_since": None,
                "from": "fibre", "to": "lte"},
    },
    "spent_bytes": {"lte": 1234567890},
    "meters": {"lte": 4711000000},
    "drill": None,
    "planned": False,
    "operator": {"name": "Operator A", "technology": "ftth"},
    "timeline": [
        {"at": "2026-11-28T20:05:00.320Z", "id": "20261128T200500Z-0012", "kind": "link",
         "what": "fibre suspect", "why": "sent and heard nothing for 200 ms"},
        {"at": "2026-11-28T20:05:00.390Z", "id": "20261128T200500Z-0013", "kind": "link",
         "what": "fibre lost", "why": "the burst went unanswered"},
        {"at": "2026-11-28T20:05:00.392Z", "id": "20261128T200500Z-0014", "kind": "choice",
         "what": "voice: fibre to lte", "why": "fibre is lost"},
        {"at": "2026-11-28T20:05:00.392Z", "id": "20261128T200500Z-0015", "kind": "choice",
         "what": "vpn: fibre to lte", "why": "fibre is lost"},
        {"at": "2026-11-28T20:05:00.394Z", "id": "20261128T200500Z-0016", "kind": "switch",
         "what": "kernel steers voice lte", "why": "0.2 ms"},
        {"at": "2026-11-28T20:52:10.000Z", "id": "20261128T205210Z-0020", "kind": "link",
         "what": "fibre recovering", "why": "targets answer"},
        {"at": "2026-11-28T20:53:12.000Z", "id": "20261128T205312Z-0021", "kind": "other",
         "what": "something new", "why": ""},
    ],
}  # fmt: skip
PLAN: dict[str, Any] = {
    "schema": "relais.plan/1",
    "site": {"name": "Cabinet Exemple", "language": "fr", "timezone": "Europe/Paris", "staff": 45,
             "hourly_cost_eur": 38},
    "wans": [
        {"name": "fibre", "operator": "Operator A", "technology": "ftth", "contract": "A-123",
         "support_phone": "+33199000001", "repair_time_hours": 4, "monthly_quota_gb": None},
        {"name": "lte", "operator": "Operator B", "technology": "4g", "contract": None,
         "support_phone": None, "repair_time_hours": None, "monthly_quota_gb": 50},
    ],
    "contacts": {"emergency_channel": {"kind": "SMS group", "phone": "+33199000004"}},
}  # fmt: skip


def incident(**changes: Any) -> dict[str, Any]:
    """The fault of the fibre, with some keys replaced."""
    return {**copy.deepcopy(FIBRE), **changes}


def still_open() -> dict[str, Any]:
    """The same fault while the fibre is away."""
    return incident(
        state="on_backup", recovered_at=None, failed_back_at=None, ended_at=None, dark_ms=0,
        dark_since="2026-11-28T20:05:00.120Z", timeline=FIBRE["timeline"][:5],
    )  # fmt: skip


def total(**changes: Any) -> dict[str, Any]:
    """No link for an hour and a half."""
    dark = {"impact": "dark", "outage_ms": 5_400_000, "dark_since": None, "from": "fibre",
            "to": "fibre"}  # fmt: skip
    services = {name: {"importance": rank, **dark} for name, rank in
                (("voice", "vital"), ("web", "normal"))}  # fmt: skip
    ended = "2026-11-28T21:35:00.120Z"
    facts: dict[str, Any] = {
        "id": "20261128T200500Z-site", "class": "total", "wans": ["fibre", "lte"],
        "switched_at": None, "recovered_at": ended, "failed_back_at": None, "ended_at": ended,
        "services": services, "spent_bytes": {}, "operator": None, "segment": None,
        "dark_ms": 5_400_000, "timeline": [],
    }  # fmt: skip
    return incident(**{**facts, **changes})


def of_class(kind: str) -> dict[str, Any]:
    """An incident of each class, as the gateway would tell it."""
    if kind == "total":
        return total()
    where = {"upstream": "upstream", "local": "local", "access": "access", "drill": "upstream"}
    segment = {"where": where[kind], "why": "no carrier"} if kind in where else None
    return incident(
        **{"class": kind},
        segment=segment,
        planned=kind == "planned",
        drill={"wans": ["fibre"]} if kind == "drill" else None,
    )
