# SPDX-License-Identifier: GPL-3.0-or-later
"""What records carry as data, so that whoever reads the journal need not read words.

docs/reference/incident.md lists it. The core has no calendar: instants are told as ages in ms.
"""

from __future__ import annotations

from collections.abc import Mapping

from relais.core.link import Link
from relais.core.model import Config, Service
from relais.core.state import State
from relais.core.transitions import LinkState

DARK = (LinkState.LOST, LinkState.DOWN)


def of_state(before: Link, link: Link, others: Mapping[str, Link], now_ms: float) -> Facts:
    """Inputs of a record that tells of a change of state."""
    dark_since = before.dark_since_ms if link.dark_since_ms is None else link.dark_since_ms
    return {
        "fact": "state",
        "before": str(before.state),
        **_condition(link, dark_since, now_ms),
        "meters": meters(others),
    }


def of_quality(before: Link, link: Link, others: Mapping[str, Link], now_ms: float) -> Facts:
    """Inputs of a record that tells of another quality."""
    return {
        "fact": "quality",
        "before": str(before.quality),
        "quality": str(link.quality),
        "excused": _excused(link, now_ms),
        "meters": meters(others),
    }


def of_limits(link: Link, service: str, others: Mapping[str, Link], now_ms: float) -> Facts:
    """Inputs of a record that a link breaks the limits of a service, or keeps them again."""
    return {
        "fact": "limits",
        "broken": service in link.sla_broken,
        "excused": _excused(link, now_ms),
        "meters": meters(others),
    }


def of_excuse_over(link: Link, others: Mapping[str, Link], now_ms: float) -> Facts:
    """Inputs of a record that a drill's announcement ends while its link is dark."""
    return {
        "fact": "excuse_over",
        **_condition(link, link.dark_since_ms, now_ms),
        "meters": meters(others),
    }


def of_admin(before: Link, link: Link, others: Mapping[str, Link]) -> Facts:
    """Inputs of a record of the administrator's wish."""
    return {"before": str(before.admin), "mode": str(link.admin), "meters": meters(others)}


def of_start(state: State) -> Facts:
    """Inputs of the daemon's first record: the site, and how every link and service is found."""
    config = state.config
    return {
        "fact": "start",
        "site": config.site,
        "gateway": config.gateway,
        "timezone": config.timezone,
        "wans": {name: _found(link, state.now_ms) for name, link in state.links.items()},
        "services": {s.name: _steered(s, config, state) for s in config.services},
    }


def meters(links: Mapping[str, Link]) -> dict[str, int]:
    """What the kernel has counted on each metered link, both ways."""
    return {
        name: link.traffic.rx_bytes + link.traffic.tx_bytes
        for name, link in links.items()
        if link.wan.metered and link.traffic is not None
    }


Facts = Mapping[str, object]


def _excused(link: Link, now_ms: float) -> bool:
    return now_ms < link.excused_until_ms


def _condition(link: Link, dark_since_ms: float | None, now_ms: float) -> dict[str, object]:
    told = dark_since_ms is not None and (link.state in DARK or link.state is LinkState.RECOVERING)
    return {
        "state": str(link.state),
        "dark_for_ms": round(now_ms - dark_since_ms, 3) if told and dark_since_ms else None,
        "segment": _segment(link) if link.state in DARK else None,
        "cause": link.reason if link.state in DARK and not link.usable else None,
        "excused": _excused(link, now_ms),
    }


def _segment(link: Link) -> str:
    """Where a dark link is cut, as far as the gateway can tell."""
    if not link.usable:
        return "local"
    since = link.dark_since_ms or link.since_ms
    return "upstream" if link.edge_ms is not None and link.edge_ms > since else "access"


def _found(link: Link, now_ms: float) -> dict[str, object]:
    wan = link.wan
    return {
        **_condition(link, link.dark_since_ms, now_ms),
        "admin": str(link.admin),
        "quality": str(link.quality),
        "limits_broken": sorted(link.sla_broken),
        "metered": wan.metered,
        "operator": getattr(wan, "operator", None),
        "technology": wan.technology,
    }


def _steered(service: Service, config: Config, state: State) -> dict[str, object]:
    choice = state.choices.get(service.name)
    return {
        "importance": str(service.importance),
        "mode": str(service.mode),
        "members": [member.wan for member in service.members],
        "wans": [] if choice is None else list(choice.wans),
    }
