# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of a PBX: what is live now, tried again while it comes back, and the audit."""

from __future__ import annotations

from typing import Any

from .conftest import Controller

LIVE: dict[str, Any] = {"audit": False}


def test_a_pbx_that_is_well_passes(controller: Controller) -> None:
    found = controller.run(
        "verify", trunks_online=["all"], users_registered=["all"], users_unregistered_max=0, **LIVE
    )
    assert (found["verdict"], found["changed"], found["findings"]) == ("pass", False, [])


def test_a_trunk_that_is_down_fails_with_a_sentence(controller: Controller) -> None:
    controller.pbx.trunk_online("Operator B", False)
    found = controller.run("verify", trunks_online=["Operator A", "Operator B"], **LIVE)
    assert found["failed"]
    assert found["errors"] == 1
    assert found["findings"][0]["object"] == "trunk Operator B"
    assert found["msg"].startswith("ERROR trunk Operator B: is not registered. Register it anew")


def test_what_is_down_may_be_reported_without_failing(newest: Controller) -> None:
    newest.pbx.trunk_online("Operator B", False)
    found = newest.run("verify", trunks_online=["all"], fail_on="never", **LIVE)
    assert (found["verdict"], found["errors"]) == ("pass", 1)


def test_a_trunk_that_does_not_register_is_not_held_against_it(newest: Controller) -> None:
    trunk = newest.pbx.trunk("Operator B")
    trunk["Gateway"]["RequireRegistrationFor"] = "Nothing"
    trunk["IsOnline"] = False
    assert newest.run("verify", trunks_online=["all"], **LIVE)["verdict"] == "pass"


def test_a_phone_that_is_gone_is_named(controller: Controller) -> None:
    controller.pbx.user_registered("101", False)
    found = controller.run("verify", users_registered=["100", "101"], **LIVE)
    assert [one["object"] for one in found["findings"]] == ["extension 101"]
    assert controller.run("verify", users_unregistered_max=1, **LIVE)["verdict"] == "pass"
    controller.pbx.user_registered("102", False)
    found = controller.run("verify", users_unregistered_max=1, **LIVE)
    assert "2 extensions have no phone registered, at most 1 may: 101, 102" in found["msg"]


def test_a_name_that_does_not_exist_is_no_pass(newest: Controller) -> None:
    found = newest.run("verify", trunks_online=["Operator Z"], **LIVE)
    assert "does not exist on the PBX. Did you mean" in found["msg"]


def test_an_sbc_that_is_gone_is_named_in_every_version(controller: Controller) -> None:
    names = [one["Name"] for one in controller.run("info", gather=["sbcs"])["sbcs"]]
    if not names:
        controller.pbx.state.setdefault("Sbcs", []).append(
            {
                "Name": "site-a",
                "DisplayName": "Site A",
                "HasConnection": True,
                "Password": "fake-secret",
            }
        )
        names = ["site-a"]
    assert controller.run("verify", sbcs_connected=["all"], **LIVE)["verdict"] == "pass"
    controller.pbx.sbc_up(names[0], False)
    found = controller.run("verify", sbcs_connected=names, **LIVE)
    assert f"SBC {names[0]}: is not connected" in found["msg"]


def test_it_looks_again_until_the_trunk_is_back(newest: Controller) -> None:
    newest.pbx.trunk_online("Operator B", False)
    answer = newest.pbx.api.answer
    looks: list[int] = []

    def returning(request: Any) -> Any:
        if request.method == "GET" and request.path.endswith("Trunks"):
            looks.append(1)
            newest.pbx.trunk_online("Operator B", len(looks) > 2)
        return answer(request)

    newest.pbx.api.answer = returning  # type: ignore[method-assign]
    found = newest.run("verify", trunks_online=["all"], retries=5, delay_s=0, **LIVE)
    assert (found["verdict"], found["attempts"]) == ("pass", 3)


def test_it_gives_up_when_nothing_comes_back(newest: Controller) -> None:
    newest.pbx.trunk_online("Operator B", False)
    found = newest.run("verify", trunks_online=["all"], retries=2, delay_s=0, **LIVE)
    assert found["attempts"] == 3


def test_the_audit_reads_everything_without_a_write(controller: Controller) -> None:
    found = controller.run("verify", fail_on="never")
    assert found["verdict"] == "pass"
    for finding in found["findings"]:
        assert set(finding) == {"check", "severity", "object", "message", "remedy"}
    read = {one.path.removeprefix("/xapi/v1/") for one in controller.pbx.requests}
    assert "OutboundRules/Pbx.GetEmergencyOutboundRules()" in read
    assert not controller.writes()
