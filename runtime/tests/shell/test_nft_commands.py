# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a switch, and how slots are shared."""

from __future__ import annotations

import pytest
from relais.core.config import parse_config
from relais.core.model import Member
from relais.shell.nft import elements, live_text, slot_ranges, slots, steer_commands
from world import document

CHOICES = {"voice": (Member("lte"),), "default": (Member("fibre", 80), Member("lte", 20))}


def test_a_switch_refills_the_maps_and_the_dead_set_in_one_text() -> None:
    held = elements(parse_config(document()), CHOICES, frozenset({0x0101}))
    assert steer_commands(held).splitlines() == [
        "flush map inet relais spread_default",
        "flush map inet relais steer",
        "flush set inet relais dead",
        "add element inet relais spread_default { 0-79 : goto via_fibre, 80-99 : goto via_lte }",
        "add element inet relais steer { 1 : goto via_lte, 255 : goto spread_default }",
        "add element inet relais dead { 0x00000101 }",
    ]


def test_a_reload_finds_the_same_elements_as_definitions() -> None:
    held = elements(parse_config(document()), CHOICES, frozenset())
    assert live_text(held).splitlines() == [
        "redefine spread_default = { 0-79 : goto via_fibre, 80-99 : goto via_lte }",
        "redefine steer = { 1 : goto via_lte, 255 : goto spread_default }",
        "redefine dead = {  }",
    ]


@pytest.mark.parametrize(
    ("weights", "counts"),
    [((80, 20), (80, 20)), ((1, 1, 1), (34, 33, 33)), ((500, 1), (100, 0)), ((3, 5), (38, 62))],
)
def test_slots_follow_the_weights_and_fill_the_hundred(
    weights: tuple[int, ...], counts: tuple[int, ...]
) -> None:
    members = [Member(f"w{index}", weight) for index, weight in enumerate(weights)]
    ranges = slot_ranges(members)
    sizes = {wan: last - first + 1 for wan, first, last in ranges}
    assert tuple(sizes.get(member.wan, 0) for member in members) == counts
    assert sum(sizes.values()) == 100


def test_slots_are_counted_whether_they_are_a_range_or_one() -> None:
    told = [
        [{"range": [0, 79]}, {"goto": {"target": "via_fibre"}}],
        [80, {"goto": {"target": "via_lte"}}],
        [{"range": [81, 99]}, {"goto": {"target": "via_fibre"}}],
    ]
    assert slots(told) == {"fibre": 99, "lte": 1}
