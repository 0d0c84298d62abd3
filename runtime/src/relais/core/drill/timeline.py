# SPDX-License-Identifier: GPL-3.0-or-later
"""One story out of what the drill did, what its client felt and what the daemon said."""

from __future__ import annotations

from collections.abc import Iterable

from relais.core.drill.model import Event, Run


def timeline(run: Run, recoveries: Iterable[Event] = ()) -> list[dict[str, object]]:
    """Events in order, placed in ms after the injection."""
    own = [
        Event(
            run.injected_ms,
            "fault injected",
            f"{run.kind} on {'every WAN' if run.total else run.wan}",
        ),
        Event(run.cleared_ms, "fault ended", run.aborted),
    ]
    told = told_during_fault(run)
    if told:
        own.append(Event(max(told), f"{len(told)} open TCP sessions told"))
    if run.back_ms is not None:
        own.append(Event(run.back_ms, "every service is back"))
    ordered = sorted([*own, *run.events, *recoveries], key=lambda event: event.at_ms)
    return [_entry(run, event) for event in ordered]


def told_during_fault(run: Run) -> list[float]:
    """When each session whose application was told within the fault was told."""
    return [told for s in run.sessions if (told := s.told_ms) is not None and run.has(told)]


def _entry(run: Run, event: Event) -> dict[str, object]:
    entry: dict[str, object] = {"at_ms": round(event.at_ms - run.injected_ms), "what": event.what}
    if event.why:
        entry["why"] = event.why
    entry |= {"source": event.source, "kind": event.kind}
    return entry
