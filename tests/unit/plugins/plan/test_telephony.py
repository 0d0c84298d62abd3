# SPDX-License-Identifier: GPL-3.0-or-later
"""The telephony of a site: what the plan says of it, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Site = dict[str, Any]
Plan = Callable[[Site], Site]
Change = Callable[[str, Any], None]
CASES = yaml.safe_load((Path(__file__).parent / "telephony_mistakes.yml").read_text("utf-8"))
ON_SITE = {"location": "onsite", "host": "pbx.example", "address": "192.168.10.20"}


@pytest.mark.parametrize("case", [pytest.param(case, id=case["mistake"]) for case in CASES])
def test_a_mistake_is_told_with_place_and_remedy(
    case: dict[str, Any],
    telephone_site: Site,
    change: Change,
    problems_of: Callable[[Site], list[str]],
) -> None:
    change(case["path"], case.get("value", ...))
    told = [line.split(". gw: ", 1)[1] for line in problems_of(telephone_site)[1:]]
    assert sorted(told) == sorted([case["told"], *case.get("also", [])])


def test_an_office_with_a_pbx_has_this_plan(
    plan: Plan, telephone_site: Site, golden: Path, regenerate: bool
) -> None:
    text = json.dumps(plan(telephone_site)["telephony"], indent=2) + "\n"
    path = golden / "plan_telephony.json"
    if regenerate:
        path.write_text(text, encoding="utf-8")
    assert json.loads(text) == json.loads(path.read_text(encoding="utf-8"))


def test_the_secret_is_nowhere_in_the_plan(plan: Plan, telephone_site: Site) -> None:
    made = plan(telephone_site)
    assert telephone_site["relais_telephony_secret"] not in json.dumps(made)


def test_a_site_without_telephony_has_none(plan: Plan, site: Site) -> None:
    made = plan(site)
    assert made["telephony"] is None
    assert made["config"]["telephony"] is None


def test_the_daemon_is_told_whose_flows_move_and_no_more(plan: Plan, telephone_site: Site) -> None:
    assert plan(telephone_site)["config"]["telephony"] == {
        "service": "voice",
        "sources": ["192.168.10.30/32", "192.168.10.64/26"],
        "refresh": True,
    }


def test_the_pbx_on_site_is_a_source_and_the_lan_finds_it_by_name(
    plan: Plan, telephone_site: Site, change: Change
) -> None:
    change("relais_telephony.pbx", {**ON_SITE, "public_address": "static"})
    made = plan(telephone_site)["telephony"]
    assert "192.168.10.20/32" in made["sources"]
    assert made["split_dns"] == {"name": "pbx.example", "address": "192.168.10.20"}
    assert made["public_addresses"] == [
        {"wan": "fibre", "address": "203.0.113.2"},
        {"wan": "lte", "address": None},
    ]


def test_a_pbx_on_site_needs_somebody_else_to_take_the_calls_of_a_dark_site(
    plan: Plan,
    telephone_site: Site,
    change: Change,
    problems_of: Callable[[Site], list[str]],
) -> None:
    change("relais_telephony.pbx", ON_SITE)
    assert plan(telephone_site)["telephony"]["carrier_forward"]["to"] == "+33199000100"
    change("relais_telephony.carrier_forward", ...)
    assert problems_of(telephone_site)[1:] == [
        "1. gw: relais_telephony.carrier_forward: missing, while the PBX is on the site and every"
        " trunk has path internet: when the site is dark no call reaches the PBX, and nothing set"
        " in 3CX can forward it; name the forward on unreachable that the operator has set, or give"
        " a trunk that needs none of the site's lines (path: own)"
    ]
    change("relais_telephony.trunks[1].path", "own")
    assert plan(telephone_site)["telephony"]["carrier_forward"] is None


def test_a_pbx_in_the_cloud_needs_no_forward_of_the_operator(
    plan: Plan, telephone_site: Site, change: Change
) -> None:
    change("relais_telephony.carrier_forward", ...)
    assert plan(telephone_site)["telephony"]["carrier_forward"] is None


def test_a_static_public_address_needs_a_line_that_has_one(
    telephone_site: Site, change: Change, problems_of: Callable[[Site], list[str]]
) -> None:
    change("relais_telephony.pbx", {**ON_SITE, "public_address": "static"})
    dynamic = {"name": "fibre", "interface": "wan1", "method": "dhcp"}
    change("relais_wans[0]", dynamic)
    assert problems_of(telephone_site)[1:] == [
        "1. gw: relais_telephony.pbx.public_address: static, and no WAN is; use stun"
    ]


def test_phones_may_be_in_the_ipv6_lan(plan: Plan, telephone_site: Site, change: Change) -> None:
    change("relais_wans[0].ipv6", "auto")
    change("relais_lan.address6", "2001:db8:2::1/64")
    change("relais_telephony.phones[1]", "2001:db8:2::100/120")
    assert plan(telephone_site)["telephony"]["sources"][-1] == "2001:db8:2::100/120"


def test_what_cannot_be_read_brings_no_problems_in_its_wake(
    telephone_site: Site, change: Change, problems_of: Callable[[Site], list[str]]
) -> None:
    change("relais_telephony.trunks", 7)
    change("relais_telephony.users[0]", "Alice")
    change("relais_telephony.pbx", [])
    told = [line.split(": ")[1] for line in problems_of(telephone_site)[1:]]
    assert told == [f"relais_telephony.{key}" for key in ("pbx", "trunks", "users[0]")]
