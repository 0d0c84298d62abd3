# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents go on over restarts and reboots, and add up to the same however they are folded."""

from __future__ import annotations

from typing import Any

import pytest
from core.incidents.cases import STORIES, story
from core.incidents.story import Event, Story, folded
from hypothesis import given, settings
from hypothesis import strategies as st
from relais.core.adopt import leave
from relais.core.incidents.document import document, incident_of
from relais.core.incidents.fold import adopted, advance, fold
from relais.core.incidents.model import Book


def as_kept(events: list[Event]) -> Book:
    """What a daemon has that reads the table of incidents, after these events."""
    kept = [incident_of(one) for one in folded(events).values()]
    going_on = [one for one in kept if one.ended_at is None]
    return adopted(going_on, {one.wan: one.id for one in kept})


def cut_off(*, reboot: bool) -> Story:
    """Fibre fails; the daemon is away in the middle of it."""
    story = Story()
    story.world.busy.add("fibre")
    story.world.dark.add("fibre")
    story.run(5)
    left = leave(story.world.state)
    if reboot:
        story.world.dead = frozenset()
    story.away(90)
    story.boot(None if reboot else left)
    story.run(5)
    story.world.dark.clear()
    return story.run(40)


def test_a_journal_that_begins_in_the_middle_takes_one_dark_link_for_no_dark_site() -> None:
    events = cut_off(reboot=False).events()
    lost = next(i for i, event in enumerate(events) if event["what"] == "fibre lost")
    whole, part = folded(events), folded(events[lost:])
    assert set(part) == set(whole)
    assert {one["class"] for one in part.values()} == {"access"}


@pytest.mark.parametrize("reboot", [False, True])
def test_an_incident_goes_on_when_the_gateway_is_away_in_the_middle_of_it(reboot: bool) -> None:
    incident = cut_off(reboot=reboot).one()
    assert (incident["class"], incident["state"]) == ("access", "ended")
    assert incident["dark_ms"] > 95_000
    assert incident["services"]["voice"]["outage_ms"] == 350
    said = [entry["what"] for entry in incident["timeline"]]
    assert said.index("fibre lost") < said.index("relaisd starts") < said.index("fibre up")


@pytest.mark.parametrize("reboot", [False, True])
def test_a_daemon_that_adopts_what_was_kept_tells_the_same_as_the_whole_journal(
    reboot: bool,
) -> None:
    events = cut_off(reboot=reboot).events()
    second = max(i for i, event in enumerate(events) if event["kind"] == "daemon")
    before, after = events[:second], events[second:]
    assert folded(after, as_kept(before)) == {
        key: one for key, one in folded(events).items() if one["ended_at"] is not None
    }


def test_total_darkness_goes_on_over_a_reboot() -> None:
    story = Story()
    story.world.busy.add("fibre")
    story.world.dark |= {"fibre", "lte"}
    before = story.run(20).incidents()[-1]["services"]["voice"]
    story.away(60)
    story.boot()
    assert before["dark_since"] is not None
    assert story.incidents()[-1]["services"]["voice"] == before
    story.run(5)
    story.world.dark.clear()
    story.run(40)
    site = [incident for incident in story.incidents() if incident["class"] == "total"]
    assert [incident["state"] for incident in site] == ["ended"]
    assert site[0]["dark_ms"] > 80_000
    assert site[0]["services"]["voice"]["impact"] == "dark"


def test_a_wish_that_nobody_remembers_after_a_reboot_is_over() -> None:
    from relais.core.model import Admin

    story = Story()
    story.world.admin("fibre", Admin.DRAIN)
    story.run(5)
    story.away(60)
    story.boot()
    assert story.run(40).one()["state"] == "ended"


@pytest.mark.parametrize("name", STORIES)
def test_a_document_can_be_read_again(name: str) -> None:
    book = Book()
    for event in story(name).events():
        book = advance(book, event)
        for incident in book.changed:
            assert incident_of(document(book, incident)) == incident


@pytest.mark.parametrize("name", STORIES)
def test_two_halves_of_a_story_add_up_to_the_whole(name: str) -> None:
    events = story(name).events()
    for half in range(len(events)):
        books = list(fold(events[:half]))
        assert (
            list(fold(events[half:], books[-1] if books else Book())) == list(fold(events))[half:]
        )


WANS = st.sampled_from(["fibre", "lte", "sat"])
STATES = st.sampled_from(["unknown", "up", "suspect", "lost", "down", "recovering"])
FLAGS = st.booleans()
INPUTS = st.one_of(
    st.fixed_dictionaries(
        {
            "fact": st.sampled_from(["state", "excuse_over"]),
            "state": STATES,
            "dark_for_ms": st.none() | st.floats(0, 100_000),
            "segment": st.sampled_from([None, "local", "access", "upstream"]),
            "excused": FLAGS,
            "meters": st.dictionaries(WANS, st.integers(0, 10_000)),
        }
    ),
    st.fixed_dictionaries(
        {
            "fact": st.just("quality"),
            "quality": st.sampled_from(["good", "saturated", "degraded", "partial"]),
            "excused": FLAGS,
        }
    ),
    st.fixed_dictionaries({"fact": st.just("limits"), "broken": FLAGS, "excused": FLAGS}),
    st.fixed_dictionaries({"mode": st.sampled_from(["auto", "drain", "force"])}),
    st.dictionaries(WANS, st.fixed_dictionaries({"used_before": FLAGS, "used": FLAGS})),
    st.just({}),
)


@st.composite
def journals(draw: st.DrawFn) -> list[Event]:
    """Events in an order that no core would write."""
    events: list[Event] = []
    for number in range(draw(st.integers(1, 25))):
        if draw(st.integers(0, 9)) == 0:
            inputs: dict[str, Any] = story("access").events()[0]["inputs"]
            kind = "daemon"
        else:
            inputs = draw(INPUTS)
            kind = draw(st.sampled_from(["link", "link", "choice", "switch", "admin", "evict"]))
        second = draw(st.integers(0, 3)) + number
        events.append(
            {
                "id": f"e-{number}",
                "at": f"2026-11-28T20:05:{second:02}.000Z",
                "kind": kind,
                "wan": draw(WANS) if kind in ("link", "admin", "evict") else None,
                "service": draw(st.sampled_from(["voice", "default"])),
                "what": "",
                "why": "",
                "inputs": inputs,
            }
        )
    return events


@settings(max_examples=150, deadline=None)
@given(journals(), st.integers(0, 25))
def test_any_events_leave_one_open_incident_for_a_link_and_fold_in_halves(
    events: list[Event], half: int
) -> None:
    books = list(fold(events))
    for book in books:
        for key, incident in book.open.items():
            assert incident.ended_at is None
            assert incident.wan == key
        assert len({incident.id for incident in book.open.values()}) == len(book.open)
        for incident in book.changed:
            assert incident_of(document(book, incident)) == incident
    first = books[min(half, len(books)) - 1] if half else Book()
    assert list(fold(events[half:], first)) == books[half:]
