# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemon looks at every few seconds besides the lines: its own files."""

from __future__ import annotations

import asyncio

from relais.shell.config_file import ConfigFile
from relais.shell.health import Health
from relais.shell.journal import Journal
from relais.shell.nft import Nft

_NONE_LOST = "decisions go on, and the newest changes wait to be written"


class Housekeeping:
    """Notes in `health` which of the daemon's files fail, and keeps the last good configuration."""

    def __init__(self, file: ConfigFile, journal: Journal, nft: Nft, health: Health) -> None:
        self._file = file
        self._journal = journal
        self._nft = nft
        self._health = health
        self._keeping: asyncio.Future[None] | None = None
        self._kept = file.problem is not None

    def start(self) -> None:
        """Tell at once what a start has found."""
        if self._file.problem is not None:
            used = f"relaisd works with the last good one ({self._file.copy})"
            why = f"{self._file.path} cannot be used: {self._file.problem}; {used}"
            self._health.note("configuration", why)
        self._look_at_files()

    def look(self) -> None:
        """Look at all of them; the configuration has worked for a while now. Needs a running event
        loop."""
        self._look_at_files()
        self._keep_config()

    def _look_at_files(self) -> None:
        error, damaged = self._journal.error, self._journal.damaged
        self._health.note("journal", error and f"{error}; {_NONE_LOST}")
        lost = f"it was damaged and is kept as {damaged}; remove that file to end this message"
        self._health.note("old journal", lost if damaged else None)
        self._nft.keep_again()
        error = self._nft.live_error
        self._health.note("choice on disk", error and f"{error}; the kernel has it all the same")

    def _keep_config(self) -> None:
        """In a thread of its own, as it waits for the disk; again until it is done."""
        if self._kept:
            return
        if self._keeping is None:
            keep = asyncio.to_thread(self._file.keep)
            self._keeping = asyncio.ensure_future(keep)
        elif self._keeping.done():
            error = self._keeping.exception()
            self._kept = error is None
            self._keeping = None
            why = f"{self._file.copy}: {error}; it could not stand in for a damaged one"
            self._health.note("copy of the configuration", why if error else None)
