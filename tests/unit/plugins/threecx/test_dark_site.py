# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules are for: a number is called while the site is dark, and somebody answers.

The oracle of the double says who.
"""

from __future__ import annotations

from datetime import UTC, datetime

from .conftest import Controller

DID = "+33199000001"
MOBILE = "+33199000100"
OPEN = datetime(2026, 11, 24, 10, tzinfo=UTC)
CLOSED = datetime(2026, 11, 28, 10, tzinfo=UTC)
SECOND = [{"trunk": "Operator A"}, {"trunk": "Operator B"}]


def rings(controller: Controller, at: datetime) -> list[str]:
    found: list[str] = controller.pbx.oracle.call(DID, dark={"Reception"}, at=at).rings
    return found


def test_a_reception_without_its_site_is_a_mobile(controller: Controller) -> None:
    assert rings(controller, OPEN) == [], "before: nobody, and a voicemail"
    out = {"to": "mobile", "number": "100"}
    controller.settle("settings", forward_to_external=True)
    controller.settle("ring_group", number="800", no_answer=out, out_of_office=out)
    controller.settle("inbound_rule", trunk="Operator A", did=DID, out_of_office={"to": "office"})
    controller.settle("outbound_rule", name="International", routes=SECOND)
    assert rings(controller, OPEN) == [MOBILE]
    assert rings(controller, CLOSED) == [MOBILE]


def test_the_second_trunk_carries_it_when_the_first_is_down(newest: Controller) -> None:
    out = {"to": "mobile", "number": "100"}
    newest.settle("ring_group", number="800", no_answer=out)
    newest.settle("outbound_rule", name="International", routes=SECOND)
    newest.pbx.trunk_online("Operator A", False)
    call = newest.pbx.oracle.call("+33199000003", dark={"Reception"}, at=OPEN)
    assert call.answered, call
    assert call.ends.trunk == "Operator B"


def test_an_extension_without_its_phone_is_its_mobile(controller: Controller) -> None:
    forward = {leg: {"to": "mobile"} for leg in ("no_answer", "busy", "not_registered")}
    controller.settle("user_forwarding", extension="100", profile="all_available", **forward)
    inbound = {"to": "extension", "number": "100"}
    controller.settle(
        "inbound_rule", trunk="Operator A", did=DID, office=inbound, out_of_office=inbound,
        holidays=inbound,
    )  # fmt: skip
    for at in (OPEN, CLOSED):
        assert rings(controller, at) == [MOBILE]
        assert controller.pbx.oracle.call(DID, at=at, silent={"100"}).rings[-1] == MOBILE
        assert controller.pbx.oracle.call(DID, at=at, busy={"100"}).rings == [MOBILE]


def test_a_department_that_is_told_to_close_takes_its_route(newest: Controller) -> None:
    out = {"to": "external", "number": MOBILE}
    newest.settle("inbound_rule", trunk="Operator A", did=DID, out_of_office=out)
    newest.settle("department", name="Reception", hours_mode="closed")
    assert newest.pbx.oracle.call(DID, at=OPEN).rings == [MOBILE]
