# SPDX-License-Identifier: GPL-3.0-or-later
"""How metrics are read from the state document. What is not known gives no sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from relais.core.supervision.model import Document, Seen, instant_s, usable

Value = float | None
Sample = tuple[tuple[str, ...], float]
"""Values of the family's labels in order, and the number."""
Reader = Callable[[Seen], Iterator[Sample]]


def of_site(value: Callable[[Document], Value]) -> Reader:
    def read(seen: Seen) -> Iterator[Sample]:
        if seen.now is not None and (number := value(seen.now)) is not None:
            yield (), number

    return read


def of_each(part: str, value: Callable[[Document], Value]) -> Reader:
    """One number for each WAN, or for each service."""

    def read(seen: Seen) -> Iterator[Sample]:
        for name, document in _each(seen, part):
            if (number := value(document)) is not None:
                yield (name,), number

    return read


def one_of(key: str, values: tuple[str, ...]) -> Reader:
    """For each WAN, 1 for the value that it has and 0 for the others."""

    def read(seen: Seen) -> Iterator[Sample]:
        for name, wan in _each(seen, "wans"):
            for value in values:
                yield (name, value), float(wan.get(key) == value)

    return read


def _each(seen: Seen, part: str) -> Iterator[tuple[str, Document]]:
    if seen.now is not None:
        yield from seen.now.get(part, {}).items()


def number(key: str, *, divided_by: float = 1) -> Callable[[Document], Value]:
    def value(document: Document) -> Value:
        found = document.get(key)
        return None if found is None else found / divided_by

    return value


def instant(key: str) -> Callable[[Document], Value]:
    def value(document: Document) -> Value:
        found = document.get(key)
        return None if found is None else instant_s(found)

    return value


def within(outer: str, value: Callable[[Document], Value]) -> Callable[[Document], Value]:
    """The same of a part that may not be there."""

    def inner(document: Document) -> Value:
        found = document.get(outer)
        return None if found is None else value(found)

    return inner


def times(key: str, factor: float) -> Callable[[Document], Value]:
    return number(key, divided_by=1 / factor)


def up(seen: Seen) -> Iterator[Sample]:
    yield (), float(seen.silent is None)


def written(seen: Seen) -> Iterator[Sample]:
    if seen.state is not None:
        yield (), instant_s(seen.state["at"])


def build(seen: Seen) -> Iterator[Sample]:
    if seen.now is not None:
        yield (str(seen.now.get("version", "")),), 1.0


def site(seen: Seen) -> Iterator[Sample]:
    if seen.now is not None:
        yield (str(seen.now["site"]), str(seen.now["gateway"])), 1.0


def degraded(seen: Seen) -> Iterator[Sample]:
    for fault in seen.now.get("degraded", ()) if seen.now is not None else ():
        yield (str(fault["part"]),), instant_s(fault["since"])


def wan_info(seen: Seen) -> Iterator[Sample]:
    for name, wan in _each(seen, "wans"):
        yield (name, str(wan["interface"]), str(bool(wan["metered"])).lower()), 1.0


def proved(seen: Seen) -> Iterator[Sample]:
    for name, wan in _each(seen, "wans"):
        if seen.now is not None and wan.get("proved_ms_ago") is not None:
            yield (name,), round(instant_s(seen.now["at"]) - wan["proved_ms_ago"] / 1000, 3)


def mos(seen: Seen) -> Iterator[Sample]:
    for name, wan in _each(seen, "wans"):
        if wan.get("mos") is not None:
            yield (name, str(wan["codec"])), wan["mos"]


def of_targets(value: Callable[[Document], Value]) -> Reader:
    def read(seen: Seen) -> Iterator[Sample]:
        for name, wan in _each(seen, "wans"):
            for target, record in wan.get("targets", {}).items():
                if (number := value(record)) is not None:
                    yield (name, target), number

    return read


def answers(record: Document) -> Value:
    return None if record.get("answers") is None else float(record["answers"])


def service_info(seen: Seen) -> Iterator[Sample]:
    for name, service in _each(seen, "services"):
        yield (name, str(service["importance"])), 1.0


def service_wan(seen: Seen) -> Iterator[Sample]:
    for name, service in _each(seen, "services"):
        used = {member["wan"] for member in service["wans"]}
        for wan, _document in _each(seen, "wans"):
            yield (name, wan), float(wan in used)


def service_up(seen: Seen) -> Iterator[Sample]:
    wans: Mapping[str, Any] = dict(_each(seen, "wans"))
    for name, service in _each(seen, "services"):
        yield (name,), float(any(usable(wans.get(m["wan"], {})) for m in service["wans"]))


def incident(seen: Seen) -> Iterator[Sample]:
    for incident in seen.incidents if seen.now is not None else ():
        yield (incident.id, incident.kind, incident.wan), 1.0
