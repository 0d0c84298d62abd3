# SPDX-License-Identifier: GPL-3.0-or-later
"""Say in words, and in a table, what drills measured. Fails unless every verdict is ``pass``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FAULTS = {
    "silent": "went silent for {seconds} s, carrier up",
    "carrier": "lost its carrier for {seconds} s",
}


def words(drill: dict[str, Any]) -> str:
    """Return what happened, in one paragraph."""
    fault, services, sessions = drill["fault"], drill["services"], drill["sessions"]
    what = FAULTS[fault["kind"]].format(**fault)
    worst = max(services, key=lambda name: services[name]["outage_ms"])
    said = f"{fault['wan']} {what}."
    if services[worst]["lost"]:
        said += f" The service that waited longest was {worst}: new flows worked again"
        said += f" after {services[worst]['outage_ms']} ms, on {services[worst]['during']}."
    else:
        said += " No service lost a new flow."
    if sessions["tcp_open"]:
        said += f" Of {sessions['tcp_open']} open TCP sessions {sessions['tcp_stuck']} got stuck."
    said += f" The way back cost {drill['failback']['outage_ms']} ms."
    return " ".join([f"{said} Verdict: {drill['verdict']}.", *drill.get("reasons", [])])


def rows(drill: dict[str, Any]) -> list[list[str]]:
    """Return one row for each service."""
    return [
        [
            drill["fault"]["kind"],
            name,
            f"{service['before'] or '-'} -> {service['during'] or '-'}",
            f"{service['outage_ms']} ms",
            f"{service['budget_ms']} ms",
            "-" if service["existing_ms"] is None else f"{service['existing_ms']} ms",
            f"{service['lost']} of {service['sent']}",
            "ok" if service["ok"] else "FAILED",
        ]
        for name, service in drill["services"].items()
    ]


def table(header: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Return aligned columns."""
    widths = [max(map(len, column)) for column in zip(header, *body, strict=True)]
    lines = [header, ["-" * width for width in widths], *body]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def main(paths: Sequence[str]) -> int:
    """Read the evidence files and print."""
    drills = [json.loads(Path(path).read_text(encoding="utf-8")) for path in paths]
    for drill in drills:
        print(words(drill))
    header = ["fault", "service", "way", "outage", "allowed", "open flow", "lost", "verdict"]
    print("\n" + table(header, [row for drill in drills for row in rows(drill)]) + "\n")
    return 0 if all(drill["verdict"] == "pass" for drill in drills) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
