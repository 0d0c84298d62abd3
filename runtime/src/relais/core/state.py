# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything the core knows between two events, and one step in progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from relais.core.actions import Action, Sweep
from relais.core.anchor import first_anchor
from relais.core.calls import Wait
from relais.core.evolve import evolve
from relais.core.limits import Limits
from relais.core.link import Link, new_link
from relais.core.model import Config, Member, Mode
from relais.core.pacing import roof_bytes
from relais.core.select import Choice

Choices = Mapping[str, tuple[Member, ...]]
REVIEW_MS = 1000.0
"""How often quality, limits and penalties are looked at: with the first tick of each second of the
clock, so that the instants do not depend on what went before. Health is looked at with every event.
"""


@dataclass(frozen=True)
class State:
    """Make the first one with `initial`; `step` makes the others.

    `steered`: what the kernel was last told, None when unsure; `switch_error` is what it last
    refused with and `retry_ms` when it is asked again. `decided`: the choices are those
    for `links`, so that nothing is decided again while nothing changes.
    `ages`: some decision depends on penalties, which fade by themselves. `limits`: what no service
    minds. `waits`: services that wait for their calls to end. `sweeps`: moves to be repeated.
    """

    config: Config
    targets: tuple[str, ...]
    order: Mapping[str, int]
    now_ms: float
    links: Mapping[str, Link]
    choices: Mapping[str, Choice] = field(default_factory=dict)
    in_use: frozenset[str] = frozenset()
    steered: tuple[Choices, frozenset[int]] | None = None
    switch_error: str = ""
    retry_ms: float = 0.0
    next_probe: int = 1
    decided: bool = False
    reviewed_ms: float = 0.0
    ages: bool = False
    limits: Limits | None = None
    waits: Mapping[str, Wait] = field(default_factory=dict)
    sweeps: tuple[Sweep, ...] = ()


@dataclass(slots=True)
class Work:
    """One step in progress: links being replaced and actions being gathered.

    `hold` is False when the administrator has just spoken, which ends a hold. `alarmed`: a
    line may just have turned bad, and the review should not wait for the next second.
    """

    state: State
    links: dict[str, Link]
    records: list[Action]
    probes: list[Action]
    next_probe: int
    reviewed_ms: float
    waits: Mapping[str, Wait]
    hold: bool = True
    alarmed: bool = False


def initial(config: Config, now_ms: float) -> State:
    """The state before anything was heard."""
    targets = tuple(target.name for target in config.targets)
    fresh = [new_link(w, len(targets), now_ms, first_anchor(config, w)) for w in config.wans]
    links = {link.wan.name: evolve(link, tokens_bytes=roof_bytes(link)) for link in fresh}
    order = {name: index for index, name in enumerate(targets)}
    ages = any(service.mode is Mode.MOST_STABLE for service in config.services)
    return State(config, targets, order, now_ms, links, ages=ages, limits=Limits.of(config))
