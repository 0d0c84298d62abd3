# SPDX-License-Identifier: GPL-3.0-or-later
"""The fold: `advance(book, event) -> book`, one event of the journal after the other.

The same in the daemon and from the journal alone. It reads facts, no words; an event that lacks
them only stands on the timeline.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from relais.core.incidents.desk import Desk, Event, ahead, settled
from relais.core.incidents.links import administered, link_told, restarted
from relais.core.incidents.model import Book, Impact, Incident, LinkView, ServiceView
from relais.core.instants import between_ms, later


def advance(book: Book, event: Event) -> Book:
    """The book after one event, a dict as the journal keeps it."""
    desk = Desk(book, event)
    before = dict(desk.open)
    belonging = {key for key in desk.open if _belongs(desk, key)}
    match event["kind"]:
        case "daemon" if desk.inputs.get("fact") == "start":
            book = replace(
                book,
                site=desk.inputs["site"],
                gateway=desk.inputs["gateway"],
                timezone=desk.inputs["timezone"],
                whole=True,
            )
            desk.book = book
            restarted(desk)
        case "link" if event.get("wan"):
            link_told(desk, event["wan"])
        case "admin" if event.get("wan"):
            administered(desk, event["wan"])
        case "choice" if event.get("service"):
            _chosen(desk, event["service"])
        case "switch" if not desk.inputs.get("failed"):
            _switched(desk)
    belonging |= {key for key in desk.open if _belongs(desk, key)}
    for key in desk.open:
        if key in belonging or key not in before:
            desk.note(key)
    if event["kind"] != "choice":
        desk.count(desk.inputs.get("meters") or {})
    _settle(desk)
    return desk.closed(book)


def fold(events: Iterable[Event], book: Book | None = None) -> Iterable[Book]:
    """The book after each event."""
    book = book or Book()
    for event in events:
        book = advance(book, event)
        yield book


def adopted(incidents: Iterable[Incident], ids: Mapping[str | None, str]) -> Book:
    """A book with the incidents that were open when the last daemon ended, and the last identifier
    of each WAN; the first event tells what has become of the rest."""
    return Book(open={one.wan: one for one in incidents}, ids=ids)


def _belongs(desk: Desk, key: str | None) -> bool:
    """Whether the event is to be seen on an incident's timeline."""
    event, kind = desk.event, desk.event["kind"]
    wans = desk.open[key].wans
    if kind == "daemon":
        return True
    if kind == "choice":
        return any(
            name in wans for name in (*_flagged(desk, "used_before"), *_flagged(desk, "used"))
        )
    if kind == "switch":
        moving = [view for view in desk.services.values() if view.pending is not None]
        return any(wan in wans for view in moving for wan in (*view.wans, *(view.pending or ())))
    return event.get("wan") in wans


def _flagged(desk: Desk, flag: str) -> tuple[str, ...]:
    links = desk.inputs.items()
    return tuple(n for n, told in links if isinstance(told, Mapping) and told.get(flag) is True)


def _chosen(desk: Desk, service: str) -> None:
    """A choice is a wish until the kernel steers so."""
    used = _flagged(desk, "used")
    if not used:
        return
    for wan, told in desk.inputs.items():
        if wan not in desk.links and isinstance(told, Mapping):
            desk.links[wan] = LinkView(str(told.get("state", "unknown")))
    before = _flagged(desk, "used_before")
    view = desk.services.get(service) or ServiceView(wans=before)
    if set(before) != set(view.wans) and view.pending is None:
        view = replace(view, wans=before)
    desk.services[service] = replace(view, pending=used)


def _switched(desk: Desk) -> None:
    """The kernel has taken the pending choices."""
    desk.now = later(desk.event["at"], float(desk.inputs.get("took_ms") or 0))
    for name, view in list(desk.services.items()):
        if view.pending is not None:
            _moved(desk, name, view, view.pending)
    desk.mark()


def _moved(desk: Desk, name: str, before: ServiceView, to: tuple[str, ...]) -> None:
    view = replace(before, wans=to, pending=None, switched_at=desk.now)
    desk.services[name] = view
    for key, incident in list(desk.open.items()):
        entry = incident.services.get(name)
        if entry is None:
            continue
        left = key in before.wans and key not in to and not ahead(view, to, (str(key),))
        came = key in to and key not in before.wans and key not in entry.origin
        forced = came and key is not None and desk.link(key).admin == "force"
        touched = entry.impact is not Impact.UNTOUCHED
        if (left or forced or touched) and to != entry.origin:
            impact = entry.impact if touched else Impact.MOVED
            desk.touch(key, name, to=to, impact=impact)
        if (left or forced) and incident.switched_at is None:
            desk.change(key, switched_at=desk.now)
    if before.dark_since is not None and desk.alive(view):
        _relit(desk, name)


def _relit(desk: Desk, name: str) -> None:
    """A dark service came to a living link."""
    site = desk.open.get(None)
    if site is not None and site.switched_at is None and name in site.services:
        desk.change(None, switched_at=desk.now)
    desk.light(name, Impact.MOVED)


def _settle(desk: Desk) -> None:
    """What has recovered, what is back, and what is over."""
    for key, incident in list(desk.open.items()):
        if key is None:
            _settle_site(desk, incident)
            continue
        view = desk.link(key)
        recovered = (incident.recovered_at or desk.now) if view.well else None
        if recovered != incident.recovered_at:
            desk.change(key, recovered_at=recovered)
        touched = {n: e for n, e in incident.services.items() if e.impact is not Impact.UNTOUCHED}
        lit = all(entry.dark_since is None for entry in touched.values())
        trusted = view.well and view.state == "up"
        back = lit and all(_home(desk, n, e.origin, trusted) for n, e in touched.items())
        if incident.switched_at is not None:
            returned = (incident.failed_back_at or desk.now) if back else None
            if returned != incident.failed_back_at:
                desk.change(key, failed_back_at=returned)
        if trusted and back:
            desk.end(key)


def _settle_site(desk: Desk, incident: Incident) -> None:
    living = {wan for wan, view in desk.links.items() if view.answers}
    recovered = (incident.recovered_at or desk.now) if living else None
    if recovered != incident.recovered_at:
        desk.change(None, recovered_at=recovered)
    if living and incident.dark_since is not None:
        more = between_ms(incident.dark_since, desk.now)
        desk.change(None, dark_ms=incident.dark_ms + more, dark_since=None)
    waiting = any(
        view.dark_since is not None and (not view.members or living.intersection(view.members))
        for view in desk.services.values()
    )
    if living and not waiting:
        desk.end(None)


def _home(desk: Desk, name: str, origin: tuple[str, ...], trusted: bool) -> bool:
    """Whether a service is where it was when an incident began, or somewhere better; one that goes
    by stability is so anywhere once the link is `trusted`. One that the configuration does not know
    any more waits for nothing."""
    view = desk.services.get(name)
    if view is None or settled(view, origin):
        return True
    return view.mode == "most_stable" and trusted
