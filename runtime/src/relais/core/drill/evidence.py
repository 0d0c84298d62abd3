# SPDX-License-Identifier: GPL-3.0-or-later
"""From samples to evidence: outages as the staff feel them, and the verdict.

The document is `relais.drill/1`; docs/reference/drill.md explains each number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relais.core.drill.blackout import blackout_reasons, blackout_service, local_facts
from relais.core.drill.model import Event, Run, ServiceRun, Session
from relais.core.drill.samples import (
    ANSWER_WITHIN_MS,
    during_fault,
    outage_ms,
    percentile,
    worst_gap_ms,
)
from relais.core.drill.sip import sip_facts, sip_reasons
from relais.core.drill.timeline import timeline, told_during_fault

Facts = dict[str, Any]
SCHEMA = "relais.drill/1"


def evidence(run: Run) -> Facts:
    """The whole evidence document of a finished drill."""
    judged = blackout_service if run.total else _service
    services = {service.name: judged(run, service) for service in run.services}
    sessions = _sessions(run)
    failback = _failback(run)
    sip = None if run.sip is None else sip_facts(run, run.sip)
    local = local_facts(run) if run.total else None
    if run.total:
        reasons = blackout_reasons(run, services, local or {})
    else:
        reasons = _reasons(run, services, sessions, failback)
    reasons += sip_reasons(run, sip)
    fault = {"kind": run.kind, "wan": run.wan, "seconds": run.seconds}
    fault |= {"injected_at": run.injected_at, "lasted_ms": round(run.cleared_ms - run.injected_ms)}
    return {
        "schema": SCHEMA,
        "id": run.id,
        "version": run.version,
        "site": run.site,
        "gateway": run.gateway,
        "timezone": run.timezone,
        "started_at": run.started_at,
        "fault": fault,
        "services": services,
        "sessions": sessions,
        "failback": failback,
        "sip": sip,
        "local": local,
        "alerts": [
            {"target": alert.target, "after_ms": round(alert.after_ms)} for alert in run.alerts
        ],
        "timeline": timeline(run, _recoveries(run, services)),
        "notes": list(run.notes),
        "reasons": reasons,
        "verdict": "fail" if reasons else "pass",
    }


def _service(run: Run, service: ServiceRun) -> Facts:
    fresh = during_fault(service.fresh, run)
    measured = outage_ms(fresh, run.injected_ms)
    outage = run.cleared_ms - run.injected_ms if measured is None else measured
    existing_ms = _existing_ms(run, service)
    ok = bool(fresh) and measured is not None and measured <= service.budget_ms
    if service.before == run.wan:
        ok = ok and service.during not in (None, run.wan)
        ok = ok and (existing_ms is not None or not service.fixed)
    return {
        "sent": len(fresh),
        "lost": sum(not a.ok for a in fresh),
        "outage_ms": round(outage),
        "existing_ms": existing_ms,
        "before": service.before,
        "during": service.during,
        "after": service.after,
        "budget_ms": service.budget_ms,
        "ok": ok,
    }


def _existing_ms(run: Run, service: ServiceRun) -> int | None:
    """Until the flow opened before the fault worked again or was told; None: neither happened."""
    told = service.told_ms
    if told is not None and run.has(told):
        return round(told - run.injected_ms)
    fixed = during_fault(service.fixed, run)
    measured = outage_ms(fixed, run.injected_ms) if fixed else None
    return None if measured is None else round(measured)


def _sessions(run: Run) -> Facts:
    told = told_during_fault(run)
    after_fault = percentile([t - run.injected_ms for t in told], 0.99)
    confirmed = run.confirmed_ms if run.confirmed_ms is not None else run.injected_ms
    after_confirmation = percentile([max(0.0, t - confirmed) for t in told], 0.99)
    end_ms = run.ended_ms if run.total else run.cleared_ms
    return {
        "tcp_open": len(run.sessions),
        "tcp_told": len(told),
        "tcp_reset_p99_ms": None if after_confirmation is None else round(after_confirmation),
        "tcp_told_p99_ms": None if after_fault is None else round(after_fault),
        "tcp_stuck": sum(_stuck(end_ms, session) for session in run.sessions),
    }


def _stuck(end_ms: float, session: Session) -> bool:
    """Neither told before that moment nor answered at it: the application still hangs."""
    if session.told_ms is not None and session.told_ms < end_ms:
        return False
    heard = [at for at in session.heard_ms if at < end_ms]
    return not heard or heard[-1] < end_ms - ANSWER_WITHIN_MS


def _failback(run: Run) -> Facts:
    gaps = [
        worst_gap_ms([a for a in service.fresh if run.cleared_ms <= a.sent_ms])
        for service in run.services
    ]
    return {
        "outage_ms": round(max(gaps, default=0.0)),
        "needless_resets": sum(
            s.told_ms is not None and s.told_ms >= run.cleared_ms for s in run.late_sessions
        ),
        "sessions": len(run.late_sessions),
        "back_ms": None if run.back_ms is None else round(run.back_ms - run.cleared_ms),
    }


def _recoveries(run: Run, services: Mapping[str, Facts]) -> list[Event]:
    found = []
    for name, one in services.items():
        outage = one["outage_ms"]
        if one["lost"] and run.has(run.injected_ms + outage):
            found.append(Event(run.injected_ms + outage, f"new flows of {name} work again"))
    return found


def _reasons(
    run: Run, services: Mapping[str, Facts], sessions: Facts, failback: Facts
) -> list[str]:
    """Every reason for a verdict of fail, in words; none means pass."""
    reasons = [f"aborted: {run.aborted}"] if run.aborted else []
    for service in run.services:
        reasons += _service_reasons(run, service, services[service.name])
    if sessions["tcp_stuck"]:
        reasons.append(f"{sessions['tcp_stuck']} of {sessions['tcp_open']} TCP sessions were stuck")
    budget = min((service.budget_ms for service in run.services), default=0)
    outage = failback["outage_ms"]
    if outage > budget:
        reasons.append(f"failback interrupted new flows for {outage} ms, more than {budget} ms")
    if failback["needless_resets"]:
        reasons.append(f"failback reset {failback['needless_resets']} TCP sessions")
    return reasons


def _service_reasons(run: Run, service: ServiceRun, one: Facts) -> list[str]:
    if one["ok"]:
        return []
    name = service.name
    if not one["sent"]:
        return [f"{name}: nothing was sent during the fault"]
    if one["outage_ms"] > service.budget_ms:
        return [f"{name}: {one['outage_ms']} ms without service, more than {service.budget_ms} ms"]
    if service.before == run.wan and service.during in (None, run.wan):
        return [f"{name}: its flows were on {service.during or 'no WAN'} during the fault"]
    return [f"{name}: the flow opened before the fault hung and its application was not told"]
