# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's choice: read it, replace it in one transaction, keep it across a reload.

libnftables runs in process (Debian's python3-nftables): no program is started on a switch.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from relais.core.model import Config, Member, Service
from relais.shell.files import replace_file

TABLE = "inet relais"
SLOTS = 100


class NftError(RuntimeError):
    """nftables refused, or does not hold what it was told."""


class Nft:
    """The map `steer`, the spreads and the set `dead` of our table."""

    def __init__(self, config: Config, live_file: Path) -> None:
        self._config = config
        self._live_file = live_file
        self._live: str | None = None
        self.live_error: str | None = None
        try:
            module = importlib.import_module("nftables")
        except ImportError as error:
            raise NftError(
                "the Python module nftables is missing; install the package python3-nftables"
            ) from error
        self._open: Callable[[], Any] = module.Nftables
        self._nft = self._open()
        self._nft.set_json_output(True)

    def steer(self, choices: Mapping[str, tuple[Member, ...]], dead: frozenset[int]) -> None:
        """Replace the whole choice in one transaction and read it back. Raises NftError.

        The live file, which a reload of the ruleset includes, is written first, so that a reload
        that comes between the two cannot bring the old choice back. Where it cannot be written,
        `live_error` says so and the kernel is told all the same.
        """
        before = self._live
        held = self.keep(choices, dead)
        try:
            self._command(steer_commands(held))
            found, _unused = self.read()
        except NftError:
            if before is not None:
                self._write_live(before)
            raise
        wrong = [name for name, members in choices.items() if found.get(name) != _shown(members)]
        if wrong:
            raise NftError(f"after the switch the kernel holds another choice for {wrong}")

    def keep(
        self, choices: Mapping[str, tuple[Member, ...]], dead: frozenset[int]
    ) -> Mapping[str, str]:
        """Write the live file; the elements in it. Where it cannot be written, `live_error` says
        so: the kernel is to hold the choice all the same."""
        held = elements(self._config, choices, dead)
        self._write_live(live_text(held))
        return held

    def keep_again(self) -> None:
        """Write a live file that could not be written."""
        if self.live_error is not None and self._live is not None:
            self._write_live(self._live)

    def _write_live(self, text: str) -> None:
        self._live = text
        try:
            replace_file(self._live_file, text.encode(), mode=0o644)
            self.live_error = None
        except OSError as error:
            self.live_error = f"{self._live_file}: {error.strerror}"

    def load(self, ruleset: str) -> None:
        """Load a whole ruleset in one transaction, as its unit does. Raises NftError.

        In a context of its own: the definitions of a ruleset stay in the one that took them.
        """
        _run(self._open(), ruleset)

    def holds(self, choices: Mapping[str, tuple[Member, ...]], dead: frozenset[int]) -> bool:
        """Whether the kernel steers so. Raises NftError."""
        found, marks = self.read()
        same = all(found.get(name) == _shown(members) for name, members in choices.items())
        return same and marks == dead

    def read(self) -> tuple[dict[str, tuple[str, ...]], frozenset[int]]:
        """WAN names per service in order of slots, and the dead marks. Raises NftError."""
        verdicts = self._elements("map", "steer")
        names = {service.id: service.name for service in self._config.services}
        found: dict[str, tuple[str, ...]] = {}
        for key, verdict in verdicts:
            name = names.get(key if isinstance(key, int) else -1)
            target = verdict["goto"]["target"]
            if name is None:
                continue
            if target.startswith("spread_"):
                inner = [v["goto"]["target"] for _unused, v in self._elements("map", target)]
                found[name] = tuple(dict.fromkeys(t.removeprefix("via_") for t in inner))
            else:
                found[name] = (target.removeprefix("via_"),)
        dead = frozenset(mark for mark in self._elements("set", "dead") if isinstance(mark, int))
        return found, dead

    def members(self, service: Service) -> tuple[Member, ...]:
        """How a service is spread in the kernel: as configured, or by slots. Raises NftError."""
        held = slots(self._elements("map", f"spread_{service.name}"))
        working = tuple(member for member in service.members if member.wan in held)
        for members in filter(None, (service.members, working)):
            if held == {wan: last - first + 1 for wan, first, last in slot_ranges(members)}:
                return members
        return tuple(Member(wan, count) for wan, count in held.items())

    def _elements(self, kind: str, name: str) -> list[Any]:
        reply = json.loads(self._command(f"list {kind} {TABLE} {name}"))
        for item in reply["nftables"]:
            if kind in item:
                elements: list[Any] = item[kind].get("elem", [])
                return elements
        return []

    def _command(self, text: str) -> str:
        return _run(self._nft, text)


def _run(context: Any, text: str) -> str:
    code, output, error = context.cmd(text)
    if code != 0:
        raise NftError((error or "nft failed without a word").strip().splitlines()[0])
    return str(output)


Elements = Mapping[str, str]
"""Elements of each map and of the set `dead`, as nft writes them; empty for none."""


def elements(
    config: Config, choices: Mapping[str, tuple[Member, ...]], dead: frozenset[int]
) -> Elements:
    """What the maps that a choice needs, and `dead`, have to hold."""
    steer: list[str] = []
    spreads: dict[str, str] = {}
    for service in config.services:
        members = choices.get(service.name, ())
        if len(members) == 1:
            steer.append(f"{service.id} : goto via_{members[0].wan}")
        elif members:
            spread = f"spread_{service.name}"
            steer.append(f"{service.id} : goto {spread}")
            spreads[spread] = ", ".join(
                f"{first}-{last} : goto via_{wan}" if last > first else f"{first} : goto via_{wan}"
                for wan, first, last in slot_ranges(members)
            )
    marks = ", ".join(f"0x{mark:08x}" for mark in sorted(dead))
    return {**spreads, "steer": ", ".join(steer), "dead": marks}


def steer_commands(held: Elements) -> str:
    """The nft commands of one switch: every map is emptied and filled again."""
    lines = [f"flush {'set' if name == 'dead' else 'map'} {TABLE} {name}" for name in held]
    lines += [f"add element {TABLE} {name} {{ {text} }}" for name, text in held.items() if text]
    return "\n".join(lines) + "\n"


def live_text(held: Elements) -> str:
    """The same for a reload of the ruleset, which includes it before it declares the maps.

    Definitions, because nft 1.1.3 crashes on emptying a map that the same file declares.
    """
    return "".join(f"redefine {name} = {{ {text} }}\n" for name, text in held.items())


def slots(elements: Iterable[Any]) -> dict[str, int]:
    """Slots of each WAN in a spread, in order of slots, from its elements as libnftables tells."""
    held: dict[str, int] = {}
    for key, verdict in elements:
        wan = verdict["goto"]["target"].removeprefix("via_")
        first, last = key["range"] if isinstance(key, dict) else (key, key)
        held[wan] = held.get(wan, 0) + last - first + 1
    return held


def slot_ranges(members: Iterable[Member]) -> list[tuple[str, int, int]]:
    """`(wan, first slot, last slot)` of 100 slots shared by weight, largest remainder first."""
    listed = list(members)
    total = sum(member.weight for member in listed)
    # In whole numbers: rounding must not break a tie otherwise than the plan did.
    counts, rests = map(list, zip(*(divmod(SLOTS * m.weight, total) for m in listed), strict=True))
    order = sorted(range(len(listed)), key=lambda i: (-rests[i], i))
    for index in order[: SLOTS - sum(counts)]:
        counts[index] += 1
    ranges: list[tuple[str, int, int]] = []
    first = 0
    for member, count in zip(listed, counts, strict=True):
        if count:
            ranges.append((member.wan, first, first + count - 1))
        first += count
    return ranges


def _shown(members: tuple[Member, ...]) -> tuple[str, ...]:
    if len(members) == 1:
        return (members[0].wan,)
    return tuple(wan for wan, _unused, _unused in slot_ranges(members))
