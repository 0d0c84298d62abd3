# SPDX-License-Identifier: GPL-3.0-or-later
"""Leaving out what would change nothing changes nothing but the time it takes."""

from __future__ import annotations

import pytest
from relais.core.config import parse_config
from relais.core.events import Tick
from relais.core.review import assess, service_levels, settled
from relais.core.select import choose
from relais.core.state import initial
from relais.core.step import step
from relais.simulate.models import Episodes, Kind
from simulate.worlds import HOUR_MS, anchored_config, nasty, noisy, returning, run, short_config


@pytest.mark.parametrize("seed", ["1", "2"])
def test_a_nasty_hour_is_decided_alike_with_every_tick_and_with_the_due_ones_only(
    seed: str,
) -> None:
    config = parse_config(returning())
    quick, few = run(nasty(), 3600, seed=seed, begin_ms=8 * HOUR_MS, config=config)
    dense, many = run(nasty(), 3600, seed=seed, begin_ms=8 * HOUR_MS, config=config, dense=True)
    assert len(quick.switches) > 10
    assert quick.decisions == dense.decisions
    assert quick.probes == dense.probes
    heard = [event for event in few if not isinstance(event, Tick)]
    assert heard == [event for event in many if not isinstance(event, Tick)]
    assert len(few) < len(many) / 3


def test_with_an_anchor_too() -> None:
    config = anchored_config()
    quick, few = run(nasty(), 600, begin_ms=8.45 * HOUR_MS, config=config)
    dense, many = run(nasty(), 600, begin_ms=8.45 * HOUR_MS, config=config, dense=True)
    assert quick.switches
    assert quick.decisions == dense.decisions
    assert quick.probes == dense.probes
    assert len(few) < len(many)


def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    first, _unused = run(nasty(), 900, seed="a", begin_ms=8 * HOUR_MS)
    again, _unused = run(nasty(), 900, seed="a", begin_ms=8 * HOUR_MS)
    other, _unused = run(nasty(), 900, seed="b", begin_ms=8 * HOUR_MS)
    assert first.decisions == again.decisions
    assert first.faults == again.faults
    assert first.faults != other.faults


def test_a_link_that_a_review_passes_over_would_come_out_of_it_unchanged() -> None:
    config, begin_ms = short_config(), 8 * HOUR_MS
    _unused, events = run(nasty(), 1200, begin_ms=begin_ms)
    state = initial(config, begin_ms)
    passed = looked_at = 0
    for event in events:
        state, _unused_actions = step(state, event)
        for link in state.links.values():
            if not settled(link, state.limits, event.now_ms):
                looked_at += 1
                continue
            passed += 1
            assert assess(link, state.links, config, event.now_ms) is link
            assert service_levels(link, config, event.now_ms) is link
    assert passed
    assert looked_at


def test_a_choice_that_is_not_made_again_while_a_penalty_fades_would_read_the_same() -> None:
    config, begin_ms = short_config(), 8 * HOUR_MS
    outage = Episodes(Kind.OUTAGE, at=((begin_ms / 1000 + 100, 60),))
    _unused, events = run(noisy(outage), 7200, begin_ms=begin_ms)
    state = initial(config, begin_ms)
    passed = renewed = 0
    for event in events:
        before = state
        state, _unused_actions = step(state, event)
        punished = any(link.penalty.value for link in state.links.values())
        if state.reviewed_ms != event.now_ms or not punished:
            continue
        if state.choices is not before.choices:
            renewed += 1
            continue
        passed += 1
        for service in config.services:
            choice = state.choices[service.name]
            assert choose(service, state.links, choice, event.now_ms) == choice
    assert passed
    assert renewed
