# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of pytest: a double whose whole traffic is held to the vendor's description at the end.

Where that file is not there, nothing is held; tests/unit/pbx/test_contract.py says so by a skip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from .contract import description, traffic
from .double import Pbx

StartPbx = Callable[..., Pbx]


@pytest.fixture
def start_pbx() -> Iterator[StartPbx]:
    """Return what starts a double with the arguments of `Pbx`; it ends with the test."""
    started: list[Pbx] = []
    with ExitStack() as stack:

        def start(*arguments: Any, **options: Any) -> Pbx:
            started.append(stack.enter_context(Pbx(*arguments, **options)))
            return started[-1]

        yield start
    hold_to_description(started)


def hold_to_description(doubles: Iterable[Pbx]) -> None:
    """Fail when doubles heard or said what the vendor's description does not know."""
    described = description.load()
    if described is None:
        return
    for double in doubles:
        found = traffic.violations(described, double.requests)
        assert not found, "\n".join(["not as the vendor describes the API:", *found])


@pytest.fixture
def pbx(start_pbx: StartPbx) -> Pbx:
    """Return a running double of the newest version, with the made-up firm in it."""
    return start_pbx()
