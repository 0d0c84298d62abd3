# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the daemon as text that a person reads at a glance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, two spaces apart."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)) for r in (header, *rows)]
    return "\n".join(line.rstrip() for line in lines)


def status_text(status: Mapping[str, Any]) -> str:
    """The state document: links, then services."""
    wans = [
        (
            name,
            _condition(wan),
            wan["address"] or "-",
            _number(wan["loss_percent"], " %"),
            _number(wan["rtt_ms"], " ms"),
            _number(wan["jitter_ms"], " ms"),
            _number(wan["mos"], ""),
            _budget(wan["probe_budget"]),
            _quota(wan["quota"]),
            _clock(wan["since"]),
            _why(wan),
        )
        for name, wan in status["wans"].items()
    ]
    services = [
        (
            name,
            service["importance"],
            members_text(service["wans"]),
            _clock(service["since"]),
            f"{service['rule']}: {service['reason']}",
        )
        for name, service in status["services"].items()
    ]
    parts = [
        f"{status['site']} ({status['gateway']}), relais {status['version']}",
        *_degraded(status.get("degraded", ())),
        *[f"INCIDENT {one}; see relais incidents {one}" for one in status.get("incidents", ())],
        table(
            (
                "WAN",
                "STATE",
                "ADDRESS",
                "LOSS",
                "RTT",
                "JITTER",
                "MOS",
                "PROBES LEFT",
                "QUOTA",
                "SINCE",
                "WHY",
            ),
            wans,
        ),
        table(("SERVICE", "IMPORTANCE", "USES", "SINCE", "WHY"), services),
    ]
    repairs = status.get("repairs", {})
    if repairs.get("last_hour"):
        parts.append(f"Repairs: {repairs['last_hour']} in the last hour; see `relais events`")
    for name in repairs.get("fought_over", ()):
        parts.append(f"Another program keeps taking away: {name}")
    parts += _taken_back(status.get("last_change"))
    return "\n\n".join(parts)


def _degraded(faults: Sequence[Mapping[str, str]]) -> list[str]:
    """What of the daemon itself does not work, before anything else."""
    lines = [f"DEGRADED {f['part']}, since {_clock(f['since'])}: {f['why']}" for f in faults]
    return ["\n".join(lines)] if lines else []


def _condition(wan: Mapping[str, Any]) -> str:
    """State, and what else keeps the link from being used."""
    words = [wan["state"]]
    if wan["quality"] != "good":
        words.append(wan["quality"])
    if wan["suppressed"]:
        words.append("suppressed")
    if wan["admin"] != "auto":
        words.append(f"({wan['admin']})")
    return " ".join(words)


def _why(wan: Mapping[str, Any]) -> str:
    """What its state rests on; of a living link that is not good, what is wrong with it."""
    alive = wan["state"] in ("up", "recovering")
    return str(wan["reason"] if wan["quality"] == "good" or not alive else wan["quality_reason"])


def _budget(budget: Mapping[str, Any] | None) -> str:
    """What a metered link may still spend on probes, of how much a month."""
    if budget is None:
        return "-"
    return f"{budget['left_bytes'] / 1000:.0f} kB of {budget['month_mb']:g} MB/month"


def _quota(quota: Mapping[str, Any] | None) -> str:
    """What is used of the month's quota."""
    if quota is None:
        return "-"
    return f"{quota['used_gb']:.2f} of {quota['of_gb']:g} GB ({quota['percent']:.0f} %)"


def members_text(members: Sequence[Mapping[str, Any]]) -> str:
    """`fibre`, or `fibre 80 + lte 20` for a balanced service."""
    if len(members) == 1:
        return str(members[0]["wan"])
    return " + ".join(f"{member['wan']} {member['weight']}" for member in members)


def why_text(answer: Mapping[str, Any]) -> str:
    """One screen for each service: choice, rule, inputs, and what led there."""
    services = [_why_one(name, why) for name, why in answer["services"].items()]
    return "\n\n".join([*services, *_taken_back(answer.get("last_change"))])


def _taken_back(change: Mapping[str, Any] | None) -> list[str]:
    """That the last change of the configuration is not in force, and why."""
    if change is None or change["outcome"] == "confirmed":
        return []
    became = "was taken back" if change["outcome"] == "rolled_back" else "could not be taken back"
    lines = [
        f"The last change of the configuration, by {change['by']}, {became} on "
        f"{_clock(change['at'].rstrip('Z'))}: {change['reason']}"
    ]
    return ["\n".join([*lines, *(f"  {problem}" for problem in change["problems"])])]


def _why_one(name: str, why: Mapping[str, Any]) -> str:
    inputs = [
        (
            wan,
            _condition(data),
            data["rank"],
            _number(data["loss_percent"], " %"),
            _number(data["rtt_ms"], " ms"),
            _number(data["mos"], ""),
            _quota(data["quota"]),
            f"{data['penalty']}",
            str(data["faults_last_hour"]),
            data["reason"],
        )
        for wan, data in why["inputs"].items()
    ]
    lines = [
        f"{name} ({why['importance']}, {why['mode']}) uses {' + '.join(why['wans'])} "
        f"since {_clock(why['since'])}",
        f"  rule {why['rule']}: {why['reason']}" + (f" [{why['event']}]" if why["event"] else ""),
        _indent(
            table(
                (
                    "WAN",
                    "STATE",
                    "RANK",
                    "LOSS",
                    "RTT",
                    "MOS",
                    "QUOTA",
                    "PENALTY",
                    "FAULTS/H",
                    "WHY",
                ),
                inputs,
            )
        ),
    ]
    if why["events"]:
        lines.append("  what led there:")
        lines += [f"    {_event_line(event)}" for event in why["events"]]
    return "\n".join(lines)


def events_text(answer: Mapping[str, Any]) -> str:
    """One line an event, oldest first."""
    return "\n".join(_event_line(event) for event in answer["events"]) or "nothing happened"


def _event_line(event: Mapping[str, Any]) -> str:
    return f"{event['at']}  {event['what']}: {event['why']} [{event['id']}]"


def _number(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.1f}{unit}"


def _clock(text: str) -> str:
    return text.replace("T", " ").split(".")[0] + " UTC"


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
