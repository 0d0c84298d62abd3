# SPDX-License-Identifier: GPL-3.0-or-later
"""The first ruleset and the daemon after a switch share the slots of a balanced service alike."""

from __future__ import annotations

from ansible_collections.relais.continuity.plugins.plugin_utils._plan import spreads
from hypothesis import example, given
from hypothesis import strategies as st
from relais.core.model import Member
from relais.shell.nft import SLOTS, slot_ranges

weight = st.one_of(st.integers(1, 12), st.integers(1, 10_000))  # Small ones often tie.
weights = st.lists(weight, min_size=2, max_size=12)


@given(weights)
@example([1, 1, 1])
@example([1] * 7)
@example([4, 1, 10])
@example([10_000, 1])
@example([9999, 1, 1, 1])
@example([335, 335, 330])
def test_plan_and_daemon_give_each_wan_the_same_slots(shares: list[int]) -> None:
    members = [{"wan": f"w{n}", "weight": weight} for n, weight in enumerate(shares)]
    planned = [
        (element["verdict"].removeprefix("goto via_"), element["first"], element["last"])
        for element in spreads.planned_spread("web", members)["elements"]
    ]
    assert planned == slot_ranges(Member(**member) for member in members)  # type: ignore[arg-type]
    assert planned[-1][2] == SLOTS - 1 == spreads.SLOTS - 1
