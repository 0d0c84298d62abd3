# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded traces and the decisions expected on them.

`python runtime/tests/simulate/golden.py --regenerate` rewrites both: do that when the engine is
meant to decide otherwise, and read the difference before you commit it. Of the traces that a real
gateway recorded only the decisions are rewritten: their answers belong to the probes that it sent.
When the engine probes at other instants, record them anew (docs/how-to/simulate.md).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from relais.core.events import Event
from relais.core.recording import encode_decision, encode_event
from relais.simulate.models import Episodes, Kind
from relais.simulate.scenario import Scenario
from relais.simulate.trace import (
    parse_trace,
    replay,
    trace_head,
)
from simulate.worlds import document, one_fault, run

TRACES = Path(__file__).parent / "traces"
_HICCUPS = tuple((30.0 + 20 * index, 0.3) for index in range(3))
CASES: dict[str, tuple[Scenario, float]] = {
    "silent-busy": (one_fault(Episodes(Kind.OUTAGE, at=((25.01, 15.0),))), 70),
    "silent-idle": (one_fault(Episodes(Kind.OUTAGE, at=((25.01, 15.0),)), busy=False), 70),
    "carrier": (one_fault(Episodes(Kind.CARRIER, at=((25.01, 10.0),))), 60),
    "brownout": (one_fault(Episodes(Kind.BROWNOUT, at=((25.0, 10.0),), loss_percent=50)), 75),
    "hiccups": (one_fault(Episodes(Kind.BURST, at=_HICCUPS)), 90),
    "all-dark": (
        one_fault(
            Episodes(Kind.OUTAGE, at=((30.0, 20.0),)),
            lte=(Episodes(Kind.OUTAGE, at=((25.0, 15.0),)),),
        ),
        80,
    ),
}
RECORDED = ("recorded-silent",)
"""Exported from the lab's gateway with `relais replay --export`."""


def trace_path(name: str) -> Path:
    """Where a case's events are kept."""
    return TRACES / f"{name}.jsonl"


def decisions_path(name: str) -> Path:
    """Where the decisions expected on them are kept."""
    return TRACES / f"{name}.decisions.jsonl"


def decided(name: str) -> list[str]:
    """What the core decides on a case's events now, as JSON lines."""
    trace = parse_trace(trace_path(name).read_text(encoding="utf-8").splitlines())
    return [
        json.dumps(encode_decision(decision.at_ms, decision.action)) for decision in replay(trace)
    ]


def _lines(events: Iterable[Event]) -> list[str]:
    return [json.dumps(encode_event(event)) for event in events]


def regenerate() -> None:
    """Simulate every case anew, and take today's decisions for the right ones."""
    TRACES.mkdir(exist_ok=True)
    for name, (scenario, seconds) in CASES.items():
        _unused, events = run(scenario, seconds)
        lines = [json.dumps(trace_head(document(), 0.0)), *_lines(events)]
        trace_path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name in (*CASES, *RECORDED):
        decisions_path(name).write_text("\n".join(decided(name)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--regenerate"]:
        sys.exit("usage: golden.py --regenerate")
    regenerate()
