# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills that cut every WAN: the return is judged, and what is local, since nothing else can work.

The budget is for the time from the end of the fault until new requests work again for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relais.core.drill.model import Run, ServiceRun
from relais.core.drill.samples import during_fault, outage_ms, worst_gap_ms

Facts = dict[str, Any]
LOCAL_BUDGET_MS = 1000
"""What is local may miss a moment on a busy machine, and no more."""


def blackout_service(run: Run, service: ServiceRun) -> Facts:
    """The evidence of a service; `outage_ms` holds the fault itself."""
    fresh = during_fault(service.fresh, run)
    after = [a for a in service.fresh if run.cleared_ms <= a.sent_ms]
    recovery = outage_ms(after, run.cleared_ms) if after else None
    fixed = [a for a in service.fixed if run.injected_ms <= a.sent_ms]
    existing = outage_ms(fixed, run.injected_ms) if fixed else None
    until_ms = run.cleared_ms + recovery if recovery is not None else run.ended_ms
    return {
        "sent": len(fresh),
        "lost": sum(not a.ok for a in fresh),
        "outage_ms": round(until_ms - run.injected_ms),
        "recovery_ms": None if recovery is None else round(recovery),
        "existing_ms": None if existing is None else round(existing),
        "before": service.before,
        "during": service.during,
        "after": service.after,
        "budget_ms": service.budget_ms,
        "ok": recovery is not None and recovery <= service.budget_ms,
    }


def local_facts(run: Run) -> Facts:
    """By address: what was asked of the site's own hosts during the fault, and was not answered."""
    found: Facts = {}
    for host in run.local:
        asked = during_fault(host.attempts, run)
        gap = worst_gap_ms(asked)
        found[host.address] = {
            "sent": len(asked),
            "lost": sum(not a.ok for a in asked),
            "outage_ms": round(gap),
            "ok": bool(asked) and gap <= LOCAL_BUDGET_MS,
        }
    return found


def blackout_reasons(
    run: Run, services: Mapping[str, Facts], local: Mapping[str, Facts]
) -> list[str]:
    """Every reason for a verdict of fail, in words."""
    reasons = [f"aborted: {run.aborted}"] if run.aborted else []
    for service in run.services:
        one = services[service.name]
        if one["recovery_ms"] is None:
            reasons.append(f"{service.name}: did not work again after the fault")
        elif not one["ok"]:
            reasons.append(
                f"{service.name}: worked again {one['recovery_ms']} ms after the fault, "
                f"more than {service.budget_ms} ms"
            )
        if one["sent"] and not one["lost"]:
            reasons.append(f"{service.name}: worked during the fault, so not every way was cut")
    reasons += [
        f"{address}: a host of the site was away for {one['outage_ms']} ms"
        for address, one in local.items()
        if not one["ok"]
    ]
    if run.back_ms is None and not run.aborted:
        reasons.append("the services were not all back on their links at the end of the drill")
    return reasons
