# SPDX-License-Identifier: GPL-3.0-or-later
"""Every mistake is told with its place and what would be right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Site = dict[str, Any]
MISTAKES = yaml.safe_load((Path(__file__).parent / "mistakes.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", [pytest.param(case, id=case["mistake"]) for case in MISTAKES])
def test_a_mistake_is_told_once_with_place_and_remedy(
    case: dict[str, Any],
    site: Site,
    change: Callable[[str, Any], None],
    problems_of: Callable[[Site], list[str]],
) -> None:
    if case["path"].startswith("relais_wans"):
        # Services that name a WAN would have their say as well.
        site["relais_services"] = []
    change(case["path"], case.get("value", ...))
    host = site.get("inventory_hostname", "unknown host")
    assert problems_of(site) == [
        f"1 problem in the inventory of {host}:",
        f"1. {host}: {case['told']}",
    ]


def test_six_mistakes_are_told_in_one_go(
    site: Site, change: Callable[[str, Any], None], problems_of: Callable[[Site], list[str]]
) -> None:
    change("relais_drill.windws", [])
    change("relais_wans[0].gateway", "203.0.113.9")
    change("relais_wans[1].monthly_quota_gb", None)
    change("relais_lan.address", "192.168.10.1")
    change("relais_services[0].prefer[0]", "fiber")
    change("relais_lans", {})
    assert problems_of(site) == [
        "6 problems in the inventory of gw:",
        "1. gw: relais_wans[0].gateway: 203.0.113.9 is not in 203.0.113.0/30; use 203.0.113.1",
        "2. gw: relais_wans[1].monthly_quota_gb: missing on a metered WAN;"
        " give the monthly volume of the contract, such as 50",
        "3. gw: relais_lan.address: '192.168.10.1' is not an IPv4 address with prefix length;"
        " write it like 192.168.10.1/24",
        "4. gw: relais_services[0].prefer[0]: fiber is not a WAN; did you mean fibre?",
        "5. gw: relais_drill.windws: unknown key; did you mean windows?",
        "6. gw: relais_lans: unknown variable; did you mean relais_lan?",
    ]


def test_an_anchor_does_not_stand_in_for_a_third_target(
    site: Site, change: Callable[[str, Any], None], problems_of: Callable[[Site], list[str]]
) -> None:
    change("relais_anchor_key", "k" * 32)
    change("relais_targets[2]", {"name": "home", "address": "198.51.100.200", "probe": "anchor"})
    assert problems_of(site)[1:] == [
        "1. gw: relais_targets: 2 targets cannot make a quorum, anchors not counted;"
        " give 3 or more in 2 or more networks"
    ]


def test_a_value_that_cannot_be_read_brings_no_problems_in_its_wake(
    site: Site, change: Callable[[str, Any], None], problems_of: Callable[[Site], list[str]]
) -> None:
    change("relais_wans[0].address", [])
    change("relais_wans[0].name", 7)
    change("relais_priority_users[0].addresses", 5)
    change("relais_policy", "soon")
    told = [line.split(": ")[1] for line in problems_of(site)[1:]]
    assert told == [
        "relais_wans[0].name",
        "relais_wans[0].address",
        "relais_priority_users[0].addresses",
        "relais_policy",
    ]


def test_what_ansible_cannot_evaluate_is_told_at_its_place(
    site: Site, problems_of: Callable[[Site], list[str]]
) -> None:
    class Undefined(dict[str, Any]):
        """A mapping that templates its items when they are read, as Ansible's does."""

        def __getitem__(self, key: str) -> Any:
            if key == "probe_interval_ms":
                raise ValueError("'interval' is undefined")
            return super().__getitem__(key)

    site["relais_policy"] = Undefined(failback_after_s=0, probe_interval_ms="{{ interval }}")
    assert problems_of(site)[1:] == [
        "1. gw: relais_policy.probe_interval_ms: cannot be evaluated ('interval' is undefined);"
        " correct its template",
        "2. gw: relais_policy.failback_after_s: 0 is not a whole number from 1 to 86400;"
        " give a whole number from 1 to 86400",
    ]


def test_every_two_services_may_match_the_same_ports_of_different_hosts(
    site: Site, plan: Callable[[Site], Site]
) -> None:
    entries = [{"ports": "tcp/25", "addresses": f"198.51.100.{n}"} for n in (1, 2)]
    site["relais_services"] = [
        {"name": f"mail{n}", "match": [entry]} for n, entry in enumerate(entries)
    ]
    assert [s["matches"] for s in plan(site)["services"]] == [
        ["ip daddr 198.51.100.1 tcp dport 25"],
        ["ip daddr 198.51.100.2 tcp dport 25"],
        [],
    ]
