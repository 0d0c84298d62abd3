# SPDX-License-Identifier: GPL-3.0-or-later
"""What a journal keeps, line by line, for other programs: JSON lines, CSV, OpenMetrics.

OpenMetrics 1.0: https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from relais.core.history.buckets import percentile_us
from relais.shell.chain import EVENTS, PERIODS, Kind

ROLL = Kind(
    "rolls",
    "rolls",
    (
        *("step_s", "at_s", "wan", "observed_ms", "sent", "lost", "rtt_sum_us", "rtt_least_us"),
        *("rtt_buckets", "rx_bytes", "tx_bytes"),
    ),
    ("step_s", "at_s", "wan"),
    "at_s",
)
TABLES: Mapping[str, Kind] = {"rolls": ROLL, "periods": PERIODS, "events": EVENTS}
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows: those of some tables that share an instant with the time from `from_ms` until
    `until_ms` (Unix time); of the rolls those of `step_s` seconds."""

    tables: tuple[str, ...]
    from_ms: int
    until_ms: int
    step_s: int

    def rows(self, opened: sqlite3.Connection, name: str) -> Iterator[Row]:
        """One table's rows in order of time. Raises sqlite3.Error; ValueError for a damaged one."""
        kind = TABLES[name]
        which, values = self._which(name)
        for values_found in opened.execute(f"{kind.select} AND {which}", values):
            row = dict(zip(kind.columns, values_found, strict=True))
            if name == "rolls":
                row["rtt_buckets"] = json.loads(row["rtt_buckets"])
            elif name == "periods":
                row["excused"] = bool(row["excused"])
            else:
                row["inputs"] = json.loads(row["inputs"])
            yield row

    def _which(self, name: str) -> tuple[str, tuple[object, ...]]:
        match name:
            case "rolls":
                span = (self.from_ms - self.step_s * 1000, self.until_ms)
                told = "step_s = ? AND at_s * 1000 > ? AND at_s * 1000 < ? ORDER BY at_s, wan"
                return told, (self.step_s, *span)
            case "periods":
                told = "ended_ms > ? AND began_ms < ? ORDER BY began_ms, subject, name"
                return told, (self.from_ms, self.until_ms)
            case _:
                at = "strftime('%Y-%m-%dT%H:%M:%f', ? / 1000.0, 'unixepoch') || 'Z'"
                return f"at >= {at} AND at < {at} ORDER BY seq", (self.from_ms, self.until_ms)


Writer = Callable[[sqlite3.Connection, Wanted], Iterator[str]]


def jsonl(opened: sqlite3.Connection, wanted: Wanted) -> Iterator[str]:
    """A JSON object a line; `table` says which."""
    for name in wanted.tables:
        for row in wanted.rows(opened, name):
            yield json.dumps({"table": name, **row}, separators=(",", ":")) + "\n"


def comma_separated(opened: sqlite3.Connection, wanted: Wanted) -> Iterator[str]:
    """One table (RFC 4180) with a head; objects are JSON."""
    (name,) = wanted.tables
    yield _cells(list(TABLES[name].columns))
    for row in wanted.rows(opened, name):
        yield _cells([_cell(value) for value in row.values()])


def _cell(value: object) -> object:
    if isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"))
    return int(value) if isinstance(value, bool) else value


def _cells(cells: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


@dataclass(frozen=True, slots=True)
class Family:
    """A metric made of rolls: its name, unit (empty for none), meaning, and its value in base
    units; None where a roll has none."""

    name: str
    unit: str
    told: str
    value: Callable[[Row], float | int | None]


def _quantile(per_mille: int) -> Callable[[Row], float | None]:
    def value(row: Row) -> float | None:
        counts = {int(number): count for number, count in row["rtt_buckets"].items()}
        found = percentile_us(counts, per_mille)
        return None if found is None else found / 1_000_000

    return value


def _least(row: Row) -> float | None:
    return None if row["rtt_least_us"] is None else row["rtt_least_us"] / 1_000_000


FAMILIES = (
    Family("relais_history_observed_seconds", "seconds", "Time in which the daemon watched.",
           lambda row: row["observed_ms"] / 1000),
    Family("relais_history_probes", "", "Probes of the interval whose fate is known.",
           lambda row: row["sent"]),
    Family("relais_history_probes_lost", "", "Those of them that nobody answered.",
           lambda row: row["lost"]),
    Family("relais_history_rtt_least_seconds", "seconds", "Shortest round trip.", _least),
    Family("relais_history_rtt_median_seconds", "seconds", "Median round trip.", _quantile(500)),
    Family("relais_history_rtt_p95_seconds", "seconds", "95th percentile.", _quantile(950)),
    Family("relais_history_received_bytes", "bytes", "IP bytes received in the interval.",
           lambda row: row["rx_bytes"]),
    Family("relais_history_sent_bytes", "bytes", "IP bytes sent in the interval.",
           lambda row: row["tx_bytes"]),
)  # fmt: skip


def openmetrics(opened: sqlite3.Connection, wanted: Wanted) -> Iterator[str]:
    """The rolls as gauges, each at the end of its interval, for `promtool tsdb
    create-blocks-from openmetrics`; those of one family stand together, those of one line too."""
    names = sorted({row["wan"] for row in wanted.rows(opened, "rolls")})
    for family in FAMILIES:
        yield f"# TYPE {family.name} gauge\n"
        if family.unit:
            yield f"# UNIT {family.name} {family.unit}\n"
        yield f"# HELP {family.name} {family.told}\n"
        for wan in names:
            label = json.dumps(wan, ensure_ascii=False)
            for row in wanted.rows(opened, "rolls"):
                value = family.value(row) if row["wan"] == wan else None
                if value is not None:
                    at_s = row["at_s"] + row["step_s"]
                    yield f"{family.name}{{wan={label}}} {value!r} {at_s}\n"
    yield "# EOF\n"


FORMATS: Mapping[str, Writer] = {
    "jsonl": jsonl,
    "csv": comma_separated,
    "openmetrics": openmetrics,
}
