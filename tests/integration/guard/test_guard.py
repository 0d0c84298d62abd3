# SPDX-License-Identifier: GPL-3.0-or-later
"""Nobody is locked out: what the engineer broke from far away, the gateway takes back by itself.

The tests build on each other: the first ones leave the gateway provisioned and managed by its WAN.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
WITHIN_S = 15
SITE = yaml.safe_load((CHECKOUT / "tests/lab/site/group_vars/gateways.yml").read_text())
FIBRE, LTE = SITE["relais_wans"]
WRONG_ADDRESS = {**FIBRE, "address": "203.0.113.6/30", "gateway": "203.0.113.5"}
WRONG_GATEWAY = {**FIBRE, "address": "203.0.113.2/29", "gateway": "203.0.113.3"}
DEAD_LTE = {**LTE, "method": "static", "address": "203.0.113.70/28", "gateway": "203.0.113.65"}
SHUT = {
    "relais_management": {"addresses": ["192.0.2.64/28"]},
    "gateway_accept_findings": ["session"],
}

ONE_FOLDER = {
    "files": ["/etc/relais"],
    "units": [],
    "interfaces": ["lo"],
    "rules": [[1000, 1000]],
    "tables": [1001, 1255],
    "nft": "relais",
    "sysctls": ["net.ipv4.ip_forward"],
}


def taken_back(engineer: Any) -> None:
    engineer.lab.wait("the change is taken back", lambda: not engineer.pending(), within_s=90)


def test_a_first_installation_that_nobody_confirms_gives_the_bare_machine_back(
    engineer: Any,
) -> None:
    before = engineer.owned()
    play = engineer.start_on_site(gateway_confirm_within_s=WITHIN_S)
    play.until(lambda: FIBRE["address"] in engineer.lab.exec("gw", "ip", "-br", "address").stdout)
    play.kill()
    taken_back(engineer)
    assert engineer.owned() == before
    assert engineer.last()["outcome"] == "rolled_back"
    assert "nobody confirmed" in engineer.last()["reason"]


def test_a_change_that_is_proved_stays(engineer: Any) -> None:
    done = engineer.start_on_site().finish()
    assert done.status == 0, done.said[-4000:]
    assert not engineer.pending()
    assert engineer.last()["outcome"] == "confirmed"
    assert engineer.can_connect()


def test_a_second_run_over_the_wan_changes_nothing(engineer: Any) -> None:
    before, last = engineer.owned(), engineer.last()
    done = engineer.site()
    assert done.status == 0 and " changed=0 " in done.said, done.said[-4000:]
    assert (engineer.owned(), engineer.last(), engineer.pending()) == (before, last, False)


def test_a_wrong_address_is_taken_back_and_the_engineer_is_told(engineer: Any) -> None:
    before = engineer.owned()
    done = engineer.site(relais_wans=[WRONG_ADDRESS, LTE], gateway_confirm_within_s=WITHIN_S)
    assert done.status != 0
    assert "was taken back at" in done.said, done.said[-4000:]
    assert engineer.can_connect()
    assert engineer.owned() == before
    told = engineer.lab.exec("gw", "relais", "why").stdout
    assert "The last change of the configuration, by" in told and "nobody confirmed" in told


def test_a_firewall_that_shuts_ssh_is_taken_back_though_the_controller_died(engineer: Any) -> None:
    before = engineer.owned()
    play = engineer.start(gateway_confirm_within_s=WITHIN_S, **SHUT)
    play.until(lambda: not engineer.can_connect())
    play.kill()
    engineer.lab.wait("the engineer gets in again", engineer.can_connect, within_s=90)
    taken_back(engineer)
    assert engineer.owned() == before


def test_a_wrong_gateway_is_taken_back_by_a_reboot_half_way(engineer: Any) -> None:
    lab = engineer.lab
    before = engineer.owned()
    play = engineer.start(relais_wans=[WRONG_GATEWAY, LTE], gateway_confirm_within_s=600)
    play.until(lambda: not engineer.can_connect())
    play.kill()
    lab.reboot()
    lab.wait("the engineer gets in again", engineer.can_connect)
    assert "rebooted" in engineer.last()["reason"]
    lab.wait("all is as before", lambda: engineer.owned() == before)


def test_a_broken_template_is_taken_back_at_once(engineer: Any, broken_template: Path) -> None:
    before = engineer.owned()
    lan = {**SITE["relais_lan"], "domain": "office.example"}
    done = engineer.site(relais_lan=lan, collections=broken_template, gateway_log_drops=True)
    assert done.status != 0
    assert "syntax error" in done.said and "was taken back at" in done.said, done.said[-4000:]
    assert not engineer.pending()
    assert engineer.owned() == before


@pytest.mark.parametrize("left_kb", [200, 1500], ids=["no snapshot", "a snapshot and no more"])
def test_a_full_disk_leaves_everything_as_it_was(engineer: Any, left_kb: int) -> None:
    lab, before, last = engineer.lab, engineer.owned(), engineer.last()
    fill = (
        "rm -r /var/lib/relais-rollback/snapshots; sync; "  # What it held is free then.
        f"avail=$(df --output=avail -k /opt | tail -1); fallocate -l $((avail - {left_kb}))K /fill"
    )
    assert lab.exec("gw", "sh", "-c", fill).returncode == 0
    try:
        done = engineer.site(gateway_log_drops=True, runtime_artifact=engineer.new_release())
    finally:
        lab.exec("gw", "rm", "/fill")
    assert done.status != 0
    assert engineer.owned() == before
    assert not engineer.pending()
    if left_kb < 1000:
        assert "No space left on device" in done.said, done.said[-4000:]
        assert engineer.last() == last
    else:
        assert engineer.last()["outcome"] == "rolled_back"
        assert engineer.last()["problems"] == []


def test_a_line_that_worked_must_work(engineer: Any) -> None:
    before = engineer.owned()
    done = engineer.site(relais_wans=[FIBRE, DEAD_LTE])
    assert done.status != 0
    assert "worked before the change and does not now: line lte" in done.said, done.said[-4000:]
    assert not engineer.pending()
    engineer.lab.wait("all is as before", lambda: engineer.owned() == before)


def test_a_line_that_was_dead_forbids_nothing(engineer: Any) -> None:
    engineer.lab.do("fault", "isp-lte", "silent")
    try:
        done = engineer.site(gateway_log_drops=True)
    finally:
        engineer.lab.do("fault", "isp-lte", "clear")
    assert done.status == 0, done.said[-4000:]
    assert engineer.last()["outcome"] == "confirmed"
    assert engineer.last()["egress"]["wans"] == {
        "fibre": True,
        "fibre over IPv6": True,
        "lte": False,
        "lte over IPv6": False,
    }


def test_nobody_confirms_the_change_of_somebody_else(engineer: Any) -> None:
    given = {"owned": ONE_FOLDER, "config": {}}
    mine = engineer.module(state="armed", within_s=600, **given)
    try:
        second = engineer.module(state="armed", **given)
        assert "waits for its confirmation" in second["msg"]
        other = engineer.module(state="confirmed", id="20260101T000000Z-0000", within_s=5)
        assert "is not the one that waits" in other["msg"]
        assert engineer.pending()
    finally:
        kept = engineer.module(state="confirmed", id=mine["id"])
    assert "msg" not in kept and not engineer.pending()
