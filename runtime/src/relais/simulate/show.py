# SPDX-License-Identifier: GPL-3.0-or-later
"""A run's figures as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def summary_text(name: str, seed: int, result: Mapping[str, Any]) -> str:
    """The table of `relais simulate`."""
    switches, evictions, spare = result["switches"], result["evictions"], result["spare_faults"]
    causes = ", ".join(f"{cause} {count}" for cause, count in switches["by_cause"].items())
    lines = [
        f"{name}: {result['days']:g} days, seed {seed}, {result['steps']:,} events",
        "",
        f"  switches away     {switches['diverts']:>6}   {causes}".rstrip(),
        f"    needless        {switches['needless']:>6}",
        f"  switches back     {switches['returns']:>6}",
        f"  evictions         {evictions['all']:>6}",
        f"    needless        {evictions['needless']:>6}",
    ]
    for kind, faults in result["faults"].items():
        lines += ["", f"  {kind}: {faults['all']} on a link in use, {faults['missed']} missed"]
        lines += _distribution("noticed after", faults["detection_ms"])
        lines += _distribution("back after", faults["failback_ms"])
    if spare["all"]:
        lines += ["", f"  on spare links: {spare['all']} faults, {spare['missed']} not noticed"]
    lines += ["", "  time on each link"]
    for service, wans in result["time_percent"].items():
        shares = "  ".join(f"{wan} {share:.3f} %" for wan, share in wans.items())
        lines.append(f"    {service:<14} {shares}")
    lines += ["", "  probes in 30 days"]
    for wan, probes in result["probes"].items():
        lines.append(f"    {wan:<14} {probes['month']:>10,.0f}  {probes['month_mb']:>8.1f} MB")
    lines += _listed(result)
    return "\n".join(lines)


def _distribution(what: str, values: Mapping[str, float]) -> list[str]:
    if not values:
        return []
    parts = "  ".join(f"{name} {_time(ms)}" for name, ms in values.items())
    return [f"    {what:<14} {parts}"]


def _time(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 10_000 else f"{ms / 1000:.1f} s"


def _listed(result: Mapping[str, Any]) -> list[str]:
    """The first of what should not have happened."""
    lines: list[str] = []
    if result["needless_switches"]:
        lines += ["", "  needless switches (the first ones)"]
    for one in result["needless_switches"][:5]:
        left = "+".join(one["left"])
        lines.append(f"    {_clock(one['at_ms'])} {one['service']} left {left}: {one['cause']}")
    if result["missed_faults"]:
        lines += ["", "  missed faults (the first ones)"]
    for one in result["missed_faults"][:5]:
        lasted = _time(one["end_ms"] - one["begin_ms"])
        lines.append(f"    {_clock(one['begin_ms'])} {one['kind']} of {one['wan']}, {lasted}")
    return lines


def _clock(at_ms: float) -> str:
    """An instant of the run: day and time of day."""
    seconds = at_ms / 1000
    day, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    return f"day {day + 1:.0f} {hours:02.0f}:{minutes:02.0f}:{left:06.3f}"
