# SPDX-License-Identifier: GPL-3.0-or-later
"""The site playbook: it converges, tells all that is wrong at once, and locks nobody out."""

from __future__ import annotations

from typing import Any

# Takes a number of the plan, and sets marks: what an audit must not overlook.
FOREIGN_RULE = ("from", "192.0.2.66", "lookup", "main", "priority", "2001")
FOREIGN_TABLE = """
table inet other {
    chain out { type filter hook output priority 0; meta mark set 0x1; }
}
"""


def test_a_second_run_changes_nothing(gateway: Any) -> None:
    before = gateway.configuration()
    assert gateway.site() == 0
    assert gateway.configuration() == before


def test_check_mode_foretells_nothing_on_a_converged_gateway(gateway: Any) -> None:
    assert gateway.site("--check", "--diff") == 0


def test_check_mode_foretells_the_change_and_makes_none(gateway: Any) -> None:
    before = gateway.configuration()
    lan = {**gateway.inventory()["relais_lan"], "domain": "office.example"}
    result = gateway.play("site", "--check", "--diff", relais_lan=lan)
    assert result.returncode == 0
    assert "+domain=office.example" in result.stdout
    assert gateway.configuration() == before


def test_six_mistakes_are_told_at_once_and_touch_nothing(gateway: Any) -> None:
    before = gateway.configuration()
    fibre, lte = gateway.inventory()["relais_wans"]
    del lte["monthly_quota_gb"]
    result = gateway.play(
        "site",
        relais_wans=[
            {**fibre, "gateway": "203.0.113.9", "colour": "red"},
            {**lte, "name": "fibre"},
        ],
        relais_services=[{"name": "voice", "match": {"ports": "udp/5060"}, "prefer": ["cable"]}],
        relais_lam={},
    )
    told = result.stdout + result.stderr
    mistakes = (
        "relais_lam",
        "relais_services[0].prefer[0]",
        "relais_wans[0].colour",
        "relais_wans[0].gateway",
        "relais_wans[1].monthly_quota_gb",
        "relais_wans[1].name",
    )
    assert result.returncode != 0
    assert [path for path in mistakes if path not in told] == [], told
    assert gateway.configuration() == before


def test_the_audit_lists_every_finding_at_once_and_touches_nothing(gateway: Any) -> None:
    given = gateway.inventory()
    fibre, lte = given["relais_wans"]
    gateway.run("nft", "-f", "-", stdin=FOREIGN_TABLE)
    gateway.run("ip", "rule", "add", *FOREIGN_RULE)
    before = gateway.configuration()
    try:
        result = gateway.play(
            "site",
            relais_wans=[fibre, {**lte, "interface": "wan9"}],
            relais_lan={**given["relais_lan"], "address": "192.0.2.99/24"},
        )
        assert gateway.configuration() == before
    finally:
        gateway.run("nft", "delete", "table", "inet", "other")
        gateway.run("ip", "rule", "del", *FOREIGN_RULE)
    told = result.stdout + result.stderr
    findings = ("interfaces: wan9", "rules: ", "2001:main", "marks: ", "session: ", "locked out")
    assert result.returncode != 0
    assert [finding for finding in findings if finding not in told] == [], told


def test_what_somebody_took_away_is_put_back(converged: Any) -> None:
    before = converged.configuration()
    converged.run("nft", "delete", "table", "inet", "relais")
    converged.run("ip", "rule", "del", "priority", "2002")
    converged.run("chmod", "o+w", "/etc/relais/ruleset.nft")
    converged.run("rm", "/etc/dnsmasq.d/relais.conf")
    assert converged.site() > 0
    assert converged.configuration() == before
    assert converged.run("stat", "-c", "%a", "/etc/relais/ruleset.nft") == "644\n"


def test_a_renamed_wan_goes_live_although_the_live_choice_has_its_old_name(converged: Any) -> None:
    given = converged.inventory()
    fibre, lte = given["relais_wans"]
    services = [{**service, "prefer": ["fibre", "mobile"]} for service in given["relais_services"]]
    converged.run("systemctl", "stop", "relaisd")
    converged.run(
        "sh",
        "-c",
        "mkdir -p /run/relais/nft && cat > /run/relais/nft/live.nft",
        stdin="redefine steer = { 1 : goto via_lte }\n",
    )
    converged.site(relais_wans=[fibre, {**lte, "name": "mobile"}], relais_services=services)
    assert "via_mobile" in converged.run("nft", "list", "table", "inet", "relais")
    assert "mobile" in converged.run("relais", "status")


def test_the_gateway_comes_back_from_a_reboot_as_it_was(gateway: Any) -> None:
    lab = gateway.lab
    before = gateway.configuration()
    lab.reboot()
    lab.wait("the LAN has Internet", lambda: lab.ping("lan", "198.51.100.10"))
    lab.wait("all is as before", lambda: gateway.configuration() == before)
