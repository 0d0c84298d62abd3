# SPDX-License-Identifier: GPL-3.0-or-later
"""A dead line is asked for its lease anew, ever less often, and never one that works."""

from __future__ import annotations

from itertools import pairwise

import pytest
from relais.core.config import parse_config
from relais.core.evidence import BENCH_MISSES
from relais.core.evolve import evolve
from relais.core.link import Link, TargetRecord
from relais.core.quality import Quality
from relais.core.repair.renewal import FIRST_MS, MOST_MS, Asked, ask
from relais.core.state import initial
from relais.core.transitions import LinkState
from world import document

CONFIG = parse_config(document())
SILENT = TargetRecord(missed=BENCH_MISSES)
STATIC = document()
STATIC["wans"][1]["address"] = "203.0.113.150/26"


def lte(state: LinkState = LinkState.DOWN, since_ms: float = 0.0, **changes: object) -> Link:
    """The line that has a lease."""
    link = initial(CONFIG, 0.0).links["lte"]
    whole = {"carrier": True, "address": "203.0.113.150/26", "gateway": "203.0.113.129"}
    return evolve(link, **{**whole, "state": state, "since_ms": since_ms, **changes})


def asked_at(link: Link, until_ms: float) -> list[float]:
    """When it is asked for, looked at every five seconds."""
    asked: dict[str, Asked] = {}
    instants: list[float] = []
    now = 0.0
    while now <= until_ms:
        asked, due = ask({"lte": link}, CONFIG.targets, asked, now)
        instants += [now] * len(due)
        now += 5000.0
    return instants


def test_a_dead_line_is_asked_for_its_lease_after_a_while_and_ever_less_often() -> None:
    instants = asked_at(lte(), 7_200_000.0)
    pauses = [b - a for a, b in pairwise(instants)]
    assert instants[0] == FIRST_MS
    assert pauses == sorted(pauses) and pauses[:3] == [30_000.0, 60_000.0, 120_000.0]
    assert pauses[-1] == MOST_MS


@pytest.mark.parametrize(
    "link",
    [
        lte(LinkState.UP),
        lte(LinkState.RECOVERING),
        lte(LinkState.LOST),
        lte(carrier=False),
        lte(address=None),
        lte(gateway=None),
        lte(wan=parse_config(STATIC).wans[1]),
        lte(LinkState.UP, quality=Quality.PARTIAL, targets=(SILENT, SILENT, TargetRecord())),
    ],
    ids=["up", "recovering", "lost", "no carrier", "no lease", "no next hop", "static", "tcp only"],
)
def test_a_line_that_works_or_lacks_something_else_is_not(link: Link) -> None:
    assert asked_at(link, 600_000.0) == []


def test_a_line_whose_ipv6_alone_works_is_asked_for_its_lease_too() -> None:
    silent = tuple(SILENT for _unused in CONFIG.targets)
    link = lte(LinkState.UP, quality=Quality.PARTIAL, quality_since_ms=0.0, targets=silent)
    assert asked_at(link, FIRST_MS) == [FIRST_MS]


def test_a_line_that_was_back_begins_anew() -> None:
    asked, due = ask({"lte": lte()}, CONFIG.targets, {}, 15_000.0)
    assert due == ("lte",)
    again = lte(since_ms=40_000.0)
    asked, due = ask({"lte": again}, CONFIG.targets, asked, 50_000.0)
    assert (due, asked["lte"].next_ms) == ((), 55_000.0)
    assert ask({"lte": lte(LinkState.UP)}, CONFIG.targets, asked, 80_000.0) == ({}, ())
