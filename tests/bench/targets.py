# SPDX-License-Identifier: GPL-3.0-or-later
"""What relais has promised, and whether a summary keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Target:
    """A limit for one statistic of one figure of relais; `at_least` turns the limit round.

    `contender` is the way of setting relais up that has promised it.
    """

    scenario: str
    figure: str
    statistic: str
    limit: float
    unit: str
    says: str
    at_least: bool = False
    contender: str = "relais"


TARGETS = (
    Target("silent", "new_flows_ms", "median", 300, "ms", "silent fault: new flows work again"),
    Target("silent", "new_flows_ms", "p99", 600, "ms", "the same, 99th percentile"),
    Target(
        "silent", "new_flows_ms", "median", 150, "ms", "with an anchor: new flows work again",
        contender="relais-anchor",
    ),
    Target(
        "silent", "new_flows_ms", "p99", 300, "ms", "the same, 99th percentile",
        contender="relais-anchor",
    ),
    Target("blackhole", "new_flows_ms", "median", 300, "ms", "black hole: new flows work again"),
    Target("idle", "noticed_ms", "median", 1000, "ms", "silent fault on an idle line: switched"),
    Target("carrier", "new_flows_ms", "median", 20, "ms", "carrier loss: new flows work again"),
    Target("silent", "fixed_udp_ms", "median", 1000, "ms", "silent: fixed UDP flow works again"),
    Target("silent", "tcp_told_ms", "median", 1000, "ms", "silent: TCP applications told"),
    Target("silent", "tcp_stuck", "total", 0, "", "silent: TCP sessions stuck"),
    Target(
        "crowd", "tcp_told_spread_ms", "p99", 300, "ms", "1,000 sessions: first to 99th % told"
    ),
    Target("crowd", "tcp_stuck", "total", 0, "", "1,000 sessions: stuck"),
    Target("noise", "evictions", "total", 0, "", "300 ms outages, 2 % loss: evictions"),
    Target("noise", "tcp_harmed", "total", 0, "", "the same: sessions harmed"),
    Target("brownout", "vital_left_ms", "median", 3000, "ms", "brownout: vital service has left"),
    Target("brownout", "vital_returns", "total", 0, "", "brownout: returns to the bad line"),
    Target("silent", "failback_new_lost", "total", 0, "", "failback: new requests lost"),
    Target("silent", "failback_fixed_lost", "total", 0, "", "failback: packets of a flow lost"),
    Target("silent", "failback_resets", "total", 0, "", "failback: sessions reset"),
    Target("silent", "failback_hung", "total", 0, "", "failback: sessions hung"),
    Target("rest", "cpu_percent", "median", 1, "%", "at rest: processor, of one core"),
    Target("rest", "resident_mb", "median", 40, "MB", "at rest: resident memory"),
    Target("rest", "standby_mb_month", "median", 50, "MB", "probes on the standby line, a month"),
    Target(
        "forwarding", "tcp_ratio", "median", 0.97, "", "forwarding against masquerade, TCP",
        at_least=True,
    ),
    Target(
        "forwarding", "udp_ratio", "median", 0.97, "", "the same, small UDP datagrams",
        at_least=True,
    ),
)  # fmt: skip


def judged(summaries: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Each target beside what was found: `met`, `missed` or `not measured`.

    `summaries` are those of each contender, by scenario and figure.
    """
    return [_judged(target, summaries.get(target.contender, {})) for target in TARGETS]


def _judged(target: Target, summaries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    found = summaries.get(target.scenario, {}).get(target.figure)
    value = found and found[target.statistic]
    if found is None:
        verdict = "not measured"
    elif value is None:
        verdict = "missed"  # never
    else:
        keeps = value >= target.limit if target.at_least else value <= target.limit
        verdict = "met" if keeps else "missed"
    return {
        "what": target.says,
        "contender": target.contender,
        "scenario": target.scenario,
        "figure": target.figure,
        "statistic": target.statistic,
        "limit": target.limit,
        "unit": target.unit,
        "at_least": target.at_least,
        "value": value,
        "n": found["n"] if found else 0,
        "verdict": verdict,
    }
