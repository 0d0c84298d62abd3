# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds of the figures of any history."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st
from months import PARIS, link, roll
from relais.core.history.model import Condition, Period
from relais.core.sla.outages import micro_outages, outages
from relais.core.sla.samples import pick, together
from relais.core.sla.stretches import clipped, site, stretches
from relais.core.sla.times import times
from relais.core.sla.window import Window

LENGTH_MS = 200_000
instants = st.integers(0, LENGTH_MS)


@st.composite
def periods(draw: st.DrawFn, wan: str = "fibre") -> list[Period]:
    """Any periods, also ones that overlap, leave gaps, or reach over the edges."""
    found = []
    for _period in range(draw(st.integers(0, 12))):
        began_ms = draw(st.integers(-50_000, LENGTH_MS + 50_000))
        length_ms = draw(st.integers(1, 60_000))
        condition = draw(st.sampled_from(Condition))
        excused = draw(st.booleans())
        found.append(link(condition, began_ms, began_ms + length_ms, excused=excused, wan=wan))
    return found


@given(periods())
def test_a_window_is_divided_without_a_rest(given: list[Period]) -> None:
    found = times(stretches(given), Window(0, LENGTH_MS, PARIS))
    assert found.observed_ms + found.no_data_ms == LENGTH_MS
    assert 0 <= found.observed_ms <= LENGTH_MS
    assert found.excused_unavailable_ms <= found.excused_ms
    assert found.percent is None or 0 <= found.percent <= 100


@given(periods(), periods("lte"))
def test_the_site_is_never_worse_than_its_best_link(one: list[Period], other: list[Period]) -> None:
    window = Window(0, LENGTH_MS, PARIS)
    links = {"fibre": stretches(one), "lte": stretches(other)}
    whole = times(site(links), window)
    assert whole.observed_ms + whole.no_data_ms == LENGTH_MS
    assert all(
        whole.unavailable_ms
        <= times(of, window).unavailable_ms + times(of, window).excused_unavailable_ms
        for of in links.values()
    )


@given(periods(), st.lists(instants, max_size=4))
def test_the_parts_of_a_month_add_up_to_the_month(given: list[Period], cuts: list[int]) -> None:
    edges = sorted({0, LENGTH_MS, *cuts})
    of = stretches(given)
    whole = Window(0, LENGTH_MS, PARIS)
    parts = [Window(a, b, PARIS) for a, b in itertools.pairwise(edges)]
    divided = [times(of, part) for part in parts]
    for key in ("available_ms", "unavailable_ms", "excused_ms", "no_data_ms"):
        assert sum(getattr(one, key) for one in divided) == getattr(times(of, whole), key)
    shorts = [micro_outages(of, part) for part in parts]
    assert sum(one.count for one in shorts) == micro_outages(of, whole).count
    begun = [sum(one.begun_inside for one in outages(of, part)) for part in parts]
    assert sum(begun) == sum(one.begun_inside for one in outages(of, whole))


@given(periods())
def test_stretches_are_in_order_and_never_overlap(given: list[Period]) -> None:
    found = stretches(given)
    assert all(a.ended_ms <= b.began_ms for a, b in itertools.pairwise(found))
    assert all(one.length_ms > 0 for one in found)


@given(periods(), instants, instants)
def test_no_sample_is_counted_twice_or_taken_from_excused_time(
    given: list[Period], one: int, other: int
) -> None:
    of = stretches(given)
    window = Window(min(one, other), max(one, other) + 1, PARIS)
    seconds = [roll(at_s, 1, [1000 + at_s]) for at_s in range(LENGTH_MS // 1000)]
    minutes = [roll(a, 60, range(1000 + a, 1060 + a)) for a in range(0, LENGTH_MS // 1000 - 60, 60)]
    taken = pick([*minutes, *seconds], window, of)
    covered = [second for r in taken for second in range(r.at_s, r.at_s + r.step_s)]
    assert len(covered) == len(set(covered))
    excused = [s for s in clipped(of, window) if s.excused]
    for second in covered:
        begin, end = second * 1000, second * 1000 + 1000
        assert window.from_ms <= begin and end <= window.to_ms
        assert not any(s.began_ms < end and s.ended_ms > begin for s in excused)
    assert together(taken) == together([roll(at_s, 1, [1000 + at_s]) for at_s in covered])
