# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every inventory, sound or not."""

from __future__ import annotations

import copy
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given, settings
from hypothesis import strategies as st

Site = dict[str, Any]
Plan = Callable[[Site], Site]

SCRAPS = st.sampled_from(
    [
        "",
        "fibre",
        "wan1",
        "default",
        "203.0.113.1",
        "203.0.113.2/31",
        "::1/0",
        "2001:db8::/33",
        "tcp/1-65535",
        "udp/7",
        "video.example",
        "most_stable",
        "Sun 06:00-08:00",
        0,
        1,
        -1,
        2**40,
        0.5,
        float("nan"),
        True,
        None,
    ]
)
VALUES = st.recursive(
    SCRAPS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCRAPS.map(str), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything in an inventory."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    for key, item in pairs:
        yield (*path, key)
        yield from places(item, (*path, key))


def outcome(plan: Plan, site: Site) -> Any:
    """Return the plan, or the lines of the error."""
    try:
        return plan(site)
    except AnsibleFilterError as error:
        return str(error).splitlines()


@settings(deadline=None)
@given(data=st.data())
def test_any_inventory_brings_a_plan_or_a_list_of_problems_and_always_the_same(
    data: st.DataObject, two_wans: Callable[[], Site], plan: Plan
) -> None:
    site = two_wans()
    for _change in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(list(places(site))))
        where: Any = site
        for step in way:
            where = where[step]
        where[last] = data.draw(VALUES)
    before = repr(site)
    first = outcome(plan, site)
    assert repr(site) == before
    assert outcome(plan, copy.deepcopy(site)) == first
    if isinstance(first, list):
        count, *lines = first
        assert int(count.split()[0]) == len(lines) > 0
        assert all("; " in line for line in lines)


@settings(deadline=None)
@given(weights=st.lists(st.integers(1, 60), min_size=2, max_size=8))
def test_a_spread_fills_its_hundred_slots_in_the_given_shares(
    weights: list[int], two_wans: Callable[[], Site], plan: Plan
) -> None:
    site = two_wans()
    site["relais_wans"] = [
        {"name": f"w{n}", "interface": f"wan{n}", "method": "dhcp"} for n in range(len(weights))
    ]
    balance = {f"w{n}": weight for n, weight in enumerate(weights)}
    site["relais_services"] = [{"name": "web", "match": [{"ports": "tcp/1"}], "balance": balance}]
    site["relais_targets"] = None
    made = outcome(plan, site)
    if isinstance(made, list):
        assert all("less than one part in 100" in line for line in made[1:])
        return
    elements = made["spreads"][0]["elements"]
    assert [slot for e in elements for slot in range(e["first"], e["last"] + 1)] == list(range(100))
    for element in elements:
        share = balance[element["verdict"].removeprefix("goto via_")] * 100 / sum(weights)
        assert abs(element["last"] - element["first"] + 1 - share) < 1


ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "ports": st.lists(
            st.builds(
                lambda protocol, ends: f"{protocol}/{min(ends)}-{max(ends)}",
                st.sampled_from(["tcp", "udp"]),
                st.tuples(st.integers(1, 65535), st.integers(1, 65535)),
            ),
            min_size=1,
            max_size=4,
        ),
        "dscp": st.lists(st.integers(0, 63), min_size=1, max_size=3),
        "addresses": st.lists(
            st.sampled_from(
                ["198.51.100.0/24", "198.51.100.128/25", "2001:db8::/32", "2001:db8::1"]
            ),
            min_size=1,
            max_size=4,
        ),
        "domains": st.lists(st.sampled_from(["a.example", "b.example"]), min_size=1, max_size=2),
        "users": st.just(["reception"]),
    },
)


@pytest.fixture(scope="module")
def nft() -> Callable[[str], str]:
    """Return a function that has nft check a ruleset in a network namespace of its own."""

    def complaints(ruleset: str) -> str:
        argv = ["unshare", "-rn", "nft", "-c", "-f", "-"]
        done = subprocess.run(argv, input=ruleset, capture_output=True, text=True, check=False)
        return done.stderr

    if shutil.which("nft") is None or shutil.which("unshare") is None:
        pytest.skip("program missing: nft or unshare")
    if complaints("table inet t {\n}\n"):
        pytest.skip("no right to make a network namespace, or no nf_tables in the kernel")
    return complaints


@settings(deadline=None, max_examples=20)
@given(entries=st.lists(ENTRY, min_size=1, max_size=3))
def test_nft_takes_every_match_expression(
    entries: list[Site], two_wans: Callable[[], Site], plan: Plan, nft: Callable[[str], str]
) -> None:
    site = two_wans()
    site["relais_services"] = [{"name": "x", "match": entries}]
    made = outcome(plan, site)
    if isinstance(made, list):
        assert all("never reached" in line or "matches nothing" in line for line in made[1:])
        return
    service = made["services"][0]
    sets = [f"set {s['name']} {{ type {s['type']}; flags timeout; }}" for s in service["sets"]]
    rules = [f"{match} accept" for match in service["matches"]]
    assert rules
    body = "\n".join([*sets, "chain c {", *rules, "}"])
    assert nft(f"table inet t {{\n{body}\n}}\n") == ""
