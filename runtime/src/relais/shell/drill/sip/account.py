# SPDX-License-Identifier: GPL-3.0-or-later
"""The drill's telephone as the runner sees it: its account, whether it talks, what it felt."""

from __future__ import annotations

from pathlib import Path

from relais.core.drill.model import SipRun
from relais.core.model import DrillSip
from relais.shell.clock import monotonic_ms
from relais.shell.drill.client_process import ClientProcess
from relais.shell.drill.sip.messages import host_in_uri

TALKS_WITHIN_MS = 8000.0
_TALKING_PACKETS = 25


class AccountError(Exception):
    """The telephone is of no use; the message says why."""


def password(sip: DrillSip | None) -> str:
    """The password of the account. Raises AccountError when its file cannot be read."""
    if sip is None or sip.secret_file is None:
        return ""
    try:
        return Path(sip.secret_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is no text"
        raise AccountError(f"drill.sip.secret_file: {sip.secret_file}: {why}") from None


def await_talk(client: ClientProcess, sip: DrillSip) -> None:
    """See the telephone register and, where it has a number to call, talk. Raises AccountError."""
    record, end = client.record, monotonic_ms() + TALKS_WITHIN_MS

    def registered() -> bool:
        return any(attempt.ok for attempt in record.asked["register"])

    def talks() -> bool:
        return registered() and (sip.call is None or len(record.voice_ms) >= _TALKING_PACKETS)

    client.follow(lambda: talks() or monotonic_ms() >= end)
    if talks():
        return
    if not registered():
        why = f"is not registered ({_answer(record.statuses.get('register'))})"
    elif not any(attempt.ok for attempt in record.asked["invite"]):
        why = f"cannot call {sip.call!r} ({_answer(record.statuses.get('invite'))})"
    else:
        why = f"hears no voice from {sip.call!r}"
    raise AccountError(f"SIP: {sip.user} at {sip.registrar} port {sip.port}: {why}")


def felt(client: ClientProcess, sip: DrillSip) -> SipRun:
    """All that the telephone reported."""
    record = client.record
    return SipRun(
        registrar=f"{host_in_uri(sip.registrar)}:{sip.port}",
        call=sip.call,
        register=record.requests("register"),
        options=record.requests("options"),
        dialog=record.requests("dialog"),
        spoken_ms=tuple(record.spoken_ms),
        heard_ms=tuple(record.voice_ms),
        hung_up_ms=record.hung_up_ms,
    )


def _answer(status: int | None) -> str:
    return f"status {status}" if status else "no answer"
