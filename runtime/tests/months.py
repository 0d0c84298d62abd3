# SPDX-License-Identifier: GPL-3.0-or-later
"""What a gateway kept of a month, written by hand, and journals that hold it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from relais.core.history.buckets import bucket
from relais.core.history.model import Condition, Period, Roll, Subject
from relais.core.instants import of_unix_ms
from relais.shell.history import SCHEMA
from relais.shell.journal import whole_schema

PARIS = ZoneInfo("Europe/Paris")
AVAILABLE, MICRO, DOWN = Condition.AVAILABLE, Condition.MICRO_OUTAGE, Condition.UNAVAILABLE
HOUR_MS, HOUR_S = 3_600_000, 3600


def at_ms(text: str) -> int:
    """Unix time of `2026-11-03T09:00` by the clocks in Paris."""
    return round(datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp() * 1000)


def link(
    condition: Condition, began_ms: int, ended_ms: int, *, excused: bool = False, wan: str = "fibre"
) -> Period:
    """A period of a link."""
    state = "down" if condition is DOWN else "up"
    return Period(Subject.WAN, wan, condition, wan, state, excused, began_ms, ended_ms)


def service(
    condition: Condition, began_ms: int, ended_ms: int, wan: str = "fibre", name: str = "voice"
) -> Period:
    """A period of a service."""
    return Period(Subject.SERVICE, name, condition, wan, "up", False, began_ms, ended_ms)


def chain(begin_ms: int, *parts: tuple[Condition, int], wan: str = "fibre") -> list[Period]:
    """Periods of a link without a gap, each of so many milliseconds."""
    found = []
    for condition, length_ms in parts:
        found.append(link(condition, begin_ms, begin_ms + length_ms, wan=wan))
        begin_ms += length_ms
    return found


def roll(
    at_s: int, step_s: int, rtts_us: Iterable[int] = (), lost: int = 0, wan: str = "fibre"
) -> Roll:
    """An interval watched from end to end."""
    rtts = list(rtts_us)
    counts: dict[int, int] = {}
    for rtt_us in rtts:
        counts[bucket(rtt_us)] = counts.get(bucket(rtt_us), 0) + 1
    return Roll(
        wan=wan,
        step_s=step_s,
        at_s=at_s,
        observed_ms=step_s * 1000,
        sent=len(rtts) + lost,
        lost=lost,
        rtt_sum_us=sum(rtts),
        rtt_least_us=min(rtts, default=None),
        rtt_buckets={number: counts[number] for number in sorted(counts)},
    )


def measured(
    seq: int,
    when_ms: int,
    down: float | None,
    up: float | None,
    *,
    sold: tuple[float | None, float | None] = (500, 200),
    wan: str = "fibre",
) -> dict[str, Any]:
    """The event of a line that was filled on purpose, as a row."""
    told = {"down_mbit": down, "up_mbit": up, "bytes": 1_000_000, "seconds": 8}
    return {
        "seq": seq,
        "id": f"measured-{seq}",
        "at": of_unix_ms(when_ms),
        "kind": "throughput",
        "wan": wan,
        "service": None,
        "what": "",
        "why": "",
        "inputs": told | {"sold_down_mbit": sold[0], "sold_up_mbit": sold[1]},
    }


def journal(
    path: Path,
    periods: Iterable[Period],
    rolls: Iterable[Roll],
    events: Iterable[dict[str, Any]] = (),
) -> Path:
    """A journal that holds these and nothing else."""
    with closing(sqlite3.connect(path)) as opened:
        opened.executescript(whole_schema(SCHEMA))
        for event in events:
            _insert(opened, "events", event | {"inputs": json.dumps(event["inputs"])})
        for period in periods:
            _insert(opened, "periods", asdict(period))
        for roll in rolls:
            buckets = json.dumps(dict(roll.rtt_buckets))
            _insert(opened, "rolls", asdict(roll) | {"rtt_buckets": buckets})
        opened.commit()
    return path


def _insert(opened: sqlite3.Connection, into: str, row: dict[str, object]) -> None:
    places = ", ".join("?" * len(row))
    statement = f"INSERT INTO {into} ({', '.join(row)}) VALUES ({places})"  # noqa: S608 - no input
    opened.execute(statement, tuple(row.values()))
