# SPDX-License-Identifier: GPL-3.0-or-later
"""Which WAN a service uses, and why in words. One pure function of links and configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from relais.core.link import FAULT_MEMORY_MS, Link
from relais.core.model import Admin, Failback, Member, Mode, Service
from relais.core.transitions import LinkState


class Rank(IntEnum):
    """How fit a link is to carry a new flow; lower is better."""

    GOOD = 0
    RECOVERING = 1
    DRAINED = 2
    UNPROVEN = 3
    LOST = 4
    DOWN = 5
    UNUSABLE = 6


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
        case LinkState.UP | LinkState.SUSPECT:
            return Rank.DRAINED if link.admin is Admin.DRAIN else Rank.GOOD
        case LinkState.RECOVERING:
            return Rank.DRAINED if link.admin is Admin.DRAIN else Rank.RECOVERING
        case LinkState.UNKNOWN:
            return Rank.UNPROVEN
        case LinkState.LOST:
            return Rank.LOST
        case LinkState.DOWN:
            return Rank.DOWN


def choose(
    service: Service,
    links: Mapping[str, Link],
    current: Choice | None,
    now_ms: float,
    *,
    hold: bool = True,
) -> Choice:
    """The service's choice. `hold` lets `failback: manual` keep a working backup.

    The best rank wins; within it the mode decides. With every link down the current one is kept
    unless another is less bad, so there is always a choice.
    """
    forced = next((link for link in links.values() if link.admin is Admin.FORCE), None)
    if forced is not None:
        return Choice((Member(forced.wan.name),), "forced", f"{forced.wan.name} is forced by hand")
    ranks = {member.wan: rank(links[member.wan]) for member in service.members}
    if current is not None and _undecided(current, links):
        return Choice(current.members, "pending", "the links are still being proved")
    best = min(ranks.values())
    fit = [member for member in service.members if ranks[member.wan] == best]
    if best > Rank.UNPROVEN:
        return _least_bad(fit, current, links)
    if service.mode is Mode.BALANCE:
        return _balanced(service, fit, links)
    if _held(service, current, best, ranks) and hold and current is not None:
        return Choice(current.members, "manual_hold", "failback is manual; the backup works")
    if service.mode is Mode.MOST_STABLE:
        return _most_stable(service, fit, links, now_ms)
    first = fit[0]
    if first is service.members[0]:
        return Choice((first,), "preferred", f"{first.wan} is preferred and {_say(links, first)}")
    ahead = service.members[: service.members.index(first)]
    why = ", ".join(f"{member.wan} is {_say(links, member)}" for member in ahead)
    return Choice((first,), "failover", f"{why}; {first.wan} is {_say(links, first)}")


def _undecided(current: Choice, links: Mapping[str, Link]) -> bool:
    return any(links[wan].state is LinkState.UNKNOWN for wan in current.wans if wan in links)


def _held(service: Service, current: Choice | None, best: Rank, ranks: Mapping[str, Rank]) -> bool:
    return (
        service.failback is Failback.MANUAL
        and current is not None
        and len(current.members) == 1
        and ranks.get(current.wans[0]) == best
    )


def _least_bad(fit: list[Member], current: Choice | None, links: Mapping[str, Link]) -> Choice:
    kept = [member for member in fit if current is not None and member.wan in current.wans]
    chosen = (kept or fit)[0]
    return Choice(
        (Member(chosen.wan),),
        "least_bad",
        f"no WAN works; {chosen.wan} ({_say(links, chosen)}) is the least bad",
    )


def _balanced(service: Service, fit: list[Member], links: Mapping[str, Link]) -> Choice:
    if len(fit) == len(service.members):
        return Choice(tuple(fit), "balanced", "every member works; clients are spread by weight")
    out = [m for m in service.members if m not in fit]
    why = ", ".join(f"{member.wan} is {_say(links, member)}" for member in out)
    return Choice(tuple(fit), "failover", f"{why}; its clients are spread over the others")


def _most_stable(
    service: Service, fit: list[Member], links: Mapping[str, Link], now_ms: float
) -> Choice:
    counts = {m.wan: fault_count(links[m.wan], now_ms) for m in service.members}
    chosen = min(fit, key=lambda member: counts[member.wan])
    told = ", ".join(f"{wan} {count}" for wan, count in counts.items())
    return Choice((chosen,), "most_stable", f"fewest faults in the last hour ({told})")


def fault_count(link: Link, now_ms: float) -> int:
    """How often the link was lost in the last hour."""
    return sum(now_ms - at < FAULT_MEMORY_MS for at in link.faults_ms)


def _say(links: Mapping[str, Link], member: Member) -> str:
    link = links[member.wan]
    if link.admin is Admin.DRAIN:
        return f"drained ({link.state})"
    return f"{link.state}" if link.state is LinkState.UP else f"{link.state} ({link.reason})"
