# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemon answers on its control socket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from relais.core import report
from relais.core.actions import Record
from relais.core.events import AdminRequested, Event, Excused
from relais.core.fields import shown
from relais.core.model import Admin, Config
from relais.core.select import Rank, describe, rank
from relais.core.state import State
from relais.shell import clock
from relais.shell.control_server import Handler, Refused

LONGEST_WISH_S = 30 * 86_400


class Subject(Protocol):
    """The part of the daemon that questions are about."""

    config: Config
    state: State

    def document(self) -> dict[str, object]:
        """The state document."""

    def take(self, event: Event) -> None:
        """Let the core act on an event."""


class Events(Protocol):
    """What has happened, and what somebody else has found out."""

    @property
    def newest(self) -> Sequence[Mapping[str, object]]:
        """The newest events, oldest first."""

    def origin(self, service: str) -> tuple[str | None, str]:
        """Identifier and instant of the event that made a service's choice."""

    def note(self, record: Record) -> str:
        """Keep a record as an event; its identifier."""


class Answers:
    """One method for each command of the control protocol."""

    def __init__(self, subject: Subject, events: Events) -> None:
        self._subject = subject
        self._events = events

    def questions(self) -> Mapping[str, Handler]:
        """Commands that only read, by name."""
        return {"status": self.status, "why": self.why, "events": self.events}

    def orders(self) -> Mapping[str, Handler]:
        """Commands that change something, by name."""
        return {"link": self.link, "excuse": self.excuse, "measured": self.measured}

    def status(self, _request: Mapping[str, object]) -> Mapping[str, object]:
        """The state document."""
        return self._subject.document()

    def why(self, request: Mapping[str, object]) -> Mapping[str, object]:
        """Rule, reason, inputs and the events that led there, for one service or all."""
        wanted = request.get("service")
        config, state = self._subject.config, self._subject.state
        names = [service.name for service in config.services]
        if wanted is not None and wanted not in names:
            raise Refused(
                "unknown_service", f"{shown(wanted)} is no service; known: {', '.join(names)}"
            )
        answers = {}
        for service in config.services:
            if wanted in (None, service.name) and service.name in state.choices:
                answer = report.why_document(state, service, clock.wall_text)
                event, since = self._events.origin(service.name)
                about = (service.name, None)
                past = [e for e in self._events.newest if e["service"] in about]
                answers[service.name] = {
                    **answer,
                    "event": event,
                    "since": since,
                    "events": past[-12:],
                }
        return {"services": answers}

    def link(self, request: Mapping[str, object]) -> Mapping[str, object]:
        """Set a link's mode, for good or for some seconds."""
        name = self._wan(request)
        wish = request.get("mode")
        try:
            mode = Admin(wish if isinstance(wish, str) else "")
        except ValueError as error:
            raise Refused("unknown_mode", f"mode is one of {', '.join(Admin)}") from error
        seconds = request.get("for_s")
        if seconds is not None and not _whole(seconds, 1, LONGEST_WISH_S):
            raise Refused("bad_request", f"for_s is a number of seconds from 1 to {LONGEST_WISH_S}")
        link = self._subject.state.links[name]
        if mode is Admin.FORCE and rank(link) > Rank.DRAINED:
            reason = f"{name} is {describe(link)}; forcing it would cut every service"
            raise Refused("link_not_working", reason)
        now = clock.monotonic_ms()
        before = link.admin
        forgiven = mode is Admin.AUTO and link.penalty.suppressed
        if before is not mode or seconds is not None or mode is Admin.AUTO:
            until = None if seconds is None else now + int(str(seconds)) * 1000
            self._subject.take(AdminRequested(now, name, mode, until))
        return {
            "wan": name,
            "before": str(before),
            "after": str(mode),
            "changed": before is not mode or forgiven,
        }

    def excuse(self, request: Mapping[str, object]) -> Mapping[str, object]:
        """A drill announces what it will do to a link, so that it is not held against it."""
        name = self._wan(request)
        seconds = request.get("for_s")
        if not _whole(seconds, 1, 3600):
            raise Refused("bad_request", "for_s is a number of seconds from 1 to 3600")
        now = clock.monotonic_ms()
        self._subject.take(Excused(now, name, now + int(str(seconds)) * 1000))
        return {"wan": name, "for_s": seconds}

    def measured(self, request: Mapping[str, object]) -> Mapping[str, object]:
        """Somebody has filled a link to see what it carries: it becomes an event."""
        name = self._wan(request)
        wan = self._subject.state.links[name].wan
        told = {key: request.get(key) for key in ("down_mbit", "up_mbit", "bytes", "seconds")}
        ways = {way: told[f"{way}_mbit"] for way in ("down", "up")}
        carried = [f"{mbit} Mbit/s {way}" for way, mbit in ways.items() if mbit is not None]
        if not carried:
            raise Refused("bad_request", "down_mbit or up_mbit is missing")
        if not all(_positive(value) for value in told.values() if value is not None):
            raise Refused("bad_request", f"{', '.join(told)} are numbers above 0")
        sold = {"sold_down_mbit": wan.down_mbit, "sold_up_mbit": wan.up_mbit}
        what = f"{name} carries {', '.join(carried)}"
        why = f"measured for {told['seconds']} s each way"
        record = Record("throughput", what, why, wan=name, inputs={**told, **sold})
        return {"event": self._events.note(record)}

    def events(self, request: Mapping[str, object]) -> Mapping[str, object]:
        """Events behind a number."""
        after = request.get("after", 0)
        if not _whole(after, 0, 2**53):
            raise Refused("bad_request", "after is the number of an event")
        found = [e for e in self._events.newest if int(str(e["seq"])) > int(str(after))]
        last = self._subject.document()["last_event"]
        return {"events": found, "last": last}

    def _wan(self, request: Mapping[str, object]) -> str:
        name = request.get("wan")
        known = self._subject.state.links
        if not isinstance(name, str) or name not in known:
            names = ", ".join(known)
            raise Refused("unknown_wan", f"{shown(name)} is no WAN of this gateway; known: {names}")
        return name


def _positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e15


def _whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
