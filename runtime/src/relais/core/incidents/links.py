# SPDX-License-Identifier: GPL-3.0-or-later
"""What events of links, of the administrator and of the daemon's start mean for incidents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from relais.core.incidents.desk import Desk, segment
from relais.core.incidents.model import Class, LinkView, ServiceView
from relais.core.instants import between_ms

DARK = ("lost", "down")
_BAD = ("degraded", "partial")
_CUT = {"local": Class.LOCAL, "upstream": Class.UPSTREAM}
_RISING = (Class.PLANNED, Class.QUALITY, Class.MICRO_OUTAGE)
"""Classes that a darkness may change."""


def link_told(desk: Desk, wan: str) -> None:
    """An event of a link."""
    inputs = desk.inputs
    desk.links.setdefault(wan, LinkView())
    match inputs.get("fact"):
        case "state":
            _state(desk, wan, str(inputs.get("state")))
        case "quality":
            _quality(desk, wan, str(inputs.get("quality")))
        case "limits" if desk.event.get("service"):
            _limits(desk, wan, str(desk.event["service"]))
        case "excuse_over":
            desk.links[wan] = replace(desk.links[wan], excused=False)
            _no_longer_announced(desk, wan, Class.DRILL)


def administered(desk: Desk, wan: str) -> None:
    """The administrator's wish for a link, or its end. Only one can be forced."""
    mode = str(desk.inputs.get("mode", "auto"))
    for name, view in desk.links.items():
        if name != wan and mode == "force" and view.admin == "force":
            desk.links[name] = replace(view, admin="auto")
    desk.links[wan] = replace(desk.link(wan), admin=mode)
    if mode != "auto" and wan not in desk.open:
        desk.begin(wan, Class.PLANNED, desk.event["at"])
    if mode == "auto":
        _no_longer_announced(desk, wan, Class.PLANNED)


def restarted(desk: Desk) -> None:
    """A daemon's first event: how every link and service is now. What was open goes on."""
    at = desk.event["at"]
    found: Mapping[str, Mapping[str, Any]] = desk.inputs["wans"]
    for key in [key for key in desk.open if key is not None and key not in found]:
        desk.end(key)
    desk.links = {wan: _found(desk, wan, told) for wan, told in found.items()}
    services: Mapping[str, Mapping[str, Any]] = desk.inputs["services"]
    desk.services = {name: _service(desk, name, told) for name, told in services.items()}
    for wan, view in list(desk.links.items()):
        incident = desk.open.get(wan)
        if view.dark_since is None:
            _answered(desk, wan)
            if view.admin != "auto" and incident is None:
                desk.begin(wan, Class.PLANNED, at)
            bad = view.quality in _BAD or view.limits
            if bad and wan not in desk.open:
                desk.begin(wan, Class.DRILL if view.excused else Class.QUALITY, at)
        elif view.state in DARK:
            _dark(desk, wan)
            desk.darken(wan)
        if view.admin == "auto":
            _no_longer_announced(desk, wan, Class.PLANNED)
    for name, service in list(desk.services.items()):
        if service.dark_since is not None and desk.alive(service):
            desk.light(name)
    _look_at_site(desk)


def _found(desk: Desk, wan: str, told: Mapping[str, Any]) -> LinkView:
    """A link at the start. Of one that nobody has asked yet the last that was known holds."""
    state = str(told["state"])
    incident = desk.open.get(wan)
    known = None if incident is None else incident.dark_since
    dark_for = told.get("dark_for_ms")
    since = None
    if state in DARK:
        began = Desk(desk.book, {"at": desk.event["at"], "inputs": {"dark_for_ms": dark_for}})
        since = known or began.since()
    elif state == "unknown":
        since = known
    drill = incident is not None and incident.kind is Class.DRILL
    return LinkView(
        state=state,
        admin=str(told["admin"]),
        quality=str(told["quality"]),
        limits=frozenset(told["limits_broken"]),
        dark_since=since,
        excused=bool(told["excused"]) or (drill and since is not None),
        segment=segment(told),
        metered=bool(told["metered"]),
        operator=told["operator"],
        technology=told["technology"],
    )


def _service(desk: Desk, name: str, told: Mapping[str, Any]) -> ServiceView:
    since = [i.services[name].dark_since for i in desk.open.values() if name in i.services]
    return ServiceView(
        importance=str(told["importance"]),
        mode=str(told["mode"]),
        members=tuple(told["members"]),
        wans=tuple(told["wans"]),
        dark_since=min((one for one in since if one is not None), default=None),
    )


def _state(desk: Desk, wan: str, state: str) -> None:
    view = desk.links[wan]
    if state == "suspect":
        desk.links[wan] = replace(view, suspicion=desk.entry())
        return
    fresh = state in DARK and view.dark_since is None
    view = replace(view, state=state, segment=segment(desk.inputs) or view.segment)
    if fresh:
        excused = desk.inputs.get("excused") is True
        view = replace(view, dark_since=desk.since(), excused=excused)
    desk.links[wan] = view
    if state in DARK:
        _dark(desk, wan)
        desk.darken(wan)
    else:
        _answered(desk, wan)
    desk.links[wan] = replace(desk.links[wan], suspicion=None)
    _look_at_site(desk)


def _dark(desk: Desk, wan: str) -> None:
    """A link is dark: its incident begins, rises, or gives way to one that nobody announced."""
    view = desk.links[wan]
    since = view.dark_since or desk.event["at"]
    incident = desk.open.get(wan)
    before = None
    if incident is not None and incident.kind is Class.DRILL and not view.announced:
        before, incident = desk.end(wan), None
    if incident is None:
        kind = Class.DRILL if view.excused else Class.MICRO_OUTAGE
        desk.begin(wan, kind, since, before)
    incident = desk.open[wan]
    rising = incident.kind in _RISING and not (
        incident.kind is Class.PLANNED and view.admin == "drain"
    )
    if rising:
        desk.change(wan, kind=_class_of(view), segment=view.segment)
    elif incident.segment is None:
        desk.change(wan, segment=view.segment)
    if incident.dark_since is None:
        desk.change(wan, dark_since=since)


def _class_of(view: LinkView) -> Class:
    if view.state != "down":
        return Class.MICRO_OUTAGE
    return _CUT.get(view.segment.where if view.segment else "", Class.ACCESS)


def _answered(desk: Desk, wan: str) -> None:
    """A link is not dark any more, nor are the services that were on it."""
    if desk.links[wan].state == "unknown":
        return
    desk.links[wan] = replace(desk.links[wan], dark_since=None)
    incident = desk.open.get(wan)
    if incident is not None and incident.dark_since is not None:
        more = between_ms(incident.dark_since, desk.now)
        desk.change(wan, dark_ms=incident.dark_ms + more, dark_since=None)
    for name, service in list(desk.services.items()):
        if wan in service.wans and service.dark_since is not None and desk.alive(service):
            desk.light(name)


def _quality(desk: Desk, wan: str, quality: str) -> None:
    worse = quality in _BAD and desk.links[wan].quality not in _BAD
    desk.links[wan] = replace(desk.links[wan], quality=quality)
    if worse:
        _bad(desk, wan)


def _limits(desk: Desk, wan: str, service: str) -> None:
    limits = desk.links[wan].limits - {service}
    broken = desk.inputs.get("broken") is True
    desk.links[wan] = replace(desk.links[wan], limits=limits | {service} if broken else limits)
    if broken:
        _bad(desk, wan)


def _bad(desk: Desk, wan: str) -> None:
    """A link answers, but not well enough."""
    excused = desk.inputs.get("excused") is True
    incident, before = desk.open.get(wan), None
    drill = incident is not None and incident.kind is Class.DRILL
    if drill and not excused and desk.links[wan].dark_since is None:
        before, incident = desk.end(wan), None
    if incident is None:
        kind = Class.DRILL if excused else Class.QUALITY
        desk.begin(wan, kind, desk.event["at"], before)


def _no_longer_announced(desk: Desk, wan: str, kind: Class) -> None:
    """What is dark though nobody announces it any more is a failure, from this instant on."""
    incident, view = desk.open.get(wan), desk.links[wan]
    if incident is None or incident.kind is not kind or view.dark_since is None:
        return
    before = desk.end(wan)
    at = desk.event["at"]
    desk.begin(wan, _class_of(view), at, before)
    desk.change(wan, dark_since=at, segment=view.segment)
    desk.mark()
    _look_at_site(desk)


def _look_at_site(desk: Desk) -> None:
    """Open the site's incident when the last link is dark."""
    if not desk.all_dark():
        return
    views = desk.links.values()
    real = [view for view in views if not view.announced]
    drill = any(view.excused for view in views)
    kind = Class.TOTAL if real else Class.DRILL if drill else Class.PLANNED
    site = desk.open.get(None)
    if site is not None and site.kind is not Class.TOTAL and kind is Class.TOTAL:
        desk.end(None)
        site = None
        since = desk.event["at"]
    else:
        since = max(view.dark_since or "" for view in views)
    if site is None:
        desk.begin(None, kind, since)
        desk.change(None, dark_since=since)
        desk.mark()
