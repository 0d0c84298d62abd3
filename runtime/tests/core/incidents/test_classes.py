# SPDX-License-Identifier: GPL-3.0-or-later
"""Each class of incident as it is told, and what tells it from the others."""

from __future__ import annotations

import json

import pytest
from core.incidents.cases import GOLDEN, STORIES, story, told
from core.incidents.story import Story
from relais.core.model import Admin

ORDERS = (
    ("began_at", "detected_at", "switched_at"),
    ("recovered_at", "failed_back_at", "ended_at"),
)


@pytest.mark.parametrize("name", STORIES)
def test_an_incident_of_each_class_is_told_as_before(name: str) -> None:
    expected = (GOLDEN / f"{name}.json").read_text(encoding="utf-8")
    assert json.loads(told(name)) == json.loads(expected)


@pytest.mark.parametrize("name", STORIES)
def test_instants_of_an_incident_are_in_their_order(name: str) -> None:
    for incident in story(name).incidents():
        for order in ORDERS:
            instants = [incident[key] for key in order if incident[key] is not None]
            assert instants == sorted(instants)


@pytest.mark.parametrize(
    ("name", "others"),
    [("micro_outage", []), ("upstream", []), ("drill", []), ("total", ["access", "access"])],
)
def test_a_fault_makes_one_incident_of_its_class(name: str, others: list[str]) -> None:
    classes = [incident["class"] for incident in story(name).incidents()]
    assert sorted(classes) == sorted([name, *others])


def test_a_real_failure_of_another_link_during_a_drill_is_told_apart() -> None:
    story = Story()
    story.world.busy |= {"fibre", "lte"}
    story.world.excuse("fibre", 30)
    story.world.dark.add("fibre")
    story.run(5)
    story.cut("lte", 5)
    story.world.dark.clear()
    story.run(60)
    assert [(i["wans"], i["class"], i["drill"]) for i in story.incidents()] == [
        (["fibre"], "drill", {"wans": ["fibre"]}),
        (["lte"], "access", None),
        (["fibre", "lte"], "total", None),
    ]


def test_what_is_dark_after_the_drill_is_a_failure_from_then_on() -> None:
    story = Story()
    story.world.busy.add("fibre")
    story.world.excuse("fibre", 6)
    drill, failure = story.cut("fibre", 20).run(30).incidents()
    assert (drill["class"], failure["class"]) == ("drill", "access")
    assert drill["ended_at"] == failure["began_at"]
    assert failure["failed_back_at"] is not None
    assert failure["services"]["voice"]["impact"] == "moved"


def test_a_drill_of_all_links_is_no_total_failure() -> None:
    story = Story()
    story.world.busy |= {"fibre", "lte"}
    for wan in ("fibre", "lte"):
        story.world.excuse(wan, 60)
        story.world.dark.add(wan)
    story.run(20)
    story.world.dark.clear()
    story.run(40)
    found = {incident["id"].split("-")[1]: incident["class"] for incident in story.incidents()}
    assert found == {"fibre": "drill", "lte": "drill", "site": "drill"}


def test_a_drained_link_that_is_dark_when_it_is_wanted_again_is_a_failure() -> None:
    story = Story()
    story.world.admin("fibre", Admin.DRAIN)
    story.world.dark.add("fibre")
    story.run(20)
    assert story.one()["class"] == "planned"
    story.world.admin("fibre", Admin.AUTO)
    planned, failure = story.incidents()
    assert (planned["state"], failure["class"]) == ("ended", "access")
    assert failure["state"] == "on_backup"


def test_a_forced_link_that_goes_dark_is_a_failure() -> None:
    story = Story()
    story.world.admin("lte", Admin.FORCE)
    story.run(2)
    assert story.one()["services"]["voice"]["impact"] == "moved"
    story.world.busy.add("lte")
    forced = story.cut("lte", 5).run(40).one()
    assert (forced["class"], forced["planned"]) == ("access", False)
    assert forced["services"]["voice"]["outage_ms"] > 4000
    assert forced["ended_at"] is None


def test_a_line_that_breaks_the_limits_of_a_service_is_an_incident_of_quality() -> None:
    from relais.core.config import parse_config
    from world import World, document

    limited = document()
    limited["services"][0]["sla"] = {"latency_ms": 50}
    story = Story(World(parse_config(limited)))
    story.world.rtt_ms["fibre"] = 200.0
    story.run(60)
    incident = story.one()
    assert (incident["class"], incident["state"]) == ("quality", "on_backup")
    impacts = {name: one["impact"] for name, one in incident["services"].items()}
    assert impacts == {"voice": "moved", "default": "untouched"}
    story.world.rtt_ms["fibre"] = 8.0
    assert story.run(200).one()["state"] == "ended"


def test_the_most_important_service_that_it_touched_gives_an_incident_its_importance() -> None:
    story = Story()
    story.world.busy.add("lte")
    assert story.cut("lte", 5).run(20).one()["importance"] == "normal"  # none was there
    story.world.busy.add("fibre")
    assert story.cut("fibre", 5).run(20).incidents()[1]["importance"] == "vital"
