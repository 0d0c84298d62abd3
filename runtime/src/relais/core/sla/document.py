# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais.sla/1`: all figures of a window, each with what it was made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from relais.core.history.model import Period, Subject
from relais.core.instants import of_unix_ms
from relais.core.model import Codec
from relais.core.sla.delay import delay, interval_percent
from relais.core.sla.facts import History, Link, Site
from relais.core.sla.outages import Outage, micro_outages, outages, repair
from relais.core.sla.rules import RULES
from relais.core.sla.samples import Samples, pick, together
from relais.core.sla.stretches import Stretch, site, stretches
from relais.core.sla.throughput import Measurement, carried
from relais.core.sla.times import Verdict, promise, share_percent, times
from relais.core.sla.voice import voice
from relais.core.sla.window import Window

SCHEMA = "relais.sla/1"
Document = dict[str, object]


def document(of: Site, history: History, window: Window) -> Document:
    """The figures of every link by operator, of every service and of the site."""
    links = _links(of, history)
    known = {link.name: links[link.name] for link in of.links}
    return _head(of, history, window) | {
        "operators": _operators(_all_links(of, links), of.codec, history, links, window),
        "services": [
            {"name": name} | _worked(seen, window)
            for name, seen in _by_name(history.periods, Subject.SERVICE).items()
        ],
        "site_availability": _worked(site(known), window),
    }


def link_document(of: Site, history: History, window: Window, name: str) -> Document:
    """The figures of one link only. Raises KeyError for one that nobody knows."""
    links = _links(of, history)
    chosen = [link for link in _all_links(of, links) if link.name == name]
    if not chosen:
        raise KeyError(name)
    groups = _operators(chosen, of.codec, history, links, window)
    return _head(of, history, window) | {"operators": groups}


def _links(of: Site, history: History) -> dict[str, list[Stretch]]:
    """What is known of every link, also of one that nothing is known of."""
    return {link.name: [] for link in of.links} | _by_name(history.periods, Subject.WAN)


def _all_links(of: Site, links: Iterable[str]) -> list[Link]:
    """The links of the site, and those that the journal knows from before they were taken away."""
    named = {link.name for link in of.links}
    return [*of.links, *(Link(name) for name in links if name not in named)]


def _head(of: Site, history: History, window: Window) -> Document:
    inside = [
        period
        for period in history.periods
        if period.began_ms < window.to_ms and period.ended_ms > window.from_ms
    ]
    first = min((period.began_ms for period in inside), default=None)
    last = max((period.ended_ms for period in inside), default=None)
    return {
        "schema": SCHEMA,
        "site": of.name,
        "gateway": of.gateway,
        "timezone": of.timezone,
        "from": window.local(window.from_ms).isoformat(),
        "to": window.local(window.to_ms).isoformat(),
        "window_ms": window.length_ms,
        "first_data_at": None if first is None else of_unix_ms(max(first, window.from_ms)),
        "last_data_at": None if last is None else of_unix_ms(min(last, window.to_ms)),
        "rules": RULES,
    }


def _by_name(periods: Iterable[Period], subject: Subject) -> dict[str, list[Stretch]]:
    found: dict[str, list[Period]] = defaultdict(list)
    for period in periods:
        if period.subject is subject:
            found[period.name].append(period)
    return {name: stretches(found[name]) for name in sorted(found)}


def _operators(
    links: Sequence[Link],
    codec: Codec,
    history: History,
    known: Mapping[str, Sequence[Stretch]],
    window: Window,
) -> list[Document]:
    """Operators in the order of their first line, the lines without one last."""
    groups: dict[str | None, list[Document]] = {link.operator: [] for link in links}
    for link in links:
        seen = known[link.name]
        rolls = (roll for roll in history.rolls if roll.wan == link.name)
        samples = together(pick(rolls, window, seen))
        figures = _link(link, seen, samples, codec, window)
        filled = [one for one in history.measurements if one.wan == link.name]
        groups[link.operator].append(figures | {"throughput": _throughput(filled)})
    return [
        {"operator": operator, "links": groups[operator]}
        for operator in sorted(groups, key=lambda name: name is None)
    ]


def _link(
    link: Link, seen: Sequence[Stretch], samples: Samples, codec: Codec, window: Window
) -> Document:
    found = outages(seen, window)
    verdicts = [repair(one, link.repair_time_hours) for one in found if one.begun_inside]
    trips = delay(samples)
    call = voice(samples, trips, codec)
    return {
        **asdict(link),
        **_worked(seen, window),
        "contract_kept": promise(times(seen, window), link.availability_percent),
        "repairs": {str(kind): verdicts.count(kind) for kind in Verdict},
        "outages": [
            _outage(one) | {"repaired_in_time": repair(one, link.repair_time_hours)}
            for one in found
        ],
        "loss": _loss(samples),
        "round_trip": {
            name: value for name, value in asdict(trips).items() if not name.startswith("pdv_")
        },
        "delay_variation": {
            "samples": trips.samples,
            "p95_us": trips.pdv_p95_us,
            "p99_us": trips.pdv_p99_us,
            "p999_us": trips.pdv_p999_us,
        },
        "voice": None if call is None else {"model": "ITU-T G.107 (06/2015)", **asdict(call)},
        "watched_ms": samples.watched_ms,
    }


def _throughput(filled: Sequence[Measurement]) -> Document:
    ways = {name: carried(filled, way) for way, name in enumerate(("down", "up"))}
    return {name: None if one is None else asdict(one) for name, one in ways.items()}


def _worked(seen: Sequence[Stretch], window: Window) -> Document:
    """What is said of links, services and the site alike."""
    measured = times(seen, window)
    return {
        "availability": asdict(measured)
        | {
            "observed_ms": measured.observed_ms,
            "no_data_ms": measured.no_data_ms,
            "percent": measured.percent,
        },
        "micro_outages": asdict(micro_outages(seen, window)),
        "outages": [_outage(one) for one in outages(seen, window)],
    }


def _outage(one: Outage) -> Document:
    return {
        "began_at": of_unix_ms(one.began_ms),
        "ended_at": of_unix_ms(one.ended_ms),
        "duration_ms": one.length_ms,
        "counted_ms": one.counted_ms,
        "excused": one.excused,
        "begin_seen": one.begin_seen,
        "end_seen": one.end_seen,
        "begun_inside": one.begun_inside,
    }


def _loss(samples: Samples) -> Document:
    interval = interval_percent(samples.lost, samples.sent)
    return {
        "sent": samples.sent,
        "lost": samples.lost,
        "percent": share_percent(samples.lost, samples.sent),
        "low_percent": None if interval is None else interval[0],
        "high_percent": None if interval is None else interval[1],
    }
