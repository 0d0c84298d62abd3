# SPDX-License-Identifier: GPL-3.0-or-later
"""Has systemd-networkd ask for a lease anew.

Only root may tell it so (org.freedesktop.network1(5), RenewLink), and the daemon is not: it writes
a file, and a systemd.path(5) unit of that interface does the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from relais.core.actions import Record
from relais.core.link import Link
from relais.core.model import Target
from relais.core.repair.renewal import Asked, ask
from relais.shell.repair.log import Note


class LeaseKeeper:
    """Writes `folder/INTERFACE` when a lease is to be renewed, and tells `note`."""

    def __init__(self, targets: Sequence[Target], folder: Path, note: Note) -> None:
        self._targets = targets
        self._folder = folder
        self._note = note
        self._asked: dict[str, Asked] = {}

    def look(self, links: Mapping[str, Link], now_ms: float) -> None:
        """Ask for what is due."""
        self._asked, due = ask(links, self._targets, self._asked, now_ms)
        for name in due:
            self._renew(links[name], self._asked[name], now_ms)

    def _renew(self, link: Link, asked: Asked, now_ms: float) -> None:
        name = link.wan.name
        dead_s = round((now_ms - asked.since_ms) / 1000)
        try:
            (self._folder / link.wan.interface).write_text(f"{asked.times}\n", encoding="utf-8")
        except OSError as error:
            what, why = f"cannot ask for the lease of {name} anew", error.strerror or str(error)
        else:
            what = f"asked for the lease of {name} anew"
            why = f"nobody answers for {dead_s} s while the lease of {link.address} looks valid"
        inputs = {"times": asked.times, "next_in_s": round((asked.next_ms - now_ms) / 1000)}
        self._note(Record("repair", what, why, wan=name, inputs=inputs), now_ms)
