# SPDX-License-Identifier: GPL-3.0-or-later
"""When a line may be filled, when it is given up, and what the figure is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from relais.core.config import parse_config
from relais.core.report import state_document
from relais.throughput.rules import broken_off, refusal, steady_mbit
from world import World, document

CONFIG = parse_config(document())
FIBRE = replace(CONFIG.wans[0], down_mbit=500.0, up_mbit=200.0)
LTE = CONFIG.wans[1]


def state(**changes: Any) -> dict[str, Any]:
    """The state document of a site at rest; `changes` are of the fibre."""
    world = World().start().run(30)
    told: dict[str, Any] = state_document(world.state, str)
    told["wans"]["fibre"] |= changes
    return told


def test_an_idle_line_at_its_best_may_be_filled() -> None:
    assert refusal(FIBRE, state()) is None


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"state": "recovering"}, "fibre is recovering, good, auto: not as it was sold"),
        ({"quality": "degraded"}, "fibre is up, degraded, auto"),
        ({"admin": "drain"}, "fibre is up, good, drain"),
        ({"rx_mbit": 26.0}, "somebody works: fibre carries 26.0 Mbit/s"),
        ({"tx_mbit": 11.0}, "somebody works: fibre carries 11.0 Mbit/s"),
        ({"tx_mbit": None}, "relaisd has just begun, and does not know yet what fibre carries"),
    ],
)
def test_a_line_that_is_busy_or_not_well_is_left_alone(changes: dict[str, Any], word: str) -> None:
    reason = refusal(FIBRE, state(**changes))
    assert reason is not None
    assert reason.startswith(word)


def test_a_metered_line_is_never_filled_nor_any_during_an_incident() -> None:
    assert refusal(LTE, state()) == "lte is metered: what is sent on it is paid for"
    told = state()
    told["incidents"] = ["20261128T200500Z-lte"]
    assert refusal(FIBRE, told) == "an incident is open: 20261128T200500Z-lte"


def test_a_fault_anywhere_ends_it_and_our_own_load_does_not() -> None:
    assert broken_off(FIBRE, state(quality="saturated", rx_mbit=480.0)) is None
    assert broken_off(FIBRE, state(state="lost")) == "fibre is lost"
    assert broken_off(FIBRE, state(admin="drain")) == "fibre is set to drain"
    told = state()
    told["wans"]["lte"]["state"] = "down"
    assert broken_off(FIBRE, told) == "lte is down"


def test_the_slow_start_is_no_part_of_the_figure() -> None:
    slow = [(tenth / 10, 0) for tenth in range(20)]
    steady = [(2 + tenth / 10, tenth * 1_250_000) for tenth in range(61)]
    assert steady_mbit([*slow, *steady]) == pytest.approx(100.0)


@pytest.mark.parametrize("samples", [[], [(0.0, 0)], [(0.0, 0), (0.0, 9), (0.0, 9)]])
def test_what_spans_no_time_has_no_figure(samples: list[tuple[float, int]]) -> None:
    with pytest.raises(ValueError, match="too short to tell"):
        steady_mbit(samples)
