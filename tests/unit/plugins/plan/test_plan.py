# SPDX-License-Identifier: GPL-3.0-or-later
"""A sound inventory becomes a plan from which templates only copy."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

Site = dict[str, Any]
Plan = Callable[[Site], Site]
Change = Callable[[str, Any], None]

ROOT = Path(__file__).resolve().parents[4]


def named(plan: Site, name: str) -> Site:
    """Return a service of a plan."""
    return next(service for service in plan["services"] if service["name"] == name)


def matches(plan: Plan, site: Site, *entries: Site) -> list[str]:
    """Return the match expressions of a service with these entries."""
    site["relais_services"] = [{"name": "x", "match": list(entries)}]
    found: list[str] = plan(site)["services"][0]["matches"]
    return found


def test_an_office_with_two_wans_has_this_plan(
    plan: Plan, site: Site, golden: Path, regenerate: bool
) -> None:
    text = json.dumps(plan(site), indent=2) + "\n"
    path = golden / "plan_two_wans.json"
    if regenerate:
        path.write_text(text, encoding="utf-8")
    assert json.loads(text) == json.loads(path.read_text(encoding="utf-8"))


def test_the_lab_s_own_site_has_a_plan(plan: Plan) -> None:
    path = ROOT / "tests" / "lab" / "site" / "group_vars" / "gateways.yml"
    site = {"inventory_hostname": "gw", **yaml.safe_load(path.read_text(encoding="utf-8"))}
    assert [service["name"] for service in plan(site)["services"]][-1] == "default"


def test_three_variables_are_enough(plan: Plan, site: Site) -> None:
    needed = ("inventory_hostname", "relais_site", "relais_wans", "relais_lan")
    made = plan({key: site[key] for key in needed})
    assert [service["name"] for service in made["services"]] == ["default"]
    assert made["services"][0]["initial_verdict"] == "goto via_fibre"
    assert {target["probe"] for target in made["targets"]} == {"icmp", "dns", "tcp"}
    assert len(made["lan"]["dns_upstreams"]) == 3
    assert made["config"]["drill"]["sessions"] is None
    assert [probe["classified"] for probe in made["config"]["drill"]["services"]] == ["by_source"]


class Text(str):
    """What Ansible makes of a string: one of its own."""

    __slots__ = ()


class Number(int):
    """What Ansible makes of a number: one of its own."""


def disguised(value: Any) -> Any:
    """Return a value as Ansible would hand it over."""
    if isinstance(value, dict):
        return {Text(key): disguised(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(disguised(item) for item in value)
    if isinstance(value, str):
        return Text(value)
    return value if isinstance(value, (bool, float)) or value is None else Number(value)


def types_in(value: Any) -> set[type]:
    """Return the types of a value and of all that it holds."""
    inner = [*value, *value.values()] if isinstance(value, dict) else value
    parts = inner if isinstance(value, (dict, list)) else []
    return {type(value)}.union(*(types_in(part) for part in parts))


def test_the_plan_holds_plain_values_only(plan: Plan, site: Site) -> None:
    made = plan(disguised(site))
    assert types_in(made) == {str, int, float, bool, type(None), list, dict}
    assert made == plan(site)


def test_the_inventory_stays_as_it_was(plan: Plan, site: Site) -> None:
    before = copy.deepcopy(site)
    made = plan(site)
    made["contacts"]["referent"]["name"] = "changed"
    assert site == before


def test_no_part_of_a_plan_is_shared_with_another(plan: Plan, site: Site) -> None:
    first = plan(site)
    first["local_networks6"].clear()
    assert plan(site)["local_networks6"]


def test_something_else_than_a_host_s_variables_is_refused(plan: Plan) -> None:
    with pytest.raises(AnsibleFilterError, match=r"hostvars\[inventory_hostname\]"):
        plan([])  # type: ignore[arg-type]


def test_an_explicit_id_decides_mark_table_and_rule(plan: Plan, site: Site, change: Change) -> None:
    change("relais_wans[1].id", 9)
    wan = plan(site)["wans"][1]
    assert (wan["mark"], wan["table"], wan["rule_priority"], wan["metric"]) == (
        "0x00000900",
        1009,
        2009,
        102,
    )


def test_both_ends_of_a_31_are_hosts(plan: Plan, site: Site, change: Change) -> None:
    change("relais_wans[0].address", "203.0.113.2/31")
    change("relais_wans[0].gateway", "203.0.113.3")
    assert plan(site)["wans"][0]["network"] == "203.0.113.2/31"


@pytest.mark.parametrize(
    ("address", "start", "end"),
    [
        ("192.168.10.1/24", "192.168.10.128", "192.168.10.254"),
        ("192.168.10.254/24", "192.168.10.128", "192.168.10.253"),
        ("192.168.10.130/24", "192.168.10.131", "192.168.10.254"),
        ("192.168.10.1/30", "192.168.10.2", "192.168.10.2"),
        ("10.0.0.1/16", "10.0.128.0", "10.0.255.254"),
    ],
)
def test_dhcp_gives_out_the_upper_half_of_the_lan(
    address: str, start: str, end: str, plan: Plan, site: Site
) -> None:
    site["relais_lan"]["address"] = address
    dhcp = plan(site)["lan"]["dhcp"]
    assert (dhcp["start"], dhcp["end"]) == (start, end)


def test_the_lan_asks_the_site_s_own_dns_targets(plan: Plan, site: Site, change: Change) -> None:
    assert plan(site)["lan"]["dns_upstreams"] == ["198.51.100.10"]
    change("relais_lan.dns", ["198.51.100.53"])
    assert plan(site)["lan"]["dns_upstreams"] == ["198.51.100.53"]


def test_an_anchor_is_a_target_and_its_key_is_not_in_the_plan(
    plan: Plan, site: Site, change: Change
) -> None:
    key = "0123456789abcdef" * 4
    change("relais_anchor_key", key)
    site["relais_targets"].append({"name": "home", "address": "198.51.100.200", "probe": "anchor"})
    made = plan(site)
    assert made["config"]["targets"][-1] == {
        "name": "home",
        "address": "198.51.100.200",
        "probe": "anchor",
        "port": 8367,
        "query": None,
    }
    assert key not in str(made)


def test_ports_are_one_expression_per_protocol_sorted_and_joined(plan: Plan, site: Site) -> None:
    ports = ["udp/9000-10999", "udp/5060", "udp/10000-11000", "tcp/5061"]
    assert matches(plan, site, {"ports": ports}) == [
        "tcp dport 5061",
        "udp dport { 5060, 9000-11000 }",
    ]


def test_all_keys_of_an_entry_must_hold_and_entries_are_alternatives(
    plan: Plan, site: Site
) -> None:
    both = {"ports": "tcp/443", "dscp": ["af41", 47], "addresses": ["198.51.100.0/24"]}
    assert matches(plan, site, both, {"dscp": "EF"}) == [
        "ip daddr 198.51.100.0/24 ip dscp { af41, 47 } tcp dport 443",
        "ip dscp ef",
        "ip6 dscp ef",
    ]


def test_addresses_of_both_versions_make_an_expression_each(plan: Plan, site: Site) -> None:
    entry = {"users": ["reception"], "addresses": ["2001:db8:1::/48"], "ports": "udp/1-9"}
    assert matches(plan, site, entry) == [
        "ip6 saddr 2001:db8:2::40 ip6 daddr 2001:db8:1::/48 udp dport 1-9"
    ]


def test_overlapping_addresses_become_one_element(plan: Plan, site: Site) -> None:
    entry = {"addresses": ["198.51.100.7", "198.51.100.0/25", "192.0.2.1"]}
    assert matches(plan, site, entry) == ["ip daddr { 192.0.2.1, 198.51.100.0/25 }"]


def test_domains_are_looked_up_in_sets_of_their_own(plan: Plan, site: Site) -> None:
    one, other = {"domains": ["Video.example"]}, {"domains": ["tv.example"], "ports": "tcp/443"}
    assert matches(plan, site, other, one) == [
        "ip daddr @domains_x4 tcp dport 443",
        "ip6 daddr @domains_x6 tcp dport 443",
        "ip daddr @domains2_x4",
        "ip6 daddr @domains2_x6",
    ]
    assert plan(site)["services"][0]["sets"] == [
        {"name": "domains_x4", "type": "ipv4_addr", "domains": ["tv.example"]},
        {"name": "domains_x6", "type": "ipv6_addr", "domains": ["tv.example"]},
        {"name": "domains2_x4", "type": "ipv4_addr", "domains": ["video.example"]},
        {"name": "domains2_x6", "type": "ipv6_addr", "domains": ["video.example"]},
    ]


def test_a_service_that_says_nothing_prefers_the_wans_in_order(plan: Plan, site: Site) -> None:
    streaming = named(plan(site), "streaming")
    assert (streaming["mode"], [m["wan"] for m in streaming["members"]]) == (
        "ordered",
        ["fibre", "lte"],
    )


def test_a_limit_on_the_backup_is_a_number_for_the_template(plan: Plan, site: Site) -> None:
    streaming = named(plan(site), "streaming")
    assert streaming["limit_on_backup_kbytes"] == 250
    assert streaming["backup_marks"] == ["0x00000204"]
    assert streaming["block_on_backup"] is False


def test_a_service_may_be_blocked_on_the_backup(plan: Plan, site: Site, change: Change) -> None:
    change("relais_services[3].on_backup", "block")
    streaming = named(plan(site), "streaming")
    assert (streaming["block_on_backup"], streaming["limit_on_backup_kbytes"]) == (True, None)


def test_default_may_be_steered_but_stays_last(plan: Plan, site: Site) -> None:
    site["relais_services"].insert(0, {"name": "default", "balance": {"lte": 1, "fibre": 2}})
    made = plan(site)
    default = made["services"][-1]
    assert (default["id"], default["initial_verdict"]) == (255, "goto spread_default")
    assert [service["id"] for service in made["services"]] == [1, 2, 3, 4, 5, 255]
    assert made["spreads"][-1]["elements"] == [
        {"first": 0, "last": 66, "verdict": "goto via_fibre"},
        {"first": 67, "last": 99, "verdict": "goto via_lte"},
    ]


def test_a_drill_looks_like_the_service_where_it_can(plan: Plan, site: Site) -> None:
    probes = {probe["name"]: probe for probe in plan(site)["config"]["drill"]["services"]}
    assert {name: (p["protocol"], p["port"], p["classified"]) for name, p in probes.items()} == {
        "voice": ("udp", 5060, "by_match"),
        "vpn": ("udp", 51820, "by_match"),
        "web": ("tcp", 443, "by_match"),
        # Nobody can look up a domain set, or be the reception, from the drill's own network.
        "streaming": ("udp", 7, "by_source"),
        "front_desk": ("tcp", 8443, "by_source"),
        "default": ("udp", 7, "by_match"),
    }
    assert {probe["probe"] for probe in probes.values()} == {"echo"}


def test_a_drill_without_an_echo_host_asks_the_internet(
    plan: Plan, site: Site, change: Change
) -> None:
    change("relais_drill.echo_host", ...)
    drill = plan(site)["config"]["drill"]
    assert drill["sessions"] is None
    assert drill["services"][0] == {
        "name": "voice",
        "protocol": "udp",
        "probe": "dns",
        "address": "198.51.100.10",
        "port": 53,
        "query": "example.com",
        "classified": "by_source",
    }
    change("relais_targets[0]", {"name": "a", "address": "198.51.100.10", "probe": "http"})
    probe = plan(site)["config"]["drill"]["services"][0]
    assert (probe["protocol"], probe["probe"], probe["port"]) == ("tcp", "connect", 80)


def test_a_drill_holds_sessions_on_the_first_tcp_port_of_a_service(plan: Plan, site: Site) -> None:
    def sessions() -> Any:
        return plan(site)["config"]["drill"]["sessions"]

    assert sessions() == {"address": "198.51.100.10", "port": 5061, "count": 20}
    site["relais_services"] = []
    assert sessions()["port"] == 7
    site["relais_drill"]["sessions"] = 0
    assert sessions() is None


def test_a_drill_gets_its_telephones_account_and_never_its_password(
    plan: Plan, site: Site, change: Change
) -> None:
    assert plan(site)["config"]["drill"]["sip"] is None
    change("relais_drill.sip", {"registrar": "198.51.100.210", "user": "drill", "call": "*777"})
    account = {
        "registrar": "198.51.100.210",
        "port": 5060,
        "domain": "198.51.100.210",
        "user": "drill",
        "secret_file": None,
        "call": "*777",
    }
    assert plan(site)["config"]["drill"]["sip"] == account
    change("relais_drill_sip_secret", "never-to-be-seen")
    made = plan(site)
    given = {**account, "secret_file": "/etc/relais/drill-sip.secret"}
    assert made["config"]["drill"]["sip"] == given
    assert "never-to-be-seen" not in json.dumps(made)
