# SPDX-License-Identifier: GPL-3.0-or-later
"""The document that a call of the bench leaves behind: every run, and what they come to. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lab.errors import LabError

from bench import stats, targets
from bench.campaign import Results, ratios

SCHEMA = "relais.bench/1"
Run = Mapping[str, Any]


def document(
    settings: Mapping[str, Any], machine: Mapping[str, Any], found: Results
) -> dict[str, Any]:
    """Raw figures, summaries, and targets beside them."""
    summaries: dict[str, dict[str, Any]] = {
        contender: {scenario: summarised(runs) for scenario, runs in by_scenario.items()}
        for contender, by_scenario in found.runs.items()
    }
    for figure, ratio in ratios(found.runs).items():
        summaries["relais"]["forwarding"][figure] = {
            **stats.summary([ratio]),
            "n": len(found.runs["relais"]["forwarding"]),
        }
    return {
        "schema": SCHEMA,
        "machine": machine,
        "settings": settings,
        "versions": found.versions,
        "targets": targets.judged(summaries),
        "summaries": summaries,
        "load_late_ms": lateness(found),
        "failed": found.failed,
        "runs": found.runs,
    }


def kept(document: Mapping[str, Any], machine: Mapping[str, Any]) -> Results:
    """The results of an earlier call, to be added to. Raises LabError for those of other code."""
    was, now = (str(each["commit"]).partition(" ")[0] for each in (document["machine"], machine))
    if was != now:
        raise LabError(f"--keep: the results are of commit {was}, this is {now}")
    return Results(document["runs"], document["failed"], document["versions"])


def summarised(runs: Sequence[Run]) -> dict[str, Any]:
    """A summary for each figure, over the runs in which it has a sense."""
    names = dict.fromkeys(name for run in runs for name in run["figures"])
    gathered = {
        name: [run["figures"][name] for run in runs if name in run["figures"]] for name in names
    }
    return {name: stats.summary(values) for name, values in gathered.items()}


def lateness(found: Results) -> dict[str, Any] | None:
    """How late the load client's own clock ticked: the worst of each run, summarised."""
    every = [run["late_ms"] for by in found.runs.values() for runs in by.values() for run in runs
             if "late_ms" in run]  # fmt: skip
    if not every:
        return None
    return {key: stats.summary([late[key] for late in every]) for key in ("median", "p99", "most")}
