# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that the transition table keeps, whatever is added to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from relais.core.transitions import TRANSITIONS, LinkState, Trigger, following


def test_no_suspicion_leads_straight_to_an_eviction() -> None:
    leading_down = {
        state for (state, _unused), after in TRANSITIONS.items() if after is LinkState.DOWN
    }
    by_silence = {
        state
        for (state, trigger), after in TRANSITIONS.items()
        if after is LinkState.DOWN and trigger is not Trigger.GONE
    }
    assert leading_down >= by_silence
    assert LinkState.UP not in by_silence
    assert LinkState.SUSPECT not in by_silence


def test_a_line_that_was_down_comes_back_only_by_recovering() -> None:
    after_down = {
        after for (state, _unused), after in TRANSITIONS.items() if state is LinkState.DOWN
    }
    assert after_down == {LinkState.RECOVERING}


def test_a_line_that_is_gone_is_down_from_every_state() -> None:
    for state in LinkState:
        assert following(state, Trigger.GONE) is LinkState.DOWN


def test_every_state_can_be_reached_and_left() -> None:
    assert set(TRANSITIONS.values()) == set(LinkState) - {LinkState.UNKNOWN}
    assert {state for state, _unused in TRANSITIONS} == set(LinkState)


def test_the_documented_states_are_the_real_ones() -> None:
    script = Path(__file__).resolve().parents[2] / "describe_states.py"
    done = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
