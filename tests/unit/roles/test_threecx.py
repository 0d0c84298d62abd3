# SPDX-License-Identifier: GPL-3.0-or-later
"""The fallback of a firm's telephony, set up by the playbook as an engineer runs it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .conftest import Controller, changed

OPEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
MOBILES = {
    "+33199000001": ("+33199000100", "+33699000110"),
    "+33199000002": ("+33199000160", "+33199000160"),
    "+33199000003": ("+33199000100", "+33199000100"),
    "100": ("+33199000100", "+33199000100"),
    "110": ("+33699000110", "+33699000110"),
    "160": ("+33199000160", "+33199000160"),
}


def ends(controller: Controller, at: datetime, **around: Any) -> dict[str, tuple[str, str]]:
    """Return where a call to each vital number ends."""
    calls = {number: controller.pbx.oracle.call(number, at=at, **around) for number in MOBILES}
    return {number: (call.ends.kind, call.ends.number) for number, call in calls.items()}


def test_a_dark_site_s_calls_end_at_mobiles_and_a_second_run_changes_nothing(
    controller: Controller,
) -> None:
    assert "external" not in {kind for kind, _number in ends(controller, OPEN, dark={"*"}).values()}
    first = controller.play("threecx", "-vv")
    assert changed(first) > 0
    assert "Nothing was found." in first
    for at, place in ((OPEN, 0), (NIGHT, 1)):
        expected = {number: ("external", both[place]) for number, both in MOBILES.items()}
        assert ends(controller, at, dark={"*"}) == expected
    # One operator down as well: the other carries them, and its own number still comes in.
    controller.pbx.trunk_online("Operator A", False)
    call = controller.pbx.oracle.call("+33199000003", dark={"*"}, at=OPEN)
    assert (call.ends.number, call.ends.trunk) == ("+33199000100", "Operator B")
    controller.pbx.trunk_online("Operator A", True)
    before = controller.frozen()
    assert changed(controller.play("threecx")) == 0
    assert controller.frozen() == before


def test_a_look_shows_what_would_change_and_changes_nothing(controller: Controller) -> None:
    before = controller.frozen()
    shown = controller.play("threecx", "--check", "--diff")
    assert controller.frozen() == before
    assert changed(shown) > 0
    assert "+33699000110" in shown
    assert "Operator B" in shown


def unknown_extension(controller: Controller) -> None:
    controller.variables["relais_telephony"]["users"][3]["extension"] = "199"


def foreign_did(controller: Controller) -> None:
    controller.variables["relais_telephony"]["inbound"][0]["did"] = "+33199000009"


def unknown_trunk(controller: Controller) -> None:
    telephony = controller.variables["relais_telephony"]
    telephony["trunks"][1]["name"] = "Operator C"
    telephony["inbound"].pop()


def moved_trunk(controller: Controller) -> None:
    controller.variables["relais_telephony"]["trunks"][1]["host"] = "sip.other.example"


def wrong_secret(controller: Controller) -> None:
    controller.variables["relais_telephony_secret"] = "not-the-right-one"  # noqa: S105 - wrong


def weak_role(controller: Controller) -> None:
    controller.pbx.role("users")


def no_licence(controller: Controller) -> None:
    controller.pbx.licence("professional")


def unreachable(controller: Controller) -> None:
    controller.pbx.stop()


def circle(controller: Controller) -> None:
    telephony = controller.variables["relais_telephony"]
    telephony["ring_groups"][0]["fallback"] = "801"
    telephony["queues"][0]["fallback"] = "800"


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (unknown_extension, "relais_telephony.users[3].extension: the PBX has no extension 199"),
        (foreign_did, "relais_telephony.inbound[0].did: +33199000009 is not a number of trunk"),
        (unknown_trunk, "relais_telephony.trunks[1].name: the PBX has no trunk Operator C"),
        (moved_trunk, "the PBX reaches Operator B at sip.operator-b.example, not at sip.other"),
        (circle, "relais_telephony.ring_groups[0].fallback: goes round in a circle"),
        (wrong_secret, "refuses client_id relais with this client_secret"),
        (weak_role, "The PBX forbids GET Users"),
        (no_licence, "3CX Enterprise has it"),
        (unreachable, "cannot be reached"),
    ],
)
def test_what_is_wrong_is_one_clear_error_and_nothing_is_written(
    controller: Controller, harm: Callable[[Controller], None], told: str
) -> None:
    harm(controller)
    before = controller.frozen()
    done = controller.start("threecx")
    assert done.returncode == 2, done.stdout
    assert done.stdout.count("fatal: ") == 1, done.stdout
    assert told in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert controller.frozen() == before


def test_what_would_still_lose_calls_fails_the_play_and_is_told(controller: Controller) -> None:
    before = controller.frozen()
    done = controller.start("threecx", "--tags", "audit")
    assert done.returncode == 2
    assert "ERROR emergency rule Emergency: has one trunk, Operator A" in done.stdout
    controller.play("threecx", "--tags", "audit", threecx_audit_fail_on="never")
    assert controller.frozen() == before


def test_a_site_without_telephony_is_left_alone(controller: Controller) -> None:
    controller.variables.pop("relais_telephony")
    assert changed(controller.play("threecx")) == 0
    assert controller.pbx.requests == []


def test_a_pbx_on_the_site_is_told_what_it_cannot_do_and_asks_for_its_address(
    controller: Controller,
) -> None:
    telephony = controller.variables["relais_telephony"]
    telephony["pbx"] |= {"location": "onsite", "address": "192.0.2.20"}
    done = controller.start("threecx")
    assert "relais_telephony.carrier_forward: missing" in done.stdout
    assert controller.pbx.requests == []
    telephony["carrier_forward"] = {"to": "+33199000100", "tested_on": "2026-10-05"}
    shown = controller.play("threecx", "--tags", "lines")
    assert "no call reaches it and nothing that is set here can forward one" in shown
    assert controller.pbx.state["NetworkSettings"]["StunDisabled"] is False


def test_the_switch_sends_all_calls_to_mobiles_until_its_end_or_until_it_is_taken_back(
    controller: Controller,
) -> None:
    controller.play("threecx", "--tags", "departments,inbound,outbound")
    vital = "+33199000001"
    assert controller.pbx.oracle.call(vital, at=OPEN).ends.kind == "extension"
    done = controller.start("threecx_dark")
    assert "threecx_dark_until is missing" in done.stdout
    until = (datetime.now(UTC) + timedelta(hours=4)).isoformat(timespec="seconds")
    assert changed(controller.play("threecx_dark", threecx_dark_until=until)) == 1
    assert changed(controller.play("threecx_dark", threecx_dark_until=until)) == 0
    during = datetime.now(UTC) + timedelta(hours=1)
    ended = controller.pbx.oracle.call(vital, at=during).ends
    assert (ended.kind, ended.number) == ("external", "+33699000110")
    # The role leaves the switch as it is.
    assert changed(controller.play("threecx", "--tags", "departments")) == 0
    controller.play("threecx_dark", threecx_hours_mode="default")
    assert controller.pbx.oracle.call(vital, at=OPEN).ends.kind == "extension"
