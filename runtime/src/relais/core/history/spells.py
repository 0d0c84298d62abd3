# SPDX-License-Identifier: GPL-3.0-or-later
"""How long each link and each service was in which condition: from the core's states to periods.

A link is dark from the burst that nobody answered (`lost`), and dated back to when its silence
began. What comes of it says what it was: unavailability once it is `down`, else a micro-outage. A
service is dark with a link that its new flows take, until they all take living ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from relais.core.history.model import Condition, Period, Subject
from relais.core.history.track import ALIVE, DARK, Track
from relais.core.link import Link
from relais.core.model import Admin, Config
from relais.core.state import Choices
from relais.core.transitions import LinkState


class _LinkTrack(Track):
    """A link: its state at the last look, and when it was not available lately."""

    def __init__(self, name: str, told: list[Period]) -> None:
        super().__init__(Subject.WAN, name, told)
        self.state = LinkState.UNKNOWN
        self.dark_ms = 0
        self.unfit_ms: int | None = 0
        self.unfit: list[tuple[int, int]] = []


class _ServiceTrack(Track):
    """A service: the WANs that its new flows take, and since when."""

    def __init__(self, name: str, told: list[Period]) -> None:
        super().__init__(Subject.SERVICE, name, told)
        self.wans: tuple[str, ...] = ()
        self.since_ms = 0


@dataclass(slots=True)
class _Excuse:
    """Since when a drill or planned work stands announced for a link, until when by the core's own
    clock, and the span before."""

    since_ms: int | None = None
    until_ms: float = 0.0
    drained: bool = False
    past: tuple[int, int] = (0, 0)

    def holds(self, at_ms: int) -> bool:
        if self.since_ms is not None and at_ms >= self.since_ms:
            return True
        return self.past[0] <= at_ms < self.past[1]


class Spells:
    """Follows links and services; finished periods are in `told`.

    `known` are the last periods that were kept before: an outage that goes on is excused now only
    if it was then. Monotonic instants become Unix time by adding `offset_ms`.
    """

    def __init__(self, config: Config, offset_ms: float, known: tuple[Period, ...]) -> None:
        self.offset_ms = offset_ms
        self.told: list[Period] = []
        self._links = {wan.name: _LinkTrack(wan.name, self.told) for wan in config.wans}
        self._services = [_ServiceTrack(one.name, self.told) for one in config.services]
        self._excuses = {wan.name: _Excuse() for wan in config.wans}
        last = {(period.subject, period.name): period for period in known}
        for track in self._tracks():
            kept = last.get((track.subject, track.name))
            if kept is not None and kept.condition is Condition.UNAVAILABLE:
                track.excusable = kept.excused

    @property
    def excused(self) -> bool:
        """Whether any link stands excused, which time may end."""
        return any(excuse.since_ms is not None for excuse in self._excuses.values())

    def wall(self, mono_ms: float) -> int:
        """Unix time in whole ms of a monotonic instant."""
        return int(mono_ms + self.offset_ms)

    def available(self, wan: str, at_ms: int) -> bool:
        """Whether a link was available at an instant that is not long past."""
        track = self._links[wan]
        if track.unfit_ms is not None and at_ms >= track.unfit_ms:
            return False
        return not any(began <= at_ms < ended for began, ended in track.unfit)

    def doubt_ms(self, links: Mapping[str, Link]) -> float:
        """From when on it is not known yet which links are available; infinite when it is."""
        since = float("inf")
        for link in links.values():
            if link.state is LinkState.SUSPECT and link.dark_since_ms is not None:
                since = min(since, self.wall(link.dark_since_ms))
            elif link.state is LinkState.LOST:
                since = min(since, self._links[link.wan.name].dark_ms)
        return since

    def resume(self, at_ms: int) -> None:
        """Watch from now on."""
        for track in self._tracks():
            track.resume(at_ms)

    def pause(self, at_ms: int) -> None:
        """Watch no more."""
        for track in self._tracks():
            track.pause(at_ms)
        for link in self._links.values():
            if link.unfit_ms is None:
                link.unfit_ms = at_ms
            link.state = LinkState.UNKNOWN

    def so_far(self, at_ms: int) -> tuple[Period, ...]:
        """The periods that are open."""
        found = (track.so_far(at_ms) for track in self._tracks())
        return tuple(period for period in found if period is not None)

    def look(self, links: Mapping[str, Link], now_ms: float) -> None:
        """Take note of the links after a step."""
        at_ms = self.wall(now_ms)
        for name, link in links.items():
            self._excuse(name, link, now_ms)
            track = self._links[name]
            if link.state is not track.state:
                self._turned(track, link, at_ms)
        for service in self._services:
            self._follow(service, at_ms)

    def carry(self, choices: Choices, now_ms: float) -> None:
        """The kernel steers so since `now_ms`."""
        at_ms = self.wall(now_ms)
        for service in self._services:
            wans = tuple(member.wan for member in choices.get(service.name, ()))
            if wans and wans != service.wans:
                service.wans, service.since_ms = wans, at_ms
                self._follow(service, at_ms)

    def _tracks(self) -> tuple[Track, ...]:
        return (*self._links.values(), *self._services)

    def _excuse(self, name: str, link: Link, now_ms: float) -> None:
        excuse, at_ms = self._excuses[name], self.wall(now_ms)
        drained = link.admin is Admin.DRAIN
        announced = now_ms < link.excused_until_ms
        wished = drained or announced
        if announced:
            excuse.until_ms = link.excused_until_ms  # The core forgets it once it is over.
        if wished and excuse.since_ms is None:
            excuse.since_ms = at_ms
            track = self._links[name]
            if track.open is not None and track.open.condition is Condition.AVAILABLE:
                track.excuse(at_ms, excused=True)
        elif not wished and excuse.since_ms is not None:
            until_ms = at_ms if excuse.drained else self.wall(excuse.until_ms)
            until_ms = max(min(until_ms, at_ms), excuse.since_ms)
            excuse.past, excuse.since_ms = (excuse.since_ms, until_ms), None
            self._links[name].excuse(until_ms, excused=False)
            for service in self._services:
                if name in service.wans and not self._stands(service.wans):
                    service.excuse(until_ms, excused=False)
        excuse.drained = drained

    def _turned(self, track: _LinkTrack, link: Link, at_ms: int) -> None:
        """A link is in another state."""
        before, track.state = track.state, link.state
        if link.state in ALIVE:
            if before not in ALIVE:
                self._answers(track, at_ms)
            return
        if link.state not in DARK:
            return
        if track.dark is None and before is not LinkState.DOWN:
            began_ms = at_ms if link.dark_since_ms is None else self.wall(link.dark_since_ms)
            if before is LinkState.RECOVERING and link.state is LinkState.LOST:
                began_ms = at_ms if link.proved_ms is None else self.wall(link.proved_ms)
            since_ms = track.darken(began_ms, (track.name,), link.state).since_ms
            track.dark_ms = since_ms
            if track.unfit_ms is None:
                track.unfit_ms = since_ms
        if link.state is LinkState.DOWN:
            self._given_up(track, at_ms)

    def _answers(self, track: _LinkTrack, at_ms: int) -> None:
        """A link lives, or lives again."""
        excuse, dark = self._excuses[track.name], track.dark
        if dark is not None:
            excused = excuse.holds(dark.since_ms)
            outage = Condition.MICRO_OUTAGE
            track.begin(dark.since_ms, outage, track.name, dark.state, excused=excused)
            track.dark = None
        excused = excuse.since_ms is not None
        available = Condition.AVAILABLE
        track.begin(at_ms, available, track.name, str(track.state), excused=excused)
        if track.unfit_ms is not None:
            track.unfit = [*track.unfit[-9:], (track.unfit_ms, at_ms)]
            track.unfit_ms = None

    def _given_up(self, track: Track, at_ms: int) -> None:
        """What was dark is unavailable, from when it became dark."""
        dark = track.dark
        if dark is None:
            return
        track.dark = None
        excuses = [self._excuses[wan] for wan in dark.wans]
        excused = any(excuse.holds(dark.since_ms) for excuse in excuses)
        wan, outage = "+".join(dark.wans), Condition.UNAVAILABLE
        track.begin(dark.since_ms, outage, wan, dark.state, excused=excused)
        if excused and not self._stands(dark.wans):  # The drill has ended meanwhile.
            track.excuse(min(at_ms, max(e.past[1] for e in excuses)), excused=False)

    def _stands(self, wans: tuple[str, ...]) -> bool:
        return any(self._excuses[wan].since_ms is not None for wan in wans)

    def _follow(self, service: _ServiceTrack, at_ms: int) -> None:
        """A service's condition by the links that its new flows take."""
        links = [self._links[wan] for wan in service.wans if wan in self._links]
        dark = [link for link in links if link.state in DARK]
        now = service.open
        interrupted = now is not None and now.condition is Condition.UNAVAILABLE
        if dark and service.dark is None and not interrupted:
            first = min(dark, key=lambda link: link.dark_ms)
            began_ms = max(first.dark_ms, service.since_ms)
            service.darken(began_ms, service.wans, str(first.state))
        if any(link.state is LinkState.DOWN for link in dark):
            self._given_up(service, at_ms)
        if not links or not all(link.state in ALIVE for link in links):
            return
        if service.dark is not None:
            self._back(service, at_ms)
        wan, excused = "+".join(service.wans), self._stands(service.wans)
        now = service.open
        if (
            now is None
            or now.condition is not Condition.AVAILABLE
            or (now.wan, now.excused) != (wan, excused)
        ):
            state = str(links[0].state)
            service.begin(at_ms, Condition.AVAILABLE, wan, state, excused=excused)

    def _back(self, service: _ServiceTrack, at_ms: int) -> None:
        """A dark service has living links again: others, or the same, which came back."""
        dark = service.dark
        if dark is not None and dark.wans == service.wans:
            excused = any(self._excuses[wan].holds(dark.since_ms) for wan in dark.wans)
            wan, outage = "+".join(dark.wans), Condition.MICRO_OUTAGE
            service.begin(dark.since_ms, outage, wan, dark.state, excused=excused)
            service.dark = None
        else:
            self._given_up(service, at_ms)
