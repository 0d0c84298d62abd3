# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked, about which lines, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from relais.core.history.model import Period, Roll
from relais.core.model import Codec, Config, Wan
from relais.core.sla.throughput import Measurement


@dataclass(frozen=True, slots=True)
class Link:
    """A line and what its contract says; None where nobody wrote it down."""

    name: str
    operator: str | None = None
    technology: str | None = None
    contract: str | None = None
    repair_time_hours: float | None = None
    availability_percent: float | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """Whose figures they are. `timezone` is its name; `codec` that of its calls."""

    name: str
    gateway: str
    timezone: str
    links: Sequence[Link]
    codec: Codec = Codec.G711


@dataclass(frozen=True, slots=True)
class History:
    """What the journal holds of a window, with whole periods at its ends; measurements of what the
    lines carry, the oldest first."""

    periods: Sequence[Period] = ()
    rolls: Sequence[Roll] = ()
    measurements: Sequence[Measurement] = ()


def of_config(config: Config) -> Site:
    """The site that a configuration describes."""
    links = tuple(_link(wan) for wan in config.wans)
    return Site(config.site, config.gateway, config.timezone, links, config.codec)


def of_names(wans: Iterable[str]) -> Site:
    """A site of which only the names of its lines are known."""
    return Site("", "", "UTC", tuple(Link(name) for name in wans))


def _link(wan: Wan) -> Link:
    return Link(
        name=wan.name,
        operator=wan.operator,
        technology=wan.technology,
        contract=wan.contract,
        repair_time_hours=wan.repair_time_hours,
        availability_percent=wan.availability_percent,
    )
