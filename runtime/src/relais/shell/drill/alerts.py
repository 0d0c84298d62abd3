# SPDX-License-Identifier: GPL-3.0-or-later
"""Who was told of a drill, and how soon: as the process of the alerts has noted it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from relais.alerts.outbox import Error, Outbox
from relais.alerts.rules import Kind
from relais.alerts.service import OUTBOX
from relais.core.drill.model import Alert

_MS = timedelta(milliseconds=1)
_SAME = timedelta(seconds=5)
"""An incident begins with the last sign of life, which is before the cut."""


def alerts_of(injected: datetime, path: Path = OUTBOX) -> tuple[Alert, ...]:
    """What has left so far of the incident that a cut at this instant has made."""
    try:
        entries = Outbox(path).entries() if path.exists() else []
    except (Error, OSError):
        return ()
    return tuple(
        Alert(_redacted(entry.message.target), (entry.sent_at - injected) / _MS)
        for entry in entries
        if entry.message.kind is Kind.BEGAN
        and entry.message.fault.startswith("drill:")
        and entry.message.at >= injected - _SAME
        and entry.sent_at is not None
    )


def _redacted(target: str) -> str:
    """Scheme and host; of an SMS not even the number."""
    return "sms" if target.startswith("sms:") else target.partition("#")[0]
