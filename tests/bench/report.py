# SPDX-License-Identifier: GPL-3.0-or-later
"""Results for readers: tables on the terminal, the same in Markdown, and the docs page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.errors import LabError
from lab.state import CHECKOUT

from bench import plot
from bench.contenders import CONTENDERS
from bench.scenarios import EXTRAS, SCENARIOS

PAGE = CHECKOUT / "docs" / "explanation" / "measurements.md"
PLOT = CHECKOUT / "docs" / "images" / "bench.svg"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
Document = Mapping[str, Any]

# figure, what it says, unit; `count` is a total over all runs, the others are a median (worst)
CUT_ROWS = (
    ("new_flows_ms", "new UDP requests work again", "ms"),
    ("new_tcp_ms", "new TCP connections work again", "ms"),
    ("fixed_udp_ms", "UDP flow with a fixed 5-tuple works again", "ms"),
    ("tcp_told_ms", "open TCP sessions told (reset)", "ms"),
    ("tcp_told_p99_ms", "the 99th percentile of those that were told", "ms"),
    ("tcp_told_spread_ms", "from the first session told to the 99th percentile", "ms"),
    ("tcp_stuck", "open TCP sessions stuck, per run", "number"),
    ("back_ms", "back on the primary", "ms"),
    ("failback_new_lost", "failback: new requests lost, per run", "number"),
    ("failback_fixed_lost", "failback: packets of the fixed flow lost, per run", "number"),
    ("failback_resets", "failback: sessions reset, per run", "number"),
    ("failback_hung", "failback: sessions hung, per run", "number"),
)
COST_ROWS = (
    ("cpu_percent", "processor, of one core", "%"),
    ("resident_mb", "resident memory", "MB"),
)
ROWS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "silent": (*CUT_ROWS, *COST_ROWS),
    "blackhole": CUT_ROWS,
    "carrier": CUT_ROWS,
    "crowd": CUT_ROWS,
    "idle": (("noticed_ms", "switched", "ms"), ("back_ms", "back on the primary", "ms")),
    "brownout": (
        ("vital_left_ms", "first new request of a vital service by the backup", "ms"),
        ("vital_returns", "vital: returns to the bad line, per run", "number"),
        ("vital_lost_percent", "vital: new requests lost", "%"),
        ("ordinary_left_ms", "first new request of the others by the backup", "ms"),
        ("ordinary_returns", "others: returns to the bad line, per run", "number"),
        ("ordinary_lost_percent", "others: new requests lost", "%"),
        ("back_ms", "back on the primary, after the line is well", "ms"),
    ),
    "noise": (
        ("diversions", "new flows left the living line, times per run", "number"),
        ("evictions", "existing flows moved or reset, times per run", "number"),
        ("tcp_harmed", "open TCP sessions harmed, per run", "number"),
        ("new_lost_percent", "new requests lost", "%"),
        ("longest_gap_ms", "longest gap in the fixed flow", "ms"),
        *COST_ROWS,
    ),
    "rest": (
        *COST_ROWS,
        ("standby_mb_month", "on the standby line, extrapolated to 30 days", "MB"),
    ),
    "forwarding": (
        ("tcp_gbit_s", "TCP, one stream, Gbit/s", "rate"),
        ("udp_kpackets_s", "UDP, 200 bytes each, thousand packets/s", "rate"),
        ("tcp_ratio", "TCP against masquerade", "number"),
        ("udp_ratio", "UDP against masquerade", "number"),
    ),
}


@dataclass(frozen=True)
class Table:
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(document: Document) -> list[Table]:
    """The targets, then one table for each scenario that was measured."""
    summaries = document["summaries"]
    found = [_targets(document["targets"])]
    for scenario, rows in ROWS.items():
        names = [name for name in _columns(summaries) if scenario in summaries[name]]
        if not names:
            continue
        shown = [
            (says, *(cell(summaries[name][scenario].get(figure), unit) for name in names))
            for figure, says, unit in rows
            if any(figure in summaries[name][scenario] for name in names)
        ]
        runs = tuple(str(_runs(document, name, scenario)) for name in names)
        title = f"{scenario}: {_says(scenario)}"
        found.append(Table(title, ("", *names), (("runs", *runs), *shown)))
    return found


def _says(scenario: str) -> str:
    return SCENARIOS[scenario].says if scenario in SCENARIOS else EXTRAS[scenario]


def _columns(summaries: Mapping[str, Any]) -> list[str]:
    return [name for name in (*CONTENDERS, "masquerade") if name in summaries]


def _runs(document: Document, contender: str, scenario: str) -> int:
    return len(document["runs"][contender][scenario])


def cell(summary: Mapping[str, Any] | None, unit: str) -> str:
    """Median, and the worst in brackets where it differs."""
    if summary is None:
        return "-"
    if summary["median"] is None and summary["never"] == summary["n"]:
        return "never"
    middle = amount(summary["median"], unit)
    if summary["never"]:
        return f"{middle} (never in {summary['never']} of {summary['n']})"
    worst = amount(summary["least" if unit == "rate" else "most"], unit)
    return middle if worst == middle else f"{middle} ({worst})"


def amount(value: float | None, unit: str) -> str:
    """A value in a unit that reads well."""
    if value is None:
        return "never"
    if unit == "ms" and value >= 1000:
        return f"{value / 1000:.1f} s"
    digits = 0 if unit == "ms" or value == int(value) else 1 if value >= 10 else 2
    return f"{value:.{digits}f}" + (f" {unit}" if unit not in {"", "number", "rate"} else "")


def _targets(judged: Sequence[Mapping[str, Any]]) -> Table:
    rows = []
    for target in judged:
        sign = "at least " if target["at_least"] else "" if target["limit"] == 0 else "at most "
        measured = target["verdict"] != "not measured"
        rows.append((
            target["what"],
            f"{target['statistic']} {sign}{amount(target['limit'], target['unit'])}",
            amount(target["value"], target["unit"]) if measured else "-",
            str(target["n"]),
            target["verdict"],
        ))  # fmt: skip
    return Table("relais and its targets", ("what", "target", "found", "runs", ""), tuple(rows))


def text(document: Document) -> str:
    """For the terminal."""
    parts = [_aligned(table) for table in tables(document)]
    return "\n".join([*parts, *_notes(document), ""])


def _aligned(table: Table) -> str:
    lines = [table.header, *table.rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(table.header))]
    rows = ["  ".join(word.ljust(w) for word, w in zip(line, widths, strict=True)).rstrip()
            for line in lines]  # fmt: skip
    rows.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([table.title, *(f"  {row}" for row in rows), ""])


def _notes(document: Document) -> list[str]:
    machine, late = document["machine"], document["load_late_ms"]
    notes = [
        "Cells are the median of all runs, and the worst in brackets; never: not while watched.",
        f"Measured {machine['at']} on {machine['cores']} cores ({machine['processor']}), "
        f"{machine['memory_gb']:g} GB, {machine['system']}, kernel {machine['kernel']}, commit "
        f"{machine['commit']}; load average before: {machine['load_before'][0]:g}; up to "
        f"{document['settings']['jobs']} runs at a time.",
    ]
    versions = [f"{name} {version}" for name, version in document["versions"].items() if version]
    notes += [f"Versions: {', '.join(versions)}."] if versions else []
    if late:
        notes.append(
            f"The load client's clock was late by {late['p99']['median']:.1f} ms (99th percentile "
            f"of a run, median of all runs), {late['most']['most']:.0f} ms at worst."
        )
    if document["failed"]:
        notes.append(f"Runs that could not be measured: {len(document['failed'])}; see `failed`.")
    return notes


def markdown(document: Document) -> str:
    """For the docs page."""
    parts = []
    for table in tables(document):
        lines = [table.header, tuple("---" for _unused in table.header), *table.rows]
        rows = [f"| {' | '.join(line)} |" for line in lines]
        parts.append("\n".join([f"### {table.title[0].upper()}{table.title[1:]}", "", *rows, ""]))
    contenders = document["settings"]["contenders"]
    who = [f"- **{name}**: {note}" for name, note in contenders.items()]
    return "\n".join([*(f"{note}  " for note in _notes(document)), "", *who, "", *parts])


def write_docs(document: Document) -> None:
    """Put tables and plot where the docs have room for them. Raises LabError without the marks."""
    page = PAGE.read_text(encoding="utf-8")
    if BEGIN not in page or END not in page:
        raise LabError(f"{PAGE.relative_to(CHECKOUT)}: the marks {BEGIN} and {END} are missing")
    head, _unused, rest = page.partition(BEGIN)
    tail = rest.partition(END)[2]
    PAGE.write_text(f"{head}{BEGIN}\n{markdown(document).strip()}\n{END}{tail}", encoding="utf-8")
    PLOT.write_text(plot.svg(document), encoding="utf-8")
