# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether something of our table is gone; what somebody added is no damage."""

from __future__ import annotations

import pytest
from relais.core.repair.firewall import Content, defined, lost

WHOLE: Content = {
    "chain forward": ("head", "a", "b", "b", "c"),
    "chain classify": ("head", "d"),
    "set wan_interfaces": ("wan1", "wan2"),
    "set steer": (),
    "counter rx_fibre": (),
}


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("chain forward", ("head", "a", "b", "b", "c"), ()),
        ("chain forward", ("head", "x", "a", "b", "y", "b", "c"), ()),
        ("chain forward", ("head", "a", "b", "c"), ("1 of 4 rules of chain forward are gone",)),
        ("chain forward", ("head",), ("4 of 4 rules of chain forward are gone",)),
        (
            "chain forward",
            ("head", "c", "a", "b", "b"),
            ("the order of the rules of chain forward changed",),
        ),
        (
            "chain forward",
            ("accept", "a", "b", "b", "c"),
            ("hook or policy of chain forward changed",),
        ),
        ("chain forward", None, ("chain forward is gone",)),
        ("set wan_interfaces", ("wan1", "wan2", "wan3"), ()),
        ("set wan_interfaces", ("wan2",), ("1 of 2 elements of set wan_interfaces are gone",)),
        ("set steer", ("any",), ()),
        ("counter rx_fibre", None, ("counter rx_fibre is gone",)),
        ("chain of_an_admin", ("head", "z"), ()),
    ],
)
def test_what_is_gone_is_named(
    name: str, content: tuple[str, ...] | None, told: tuple[str, ...]
) -> None:
    now = {key: value for key, value in WHOLE.items() if key != name or content is not None}
    if content is not None:
        now[name] = content
    assert lost(WHOLE, now) == told


def test_names_are_read_from_the_ruleset_file() -> None:
    ruleset = """
    table inet relais {
        set dead {
            type mark
        }
        map steer {
        }
        counter rx_fibre { }
        chain forward {
            type filter hook forward priority filter; policy drop;
            ct state established counter accept  # chain elsewhere {
        }
    }
    """
    assert defined(ruleset) == {"set dead", "set steer", "counter rx_fibre", "chain forward"}
