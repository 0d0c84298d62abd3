# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who rings in a ring group or queue: numbers in order, as options and views have them."""

from __future__ import annotations

from typing import Any

from .directory import Directory
from .errors import ThreeCxError
from .fields import Field


def field(directory: Directory, option: str, prop: str) -> Field:
    """Return the field of a collection of extensions, which the API replaces whole."""

    def check(value: list[str]) -> list[str]:
        if len(set(value)) != len(value):
            raise ThreeCxError(f"{option}: an extension is named twice.", "members")
        for number in value:
            directory.require("extension", number, option)
        return list(value)

    def written(value: list[str], current: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
        there = {one["Number"]: one for one in current or []}
        return [
            _kept(there[number]) if number in there else _new(directory, option, number)
            for number in value
        ]

    return Field(option, prop, lambda value: [one["Number"] for one in value or []], written, check)


def _kept(member: dict[str, Any]) -> dict[str, Any]:
    """Return a member with what is its own, such as an agent's skill group."""
    names = ("Id", "Number", "SkillGroup")
    return {name: member[name] for name in names if member.get(name) is not None}


def _new(directory: Directory, option: str, number: str) -> dict[str, Any]:
    return {"Id": directory.require("extension", number, option)["Id"], "Number": number}
