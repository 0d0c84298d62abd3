# SPDX-License-Identifier: GPL-3.0-or-later
"""What the core asks of the world, in the order in which it must be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from relais.core.evolve import swift
from relais.core.model import Member


@swift
@dataclass(frozen=True, slots=True)
class SendProbe:
    """Ask `target` through `wan`; the answer comes back as ProbeReplied with the same number."""

    wan: str
    target: str
    probe: int


@dataclass(frozen=True, slots=True)
class Steer:
    """The whole wanted state of the kernel's choice, applied in one transaction.

    `choices`: members per service; one member is a plain choice, several are balanced by weight.
    `dead`: connection marks (WAN and service) whose open TCP flows are answered with a reset.
    """

    choices: Mapping[str, tuple[Member, ...]]
    dead: frozenset[int]


@dataclass(frozen=True, slots=True)
class Evict:
    """Forget every tracked flow whose mark matches, so that the next packet starts anew."""

    mark: int
    mask: int


@dataclass(frozen=True, slots=True)
class Move:
    """Forget the matching flows that are not TCP, so that their next packet takes the new link.

    `sources`: only those that began in one of these networks; all of them when it is empty.
    """

    mark: int
    mask: int
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sweep:
    """A service's flows on a WAN that it has left, to be moved again at `due_ms`: a packet under
    way may have kept one alive."""

    due_ms: float
    service: str
    wan: str


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell the telephone system that its flows have left `left` and take `wans` now."""

    service: str
    left: str
    wans: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MeasureFlows:
    """Look how busy the flows of a service on a WAN are; the answer comes back as FlowsMeasured."""

    service: str
    wan: str
    mark: int
    mask: int


@dataclass(frozen=True, slots=True)
class Record:
    """Something a person may ask about later: for the journal, `events` and `why`.

    `at_ms` is when it happened if that is not now.
    """

    kind: str
    what: str
    why: str
    wan: str | None = None
    service: str | None = None
    inputs: Mapping[str, object] = field(default_factory=dict)
    at_ms: float | None = None


Action = SendProbe | Steer | Evict | Move | Announce | MeasureFlows | Record
