# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence as a text that a person reads in a terminal."""

from __future__ import annotations

from typing import Any

_HEAD = ("service", "outage", "budget", "open flow", "lost", "before", "during", "")


def in_words(evidence: dict[str, Any]) -> str:
    """Verdict, a table of the services, sessions, failback and reasons."""
    fault = evidence["fault"]
    lines = [
        f"{evidence['verdict'].upper()}  {fault['kind']} on {fault['wan']}, {fault['seconds']} s, "
        f"{evidence['site']} ({evidence['gateway']}), {evidence['started_at']}",
        "",
        *_table([_HEAD, *(_row(name, one) for name, one in evidence["services"].items())]),
        "",
        *_sessions(evidence["sessions"]),
        _failback(evidence["failback"]),
        *_sip(evidence.get("sip")),
        *_local(evidence.get("local")),
    ]
    lines += [f"reason: {reason}" for reason in evidence.get("reasons", ())]
    lines += [f"note: {note}" for note in evidence.get("notes", ())]
    return "\n".join(lines)


def _row(name: str, one: dict[str, Any]) -> tuple[str, ...]:
    return (
        name,
        f"{one['outage_ms']} ms",
        f"{one['budget_ms']} ms",
        "-" if one["existing_ms"] is None else f"{one['existing_ms']} ms",
        f"{one['lost']}/{one['sent']}",
        one["before"] or "-",
        one["during"] or "-",
        "ok" if one["ok"] else "FAILED",
    )


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _sessions(sessions: dict[str, Any]) -> list[str]:
    if not sessions["tcp_open"]:
        return []
    told = sessions["tcp_reset_p99_ms"]
    when = "" if told is None else f", 99 % within {told} ms of the confirmation"
    return [
        f"TCP sessions: {sessions['tcp_open']} open, {sessions['tcp_told']} told{when}, "
        f"{sessions['tcp_stuck']} stuck"
    ]


def _failback(failback: dict[str, Any]) -> str:
    back = failback["back_ms"]
    when = "not seen" if back is None else f"complete {back / 1000:.1f} s after the fault"
    return (
        f"failback: {when}, {failback['outage_ms']} ms without service, "
        f"{failback['needless_resets']} sessions reset"
    )


def _sip(sip: dict[str, Any] | None) -> list[str]:
    if sip is None:
        return []
    parts = [_after("registered again", sip["reregister_ms"])]
    if sip["call_alive"] is not None:
        parts.append(f"voice away for {sip['audio_gap_ms']} ms")
        parts.append("the call lives" if sip["call_alive"] else "the call is lost")
    return [f"SIP: {', '.join(parts)}"]


def _after(what: str, ms: int | None) -> str:
    return f"not {what}" if ms is None else f"{what} after {ms} ms"


def _local(local: dict[str, dict[str, Any]] | None) -> list[str]:
    return [
        f"inside: {address} stayed"
        if one["ok"]
        else f"inside: {address} was away for {one['outage_ms']} ms, {one['lost']} lost"
        for address, one in (local or {}).items()
    ]
