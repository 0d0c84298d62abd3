# SPDX-License-Identifier: GPL-3.0-or-later
"""The core's state as documents: `relais.state/1` and the answer to `why`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from relais.core.link import Link, fault_count
from relais.core.model import Codec, Mode, Service
from relais.core.quality import link_rating, mean_opinion_score
from relais.core.quota import BYTES_PER_GB
from relais.core.select import Choice, ranks
from relais.core.state import State

SCHEMA = "relais.state/1"
Wall = Callable[[float], str]
"""Turns a monotonic instant in ms into RFC 3339 text."""


def state_document(state: State, wall: Wall) -> dict[str, object]:
    """The `wans` and `services` of the state document, without the shell's own fields."""
    return {
        "schema": SCHEMA,
        "site": state.config.site,
        "gateway": state.config.gateway,
        "at": wall(state.now_ms),
        "wans": {
            name: _wan(link, state, wall, state.config.codec) for name, link in state.links.items()
        },
        "services": {
            service.name: _service(service, state.choices[service.name])
            for service in state.config.services
            if service.name in state.choices
        },
    }


def why_document(state: State, service: Service, wall: Wall) -> dict[str, object]:
    """Why `service` uses what it uses: the rule, and what is known of each of its WANs."""
    choice = state.choices[service.name]
    fitness = ranks(service, state.links)
    codec = service.sla.codec if service.sla else state.config.codec
    return {
        "service": service.name,
        "mode": str(service.mode),
        "importance": str(service.importance),
        "patience_ms": service.patience_ms,
        "failback": str(service.failback),
        "wans": list(choice.wans),
        "rule": choice.rule,
        "reason": choice.reason,
        "inputs": {
            member.wan: {
                **_wan(state.links[member.wan], state, wall, codec),
                "rank": fitness[member.wan].name.lower(),
                "faults_last_hour": fault_count(state.links[member.wan], state.now_ms),
            }
            for member in service.members
        },
    }


def _service(service: Service, choice: Choice) -> dict[str, object]:
    return {
        "id": service.id,
        "importance": str(service.importance),
        "wans": [{"wan": m.wan, "weight": m.weight} for m in choice.members],
        "on_backup": on_backup(service, choice),
        "rule": choice.rule,
        "reason": choice.reason,
    }


def on_backup(service: Service, choice: Choice) -> bool:
    """Whether the service does without a WAN that it should use: the first of its list, or one of
    those that it is balanced over. One that takes the most stable has no backup.
    """
    match service.mode:
        case Mode.ORDERED:
            return choice.wans != (service.members[0].wan,)
        case Mode.BALANCE:
            return not {member.wan for member in service.members} <= set(choice.wans)
        case Mode.MOST_STABLE:
            return False


def _wan(link: Link, state: State, wall: Wall, codec: Codec) -> dict[str, object]:
    now = state.now_ms
    return {
        "id": link.wan.id,
        "interface": link.wan.interface,
        "state": str(link.state),
        "admin": str(link.admin),
        "since": wall(link.since_ms),
        "reason": link.reason,
        "carrier": link.carrier,
        "address": link.address,
        "gateway": link.gateway,
        "ipv6": link.wan.ipv6,
        "address6": link.address6,
        "metered": link.wan.metered,
        "quality": str(link.quality),
        "quality_reason": link.quality_reason,
        "loss_percent": _rounded(link.window.loss_percent()),
        "rtt_ms": _rounded(link.window.srtt_ms),
        "jitter_ms": _rounded(link.window.jitter_ms),
        **_voice(link, codec),
        "rx_mbit": _rounded(link.rate.rx_mbit if link.rate else None),
        "tx_mbit": _rounded(link.rate.tx_mbit if link.rate else None),
        "rx_bytes": link.traffic.rx_bytes if link.traffic else None,
        "tx_bytes": link.traffic.tx_bytes if link.traffic else None,
        "penalty": round(link.penalty.now(now)),
        "suppressed": link.penalty.suppressed,
        "sla_broken": dict(link.sla_broken),
        "probe_budget": _budget(link),
        "quota": _quota(link),
        "proved_ms_ago": None if link.proved_ms is None else round(now - link.proved_ms),
        "targets": _targets(link, state),
    }


def _targets(link: Link, state: State) -> Mapping[str, object]:
    return {
        target.name: {
            "probe": str(target.probe),
            "answers": record.missed == 0 if record.answered_ms or record.missed else None,
            "missed": record.missed,
            "rtt_ms": _rounded(record.rtt_ms),
        }
        for target, record in zip(state.config.targets, link.targets, strict=True)
        if target.asked_through(link.wan)
    }


def _voice(link: Link, codec: Codec) -> dict[str, object]:
    """R and MOS of a call over the link, worst case of the two directions; None without probes."""
    window = link.window
    loss = window.loss_percent()
    if window.srtt_ms is None or loss is None:
        return {"codec": str(codec), "r_factor": None, "mos": None}
    rating = link_rating(window.srtt_ms, window.jitter_ms or 0.0, loss, codec)
    score = mean_opinion_score(rating)
    return {"codec": str(codec), "r_factor": round(rating, 1), "mos": round(score, 2)}


def _budget(link: Link) -> Mapping[str, object] | None:
    """What a metered link may still spend on probes right now, and in a month."""
    if link.wan.probe_budget_mb is None:
        return None
    return {"month_mb": link.wan.probe_budget_mb, "left_bytes": round(link.tokens_bytes)}


def _quota(link: Link) -> Mapping[str, object] | None:
    """What the month's quota is used up to; None without one, or before its period is known."""
    usage = link.usage
    if usage is None:
        return None
    return {
        "used_gb": round(usage.used_bytes / BYTES_PER_GB, 3),
        "of_gb": link.wan.monthly_quota_gb,
        "percent": round(usage.percent, 1),
        "resets_at": usage.resets_at,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
