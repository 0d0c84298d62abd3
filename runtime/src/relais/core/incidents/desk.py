# SPDX-License-Identifier: GPL-3.0-or-later
"""One event in progress: the book opened, with the few changes that may be made in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from relais.core.incidents.model import (
    SITE,
    Affected,
    Book,
    Class,
    Entry,
    Impact,
    Incident,
    LinkView,
    Segment,
    ServiceView,
)
from relais.core.instants import between_ms, later, stamp

Event = Mapping[str, Any]
FIRST_ENTRIES = LAST_ENTRIES = 150
"""Of a longer timeline the middle is dropped."""


class Desk:
    """The book while one event is taken. `now` is the instant at which what it tells was done."""

    def __init__(self, book: Book, event: Event) -> None:
        self.book = book
        self.links = dict(book.links)
        self.services = dict(book.services)
        self.open = dict(book.open)
        self.ids = dict(book.ids)
        self.ended: list[Incident] = []
        self.event = event
        self.inputs: Mapping[str, Any] = event.get("inputs") or {}
        self.now: str = event["at"]

    def closed(self, book: Book) -> Book:
        """The book after the event. `book` has its facts of the site."""
        changed = [one for key, one in self.open.items() if self.book.open.get(key) is not one]
        return replace(
            book,
            links=self.links,
            services=self.services,
            open=self.open,
            ids=self.ids,
            changed=(*self.ended, *changed),
        )

    def entry(self) -> Entry:
        """The event as an entry of a timeline."""
        event = self.event
        return Entry(event["at"], event["id"], event["kind"], event["what"], event["why"])

    def link(self, wan: str) -> LinkView:
        """What is known of a link."""
        return self.links.get(wan) or LinkView()

    def begin(
        self, wan: str | None, kind: Class, since: str, before: Incident | None = None
    ) -> None:
        """Open an incident. `before`: the one that it follows without a pause; services that have
        moved away in that one are away in this one too."""
        wans = tuple(self.links) if wan is None else (wan,)
        view = LinkView() if wan is None else self.link(wan)
        services = {name: self._affected(name, before) for name in self.services}
        away = any(one.impact is Impact.MOVED for one in services.values())
        named = f"{stamp(since)}-{SITE if wan is None else wan}"
        last = self.ids.get(wan, "")
        if last == named or last.startswith(f"{named}-"):
            named = f"{named}-{int(last[len(named) + 1 :] or 1) + 1}"
        self.ids[wan] = named
        self.open[wan] = Incident(
            id=named,
            wan=wan,
            kind=kind,
            wans=wans,
            began_at=since,
            detected_at=max(since, self.event["at"]),
            services=services,
            switched_at=self.now if away else None,
            drill=wans if kind is Class.DRILL else None,
            operator=view.operator,
            technology=view.technology,
            timeline=() if view.suspicion is None else (view.suspicion,),
        )

    def _affected(self, name: str, before: Incident | None) -> Affected:
        view = self.services[name]
        was = None if before is None else before.services.get(name)
        if was is None or settled(view, was.origin):
            return Affected(view.importance, view.wans, view.wans)
        return Affected(view.importance, was.origin, view.wans, Impact.MOVED)

    def end(self, key: str | None) -> Incident:
        """Close an incident at this instant."""
        incident = self.open.pop(key)
        services = {
            name: _lit(entry, self.now, entry.impact) for name, entry in incident.services.items()
        }
        dark_ms = incident.dark_ms
        if incident.dark_since is not None:
            dark_ms += between_ms(incident.dark_since, self.now)
        last = max(self.now, incident.detected_at)
        ended = replace(
            incident, services=services, dark_ms=dark_ms, dark_since=None, ended_at=last
        )
        self.ended.append(ended)
        return ended

    def change(self, key: str | None, **changes: Any) -> None:
        """Change something of an open incident."""
        self.open[key] = replace(self.open[key], **changes)

    def touch(self, key: str | None, service: str, **changes: Any) -> None:
        """Change what a service has of an open incident."""
        incident = self.open[key]
        entry = replace(incident.services[service], **changes)
        self.change(key, services={**incident.services, service: entry})

    def note(self, key: str | None) -> None:
        """Put the event on an incident's timeline."""
        kept = (*self.open[key].timeline, self.entry())
        if len(kept) > FIRST_ENTRIES + LAST_ENTRIES:
            kept = (*kept[:FIRST_ENTRIES], *kept[-LAST_ENTRIES:])
        self.change(key, timeline=kept)

    def since(self) -> str:
        """When the darkness began that the event tells of."""
        dark_for = self.inputs.get("dark_for_ms")
        at: str = self.event["at"]
        return at if dark_for is None else later(at, -dark_for)

    def darken(self, wan: str) -> None:
        """Services that use a link which is dark are dark."""
        since = self.links[wan].dark_since
        for name, view in self.services.items():
            if wan in view.wans and view.dark_since is None and since is not None:
                began = max(since, view.switched_at)
                self.services[name] = replace(view, dark_since=began)
        self.mark()

    def mark(self) -> None:
        """Write on every incident which of its services are dark."""
        for key, incident in list(self.open.items()):
            for name in incident.services:
                view = self.services.get(name)
                if view is None or view.dark_since is None:
                    continue
                entry = self.open[key].services[name]
                if key is not None and key not in view.wans and entry.dark_since is None:
                    continue
                told = Impact.DARK if None in self.open else Impact.INTERRUPTED
                if told is Impact.DARK or entry.impact is Impact.UNTOUCHED:
                    self.touch(key, name, impact=told)
                if entry.dark_since is None:
                    self.touch(key, name, dark_since=view.dark_since)

    def light(self, service: str, impact: Impact | None = None) -> None:
        """A service has a living link again; `impact` is what it has had of it, at least."""
        view = self.services[service]
        self.services[service] = replace(view, dark_since=None)
        for key, incident in list(self.open.items()):
            entry = incident.services.get(service)
            if entry is not None and entry.dark_since is not None:
                more = entry.impact is Impact.INTERRUPTED and impact is not None
                lit = _lit(entry, self.now, impact if more and impact else entry.impact)
                self.change(key, services={**incident.services, service: lit})

    def alive(self, service: ServiceView) -> bool:
        """Whether none of the links that a service uses is dark."""
        return all(self.link(wan).dark_since is None for wan in service.wans)

    def all_dark(self) -> bool:
        """Whether no link works, as far as it can be known."""
        known = self.book.whole and bool(self.links)
        return known and all(view.dark_since is not None for view in self.links.values())

    def count(self, counted: Mapping[str, int]) -> None:
        """Add to every open incident what the metered links have carried since the last event."""
        for key, incident in list(self.open.items()):
            if not counted or all(incident.meters.get(w) == n for w, n in counted.items()):
                continue
            spent = dict(incident.spent_bytes)
            for wan, now in counted.items():
                last = incident.meters.get(wan, now)
                spent[wan] = spent.get(wan, 0) + (now - last if now >= last else now)
            self.change(key, spent_bytes=spent, meters={**incident.meters, **counted})


def settled(service: ServiceView, origin: tuple[str, ...]) -> bool:
    """Whether a service is where it was, or on what it prefers to that."""
    return set(origin) <= set(service.wans) or ahead(service, service.wans, origin)


def ahead(service: ServiceView, wans: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether a service prefers some links to others, by their order."""
    order = service.members
    if service.mode != "ordered" or not wans or wans[0] not in order or others[0] not in order:
        return False
    return order.index(wans[0]) < order.index(others[0])


def segment(inputs: Mapping[str, Any]) -> Segment | None:
    """Where a dark link is cut, by the facts of an event."""
    where = inputs.get("segment")
    if where != "local" and where not in _WHY:
        return None
    if where == "local":
        cause = inputs.get("cause") or "it cannot carry a packet"
        return Segment(where, f"{cause}: the cut is between the gateway and the operator's box")
    return Segment(where, _WHY[where])


_WHY = {
    "access": "the first hop is silent too, so the cut is on the access line",
    "upstream": "the first hop answers, so the cut is upstream",
}


def _lit(entry: Affected, now: str, impact: Impact) -> Affected:
    if entry.dark_since is None:
        return entry
    more = between_ms(entry.dark_since, now)
    return replace(entry, outage_ms=entry.outage_ms + more, dark_since=None, impact=impact)
