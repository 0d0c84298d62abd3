# SPDX-License-Identifier: GPL-3.0-or-later
"""Which WAN a service uses, and why in words. One pure function of links and configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

from relais.core.calls import Wait, begun
from relais.core.link import Link
from relais.core.model import Admin, Failback, Member, Mode, Service
from relais.core.quality import Quality
from relais.core.quota import spares
from relais.core.transitions import LinkState

MANUAL_HOLD = "manual_hold"
CALLS_HOLD = "between_calls"
STABLE_STEP = 500.0
"""Penalties within one such step count as the same for `most_stable`."""


class Rank(IntEnum):
    """How fit a link is to carry a new flow; lower is better."""

    GOOD = 0
    RECOVERING = 1
    DEGRADED = 2
    SPARED = 3
    DRAINED = 4
    UNPROVEN = 5
    LOST = 6
    DOWN = 7
    UNUSABLE = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """What a service uses now: one member, or several balanced by weight; the rule that fired."""

    members: tuple[Member, ...]
    rule: str
    reason: str

    @property
    def wans(self) -> tuple[str, ...]:
        """Names of the WANs in use."""
        return tuple(member.wan for member in self.members)


def rank(link: Link) -> Rank:
    """Fitness of one link for new flows."""
    if not link.usable and link.state is not LinkState.UNKNOWN:
        return Rank.UNUSABLE
    match link.state:
        case LinkState.UP | LinkState.SUSPECT | LinkState.RECOVERING:
            return _living_rank(link)
        case LinkState.UNKNOWN:
            return Rank.UNPROVEN
        case LinkState.LOST:
            return Rank.LOST
        case LinkState.DOWN:
            return Rank.DOWN


def _living_rank(link: Link) -> Rank:
    if link.admin is Admin.DRAIN:
        return Rank.DRAINED
    if link.quality in (Quality.DEGRADED, Quality.PARTIAL):
        return Rank.DEGRADED
    if link.state is LinkState.RECOVERING or link.penalty.suppressed:
        return Rank.RECOVERING
    return Rank.GOOD


def ranks(service: Service, links: Mapping[str, Link]) -> dict[str, Rank]:
    """Fitness of a service's links for it: one whose quota more important services need is spared.

    A link that is not trusted yet is no better than a spared one, so that a flapping line does not
    draw the service back and forth.
    """
    own = {member.wan: rank(links[member.wan]) for member in service.members}
    spared = {wan for wan in own if own[wan] < Rank.SPARED and spares(service, links[wan].usage)}
    if spared:
        spared |= {wan for wan in own if own[wan] is Rank.RECOVERING}
    return {wan: Rank.SPARED if wan in spared else fitness for wan, fitness in own.items()}


def choose(
    service: Service,
    links: Mapping[str, Link],
    current: Choice | None,
    now_ms: float,
    *,
    wait: Wait | None = None,
    hold: bool = True,
) -> Choice:
    """The service's choice. `hold` lets it stay on a working backup as its `failback` says; `wait`
    is what is known of calls there.

    The best rank wins, then keeping the service's limits, then the mode decides. With every link
    down the current one is kept unless another is less bad, so there is always a choice.
    """
    forced = next((link for link in links.values() if link.admin is Admin.FORCE), None)
    if forced is not None:
        return Choice((Member(forced.wan.name),), "forced", f"{forced.wan.name} is forced by hand")
    if current is not None and _undecided(current, links):
        return Choice(current.members, "pending", "the links are still being proved")
    fitness = {
        wan: (fit, rank(links[wan]), service.name in links[wan].sla_broken)
        for wan, fit in ranks(service, links).items()
    }
    best = min(fitness.values())
    fit = [member for member in service.members if fitness[member.wan] == best]
    if best[0] > Rank.UNPROVEN:
        return _least_bad(fit, current, links)
    if service.mode is Mode.BALANCE:
        return _balanced(service, fit, links)
    if service.mode is Mode.MOST_STABLE:
        better = _most_stable(service, fit, links, now_ms)
    else:
        better = _ordered(service, fit[0], links)
    if not hold or current is None or not _works_elsewhere(current, better, fit):
        return better
    return _held(service, current, better, links, wait, now_ms)


def _ordered(service: Service, chosen: Member, links: Mapping[str, Link]) -> Choice:
    told = describe(links[chosen.wan], service)
    if chosen is service.members[0]:
        return Choice((chosen,), "preferred", f"{chosen.wan} is preferred and {told}")
    ahead = service.members[: service.members.index(chosen)]
    why = ", ".join(f"{member.wan} is {describe(links[member.wan], service)}" for member in ahead)
    return Choice((chosen,), "failover", f"{why}; {chosen.wan} is {told}")


def _undecided(current: Choice, links: Mapping[str, Link]) -> bool:
    return any(links[wan].state is LinkState.UNKNOWN for wan in current.wans if wan in links)


def _works_elsewhere(current: Choice, better: Choice, fit: list[Member]) -> bool:
    """Whether the service is on one link that is as fit as the one it would rather be on."""
    return (
        len(current.members) == 1
        and current.wans != better.wans
        and any(member.wan == current.wans[0] for member in fit)
    )


def _held(
    service: Service,
    current: Choice,
    better: Choice,
    links: Mapping[str, Link],
    wait: Wait | None,
    now_ms: float,
) -> Choice:
    """Stay on a working backup for as long as the service's failback says."""
    match service.failback:
        case Failback.MANUAL:
            return Choice(current.members, MANUAL_HOLD, "failback is manual; the backup works")
        case Failback.BETWEEN_CALLS:
            here, there = current.wans[0], links[better.wans[0]]
            if wait is None or wait.wan != here:
                wait = begun(here, now_ms)
            if wait.over(now_ms):
                return replace(better, reason=f"{better.reason}; {wait.ended(now_ms)}")
            well_s = (now_ms - there.since_ms) / 1000
            good = f"{there.wan.name} is {there.state} for {well_s:.0f} s"
            return Choice(current.members, CALLS_HOLD, f"{wait.told(now_ms)}, {good}")
        case Failback.NOW | Failback.DRAIN:
            return better


def _least_bad(fit: list[Member], current: Choice | None, links: Mapping[str, Link]) -> Choice:
    kept = [member for member in fit if current is not None and member.wan in current.wans]
    chosen = (kept or fit)[0]
    return Choice(
        (Member(chosen.wan),),
        "least_bad",
        f"no WAN works; {chosen.wan} ({describe(links[chosen.wan])}) is the least bad",
    )


def _balanced(service: Service, fit: list[Member], links: Mapping[str, Link]) -> Choice:
    if len(fit) == len(service.members):
        return Choice(tuple(fit), "balanced", "every member works; clients are spread by weight")
    out = [m for m in service.members if m not in fit]
    why = ", ".join(f"{member.wan} is {describe(links[member.wan], service)}" for member in out)
    return Choice(tuple(fit), "failover", f"{why}; its clients are spread over the others")


def _most_stable(
    service: Service, fit: list[Member], links: Mapping[str, Link], now_ms: float
) -> Choice:
    """The least penalty, in steps that make a move worth while; a tie goes by order."""
    scores = {m.wan: links[m.wan].penalty.now(now_ms) for m in service.members}
    best = min(fit, key=lambda member: scores[member.wan] // STABLE_STEP)
    told = ", ".join(f"{wan} {score:.0f}" for wan, score in scores.items())
    return Choice((best,), "most_stable", f"penalty for past faults: {told}")


def describe(link: Link, service: Service | None = None) -> str:
    """A link's condition in a few words, seen from a service."""
    parts = [str(link.state)]
    if link.state is not LinkState.UP:
        parts.append(f"({link.reason})")
    if link.admin is Admin.DRAIN:
        parts.append("and drained")
    if link.quality in (Quality.DEGRADED, Quality.PARTIAL):
        parts.append(f"but {link.quality} ({link.quality_reason})")
    if link.penalty.suppressed:
        parts.append("but suppressed for flapping")
    if service is not None and service.name in link.sla_broken:
        parts.append(f"but {link.sla_broken[service.name]}")
    if service is not None and link.usage is not None and spares(service, link.usage):
        parts.append(f"but spared: {link.usage.told()} are used")
    return " ".join(parts)
