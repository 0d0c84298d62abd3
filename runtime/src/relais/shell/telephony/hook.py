# SPDX-License-Identifier: GPL-3.0-or-later
"""Has the telephone system register anew when its WAN has changed.

The daemon has neither the secret nor the patience for that: it writes a file, and a systemd.path(5)
unit runs `relais telephony refresh`. No decision ever waits for it.
"""

from __future__ import annotations

import json
from pathlib import Path

from relais.core.actions import Record
from relais.core.model import Telephony
from relais.shell import clock
from relais.shell.files import replace_file
from relais.shell.repair.log import Note

SWITCHED = "switched"
AGAIN_MS = 5000.0
"""Flows are swept a moment after they were moved: that is no other switch."""


class Hook:
    """Writes `folder/switched` when the telephone system is to be told, and tells `note`."""

    def __init__(self, telephony: Telephony | None, folder: Path, note: Note) -> None:
        self._telephony = telephony
        self._folder = folder
        self._note = note
        self._told: tuple[str, tuple[str, ...]] | None = None
        self._told_ms = 0.0

    def announce(self, left: str, wans: tuple[str, ...], now_ms: float) -> None:
        """The flows have left one WAN for others; once, however often flows are swept."""
        telephony = self._telephony
        if telephony is None or not telephony.refresh:
            return
        if self._told == (left, wans) and now_ms - self._told_ms < AGAIN_MS:
            return
        switched = {"at": clock.wall_text(now_ms), "left": left, "wans": list(wans)}
        uses = "+".join(wans)
        try:
            self._folder.chmod(0o775)  # The refresh, of the daemon's group, takes the file away.
            replace_file(self._folder / SWITCHED, json.dumps(switched).encode(), mode=0o644)
        except OSError as error:
            what, why = "cannot tell the telephone system", error.strerror or str(error)
        else:
            self._told, self._told_ms = (left, wans), now_ms
            what = "asks the telephone system to register anew"
            why = f"{telephony.service} has left {left} for {uses}"
        inputs = {"left": left, "wans": list(wans)}
        record = Record("telephony", what, why, service=telephony.service, inputs=inputs)
        self._note(record, now_ms)
