# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks after our nft table: what it is made of, and the choice that it holds."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from relais.core.repair.firewall import Content, defined, lost
from relais.core.repair.upkeep import Damage, Upkeep, repaired, review
from relais.core.state import Choices
from relais.shell.clock import monotonic_ms
from relais.shell.files import replace_file
from relais.shell.firewall import TableMonitor, TableReader
from relais.shell.nft import Nft, NftError
from relais.shell.repair.log import RepairLog
from relais.shell.repair.rounds import Rounds

RULESET = Path("/etc/relais/ruleset.nft")
RESYNC_MS = 60_000.0
_INCLUDE = re.compile(r'^include "([^"]+)"$', re.MULTILINE)
TABLE, CHOICE = "table", "choice"

Steered = Callable[[], tuple[Choices, frozenset[int]] | None]
"""The choice that the kernel should hold, None while that is not certain."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What stood when the ruleset was loaded: the file's digest, the table's handle and content.

    Kept beside the live choice, so that what happens while no daemon runs is noticed.
    """

    digest: str
    handle: int
    content: Content

    def write(self, path: Path) -> None:
        """Keep it. A disk that is full costs only the memory of it."""
        document = {"digest": self.digest, "handle": self.handle, "content": dict(self.content)}
        with contextlib.suppress(OSError):
            replace_file(path, json.dumps(document).encode(), mode=0o644)

    @classmethod
    def read(cls, path: Path) -> Loaded | None:
        """What a predecessor kept, if it can be read."""
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            content = {str(name): tuple(map(str, made)) for name, made in kept["content"].items()}
            return cls(str(kept["digest"]), int(kept["handle"]), content)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None


class FirewallKeeper:
    """Compares after every transaction of others that touched our table.

    `renew` is called when the table has been loaded: flows may have begun without it.
    """

    def __init__(
        self, nft: Nft, renew: Callable[[], object], steered: Steered, log: RepairLog, kept: Path
    ) -> None:
        self._nft = nft
        self._renew = renew
        self._steered = steered
        self._log = log
        self._reader = TableReader("relais")
        self._monitor = TableMonitor("relais")
        self._own_name = Path("/proc/self/comm").read_text(encoding="utf-8").strip()
        self._upkeep = Upkeep()
        self._kept = kept
        self._loaded = Loaded.read(kept)
        self._ruleset = b""
        self._by = ""
        # A transaction is whole when it is told, so there is nothing to wait for.
        self._rounds = Rounds(self._look, settle_ms=0.0, resync_ms=RESYNC_MS)

    def start(self) -> None:
        """Look once, then listen."""
        asyncio.get_running_loop().add_reader(self._monitor.fileno(), self._heard)
        self._rounds.look()

    def close(self) -> None:
        """Stop listening."""
        asyncio.get_running_loop().remove_reader(self._monitor.fileno())
        self._rounds.close()
        self._monitor.close()
        self._reader.close()

    def _heard(self) -> None:
        concerned = False
        try:
            for change in self._monitor.changes():
                fixed = {name for name in change.sets if not name.startswith("domains")}
                if change.program != self._own_name and (change.structure or fixed):
                    concerned, self._by = True, change.program
        except OSError:
            concerned = True  # Messages were lost.
        if concerned:
            self._rounds.heard()

    def _look(self, now: float) -> float | None:
        seen = review(self._upkeep, self._damages(), now)
        self._upkeep = seen.upkeep
        self._log.fought(seen.fights, now)
        self._log.fights("firewall", self._upkeep.fought.values())
        if seen.due:
            self._repair(seen.due, now)
        if seen.again_ms is None:
            self._by = ""
        return seen.again_ms

    def _damages(self) -> tuple[Damage[str], ...]:
        table = self._table_damage()
        if table:
            return (Damage(TABLE, "gateway", "firewall (table inet relais)", table, 0.0),)
        steered = self._steered()
        if steered is not None and not self._nft.holds(*steered):
            found = "it held another choice"
            return (Damage(CHOICE, "gateway", "choice (map steer)", found, 0.0),)
        return ()

    def _table_damage(self) -> str:
        """What is wrong with the table, in words; nothing when it is whole."""
        ruleset = _file(RULESET) or self._ruleset
        if not ruleset:
            return ""  # Nobody asked for a table.
        table = self._reader.read()
        if table is None:
            return "the table is gone"
        digest = hashlib.blake2b(ruleset, digest_size=16).hexdigest()
        known = self._loaded
        if known is not None and (known.digest == digest or known.handle == table.handle):
            gone = lost(known.content, table.content)
            # The same table is held against the file that made it: a new one is not loaded yet.
            if gone or known.handle == table.handle:
                return ", ".join(gone[:3])
        missing = sorted(defined(ruleset.decode(errors="replace")) - table.content.keys())
        if missing:
            return ", ".join(f"{name} is gone" for name in missing[:3])
        self._ruleset = ruleset
        self._loaded = Loaded(digest, table.handle, table.content)
        self._loaded.write(self._kept)
        return ""

    def _repair(self, due: tuple[Damage[str], ...], now: float) -> None:
        self._upkeep = repaired(self._upkeep, due, now)
        try:
            if any(damage.thing == TABLE for damage in due):
                self._load()
                self._loaded = None  # What stands now is right by definition.
                self._renew()
            steered = self._steered()
            if steered is not None and not self._nft.holds(*steered):
                self._nft.steer(*steered)
        except (NftError, OSError) as error:
            for damage in due:
                self._log.failed(damage, str(error), now)
            return
        still = {damage.thing for damage in self._damages()}
        done = [damage for damage in due if damage.thing not in still]
        if done:
            self._log.repaired(done, self._rounds.heard_ms or now, monotonic_ms(), self._by)
        if not still:
            self._rounds.mended()

    def _load(self) -> None:
        """The file as it is; when it does not load, without the live choice, which is put in
        afterwards; else what it said when it last did."""
        ruleset, last = (text.decode(errors="replace") for text in (_file(RULESET), self._ruleset))
        tries = [_included(ruleset), _INCLUDE.sub("", ruleset), _INCLUDE.sub("", last)]
        tries = [text for text in tries if text]
        for number, text in enumerate(tries, 1):
            try:
                self._nft.load(text)
            except NftError:
                if number == len(tries):
                    raise
            else:
                return


def _file(path: Path) -> bytes:
    """What a file says; nothing when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _included(ruleset: str) -> str:
    """A ruleset with the files in it that it includes: libnftables 1.1.3 crashes on an include
    that does not stand in a file."""
    return _INCLUDE.sub(lambda found: _matching(Path(found[1])), ruleset)


def _matching(pattern: Path) -> str:
    return "\n".join(_file(path).decode() for path in sorted(pattern.parent.glob(pattern.name)))
