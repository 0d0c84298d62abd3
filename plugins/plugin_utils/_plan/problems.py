# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""Problems of an inventory: collected first, told all at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any


class Invalid:
    """What a reader returns for a value that it has reported; later checks leave it alone."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "INVALID"


INVALID = Invalid()


def usable(*values: Any) -> bool:
    """Say whether every value was given and read well."""
    return all(value is not None and value is not INVALID for value in values)


@dataclass(frozen=True)
class Problem:
    """One mistake: where it is, what is wrong and what would be right."""

    path: str
    what: str
    right: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}; {self.right}"


@dataclass
class Problems:
    """The problems found so far."""

    found: list[Problem] = field(default_factory=list)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.found)

    def __bool__(self) -> bool:
        return bool(self.found)

    def at(self, path: str) -> Place:
        """Return the place of a variable."""
        return Place(path, self)


@dataclass(frozen=True)
class Place:
    """A place in the inventory, such as ``relais_wans[1].gateway``."""

    path: str
    problems: Problems

    def key(self, name: str) -> Place:
        """Return the place of a key of this mapping."""
        return Place(f"{self.path}.{name}", self.problems)

    def item(self, index: int) -> Place:
        """Return the place of an item of this list."""
        return Place(f"{self.path}[{index}]", self.problems)

    def wrong(self, what: str, right: str) -> Invalid:
        """Report a problem here."""
        self.problems.found.append(Problem(self.path, what, right))
        return INVALID


class PlanError(ValueError):
    """The inventory of a host has problems; the message lists them, one numbered line each."""

    def __init__(self, host: str, problems: Iterable[Problem]) -> None:
        self.host = host
        self.problems = list(problems)
        lines = [f"{n}. {host}: {problem}" for n, problem in enumerate(self.problems, 1)]
        count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
        super().__init__("\n".join([f"{count} in the inventory of {host}:", *lines]))


def did_you_mean(word: Any, known: Iterable[str]) -> str:
    """Return a remedy: the nearest known word, or else all of them."""
    known = list(known)
    near = difflib.get_close_matches(str(word), known, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"use one of {', '.join(known)}" if len(known) > 1 else f"use {', '.join(known)}"


def show(value: Any) -> str:
    """Return a short picture of a value for a message."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else str(value)
