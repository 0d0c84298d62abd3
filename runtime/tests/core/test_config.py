# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration is read whole or refused with everything that is wrong with it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from relais.core.config import parse_config
from relais.core.fields import ConfigError
from world import document

Edit = Callable[[dict[str, Any]], object]


def problems_of(edit: Edit) -> list[str]:
    broken = document()
    edit(broken)
    with pytest.raises(ConfigError) as caught:
        parse_config(broken)
    return [str(problem) for problem in caught.value.problems]


def test_a_good_document_becomes_the_model_and_is_left_as_it_was() -> None:
    given = document()
    before = copy.deepcopy(given)
    config = parse_config(given)
    assert given == before
    assert [wan.name for wan in config.wans] == ["fibre", "lte"]
    assert config.wan("lte").mark == 0x0200
    assert config.service("default").patience_ms == 800
    assert [target.port for target in config.targets] == [53, None, 443]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda d: d["wans"][0].pop("name"), "wans[0].name: is missing"),
        (
            lambda d: d["wans"][0].update(gateway="here"),
            "wans[0].gateway: must be an IP address, not 'here'",
        ),
        (lambda d: d["wans"][1].update(id=1), "wans[1].id: 1 is already wans[0].id"),
        (
            lambda d: d["wans"][0].update(tabel=3),
            "wans[0].tabel: is not a known key; did you mean table?",
        ),
        (
            lambda d: d["services"][0].update(patience_ms=True),
            "services[0].patience_ms: must be a whole number, not True",
        ),
        (
            lambda d: d["services"][0]["members"][0].update(wan="fiber"),
            "services[0].members: 'fiber' is not a WAN; known: fibre, lte",
        ),
        (
            lambda d: d["targets"][0].update(probe="ping"),
            "targets[0].probe: must be one of icmp, dns, tcp, http, https, sip, anchor, not 'ping'",
        ),
        (lambda d: d["services"].pop(), "services: must end with the service 'default'"),
        (lambda d: d.update(wans="two"), "wans: must be a list"),
        (lambda d: d.update(policy=[]), "policy: must be an object"),
        (
            lambda d: d.update(schema="relais.config/2"),
            "schema: must be 'relais.config/1', not 'relais.config/2'",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place_and_its_remedy(edit: Edit, expected: str) -> None:
    assert expected in problems_of(edit)


def test_all_mistakes_are_told_at_once() -> None:
    def edit(broken: dict[str, Any]) -> None:
        broken["wans"][0]["id"] = 0
        broken["targets"][1].pop("address")
        broken["services"][0]["mode"] = "fastest"

    assert len(problems_of(edit)) == 3


@pytest.mark.parametrize("junk", [None, 3, "x", [], [1]])
def test_something_that_is_no_document_is_refused(junk: object) -> None:
    with pytest.raises(ConfigError):
        parse_config(junk)
