# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting without anybody noticing: the kernel says what is steered, the predecessor what it
believed. Time in which nobody watched earns no trust, and proves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

from relais.core.calls import Wait
from relais.core.events import Adopted
from relais.core.evolve import evolve
from relais.core.handover import Handover, LinkLeft
from relais.core.link import Link
from relais.core.model import Config
from relais.core.quality import Quality
from relais.core.select import Choice
from relais.core.state import State
from relais.core.transitions import LinkState

_BELIEVED = tuple(item.name for item in fields(LinkLeft) if item.name != "interface")


def leave(state: State) -> Handover:
    """What a successor should know."""
    links = {
        name: LinkLeft(link.wan.interface, **{item: getattr(link, item) for item in _BELIEVED})
        for name, link in state.links.items()
    }
    return Handover(state.now_ms, links, state.waits, state.sweeps)


def adopt(state: State, event: Adopted) -> State:
    """Start from what the kernel does, and from what was believed."""
    choices = _choices(state, event)
    in_use = frozenset(wan for choice in choices.values() for wan in choice.wans)
    avoided = _avoided(state.config, choices)
    left = event.left or Handover(event.now_ms)
    unwatched_ms = max(0.0, event.now_ms - left.at_ms)
    links: dict[str, Link] = {}
    for name, link in state.links.items():
        believed = left.links.get(name)
        link = evolve(link, trusted=name in in_use or name not in avoided)
        if believed is not None:
            link = _taken_up(link, believed, event.now_ms, unwatched_ms)
        links[name] = _as_evicted(link, state.config, event)
    found = {name: choice.members for name, choice in choices.items()}
    complete = len(found) == len(state.config.services)
    return evolve(
        state,
        now_ms=event.now_ms,
        links=links,
        choices=choices,
        in_use=in_use,
        steered=(found, event.dead) if complete else None,
        decided=False,
        waits=_waits(left.waits, choices, event.now_ms, unwatched_ms),
        sweeps=tuple(
            sweep for sweep in left.sweeps if sweep.service in choices and sweep.wan in links
        ),
    )


def _choices(state: State, event: Adopted) -> dict[str, Choice]:
    """What the kernel steers, as far as the configuration still knows it."""
    choices: dict[str, Choice] = {}
    for service in state.config.services:
        members = tuple(m for m in event.choices.get(service.name, ()) if m.wan in state.links)
        if members:
            choices[service.name] = Choice(members, "adopted", "found in the kernel at start")
    return choices


def _avoided(config: Config, choices: Mapping[str, Choice]) -> set[str]:
    """Links that some service prefers and does not use: they must earn their place again."""
    avoided: set[str] = set()
    for service in config.services:
        if service.name in choices:
            order = [member.wan for member in service.members]
            used = [order.index(wan) for wan in choices[service.name].wans if wan in order]
            avoided.update(order[: min(used, default=0)])
    return avoided


def _taken_up(link: Link, left: LinkLeft, now_ms: float, unwatched_ms: float) -> Link:
    """A link as it was believed to be, ready for evidence of its own.

    What a person asked of it and its budget go with its name, the rest with its interface.
    """
    if left.interface != link.wan.interface:
        return evolve(
            link,
            admin=left.admin,
            admin_until_ms=left.admin_until_ms,
            tokens_bytes=left.tokens_bytes,
            tokens_ms=left.tokens_ms,
        )
    link = evolve(link, **{name: getattr(left, name) for name in _BELIEVED})
    if link.quality is not Quality.GOOD:
        link = evolve(link, quality_since_ms=link.quality_since_ms + unwatched_ms)
    if link.sla_since_ms:
        later = {name: since + unwatched_ms for name, since in link.sla_since_ms.items()}
        link = evolve(link, sla_since_ms=later)
    match link.state:
        case LinkState.UNKNOWN:
            return evolve(link, since_ms=now_ms)
        case LinkState.SUSPECT:  # Whoever asked is gone: it is for the next probe to doubt again.
            return evolve(link, state=LinkState.UP, reason="was about to be asked again")
        case LinkState.LOST:  # Patience begins anew: it may have answered unheard.
            return evolve(link, dark_since_ms=now_ms)
        case LinkState.RECOVERING:
            return evolve(link, since_ms=link.since_ms + unwatched_ms)
        case LinkState.UP | LinkState.DOWN:
            return link


def _as_evicted(link: Link, config: Config, event: Adopted) -> Link:
    """What the kernel tells of evictions is true, even where nothing was left: a link whose flows
    are answered with resets has been given up."""
    marks = {service.name: link.wan.mark | service.id for service in config.services}
    evicted = {name for name, mark in marks.items() if mark in event.dead}
    if evicted <= link.evicted:
        return link
    link = evolve(link, evicted=link.evicted | evicted)
    if link.state in (LinkState.LOST, LinkState.DOWN, LinkState.RECOVERING):
        return link
    return evolve(
        link,
        state=LinkState.DOWN,
        since_ms=event.now_ms,
        dark_since_ms=event.now_ms,
        reason="its flows were evicted before the start",
    )


def _waits(
    waits: Mapping[str, Wait], choices: Mapping[str, Choice], now_ms: float, unwatched_ms: float
) -> dict[str, Wait]:
    """The waits for calls to end that go on; nobody has looked meanwhile."""
    return {
        name: replace(wait, call_ms=wait.call_ms + unwatched_ms, look_ms=now_ms)
        for name, wait in waits.items()
        if name in choices and choices[name].wans == (wait.wan,)
    }
