# SPDX-License-Identifier: GPL-3.0-or-later
"""A trace says all that the core was told, and says where it is wrong."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from relais.core.actions import Sweep
from relais.core.calls import Wait
from relais.core.events import (
    AdminRequested,
    Adopted,
    Event,
    Excused,
    FlowsMeasured,
    LinkObserved,
    PeriodBegan,
    ProbeReplied,
    SwitchFailed,
    Tick,
    Traffic,
)
from relais.core.fields import ConfigError
from relais.core.handover import Handover, LinkLeft
from relais.core.model import Admin, Member
from relais.core.recording import decode_event, encode_event
from relais.core.transitions import LinkState
from relais.simulate.models import Episodes, Kind
from relais.simulate.trace import (
    TraceError,
    parse_trace,
    replay,
    trace_head,
)
from simulate.worlds import document, one_fault, run

number = st.floats(0, 1e12)
count = st.integers(0, 2**63)
name = st.text(min_size=1, max_size=8)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        Adopted,
        number,
        st.dictionaries(name, st.lists(st.builds(Member, name, count), max_size=3).map(tuple)),
        st.frozensets(count),
        st.none()
        | st.builds(
            Handover,
            number,
            st.dictionaries(name, st.builds(LinkLeft, name, st.sampled_from(LinkState), number)),
            st.dictionaries(name, st.builds(Wait, name, number, number, number, st.booleans())),
            st.lists(st.builds(Sweep, number, name, name), max_size=2).map(tuple),
        ),
    ),
    st.builds(LinkObserved, number, name, st.booleans(), st.none() | name, st.none() | name),
    st.builds(ProbeReplied, number, name, name, count, number),
    st.builds(
        Tick,
        number,
        st.dictionaries(name, st.builds(Traffic, count, count, count, count)),
        st.none() | number,
    ),
    st.builds(AdminRequested, number, name, st.sampled_from(Admin), st.none() | number),
    st.builds(Excused, number, name, number),
    st.builds(SwitchFailed, number, name),
    st.builds(FlowsMeasured, number, name, name, st.none() | number),
    st.builds(PeriodBegan, number, name, name, name, count, st.none() | count, st.none() | count),
)


@given(events)
def test_every_event_survives_a_trace(event: Event) -> None:
    assert decode_event(json.loads(json.dumps(encode_event(event)))) == (event, ())


def test_a_recorded_run_is_replayed_to_the_same_decisions() -> None:
    outcome, heard = run(one_fault(Episodes(Kind.OUTAGE, at=((25.0, 10.0),))), 50)
    lines = [json.dumps(trace_head(document(), 0.0))]
    lines += [json.dumps(encode_event(event)) for event in heard]
    assert list(replay(parse_trace(lines))) == outcome.decisions


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 2: is not JSON"),
        ("[]", "line 2: must be a JSON object"),
        ('{"event": "Tock"}', "line 2: event: must be one of"),
        ('{"event": ["Tick"]}', "line 2: event: must be one of"),
        ('{"event": "Tick", "now_ms": 1}', "traffic"),
        ('{"event": "Tick", "now_ms": "1", "traffic": {}}', "now_ms must be a number"),
        ('{"event": "Tick", "now_ms": 1, "traffic": {"fibre": [1]}}', "line 2: Tick"),
        ('{"event": "Tick", "now_ms": 1, "traffic": {}, "wen": 1}', "wen: is not a key of Tick"),
        ('{"event": "Excused", "now_ms": 1, "wan": "dsl", "until_ms": 2}', "'dsl' is not a WAN"),
        ('{"event": "AdminRequested", "now_ms": 1, "wan": "lte", "mode": "of"}', "line 2: Admin"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_wrong(line: str, told: str) -> None:
    head = json.dumps(trace_head(document(), 0.0))
    with pytest.raises(TraceError, match=r"line 2: ") as raised:
        parse_trace([head, line])
    assert told in str(raised.value)


def test_a_wrong_head_is_told() -> None:
    with pytest.raises(TraceError, match="line 1: schema: must be"):
        parse_trace([])
    with pytest.raises(ConfigError) as raised:
        parse_trace([json.dumps(trace_head({**document(), "wans": []}, 0.0))])
    assert any("line 1: config.wans" in str(problem) for problem in raised.value.problems)
