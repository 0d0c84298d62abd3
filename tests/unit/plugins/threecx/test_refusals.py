# SPDX-License-Identifier: GPL-3.0-or-later
"""What the PBX refuses is told in words, and leaves nothing half done."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pbx import errors

from .conftest import Controller


def refuse(controller: Controller, method: str, error: errors.ApiError) -> None:
    """Have the double refuse every request of a method."""
    answer = controller.pbx.api.answer

    def refusing(request: Any) -> Any:
        if request.method == method:
            raise error
        return answer(request)

    controller.pbx.api.answer = refusing  # type: ignore[method-assign]


def test_a_number_that_something_else_has_is_told(controller: Controller) -> None:
    found = controller.run("ring_group", number="801", name="Night")
    assert found["code"] == "refused"
    assert "refuses POST RingGroups (status 400): Number is used by another object" in found["msg"]
    assert controller.pbx.state.find("RingGroups", Name="Night") is None


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (errors.unbindable(), "it does not know a property that was sent, or its value."),
        (
            errors.refused("Members", errors.NOT_FOUND),
            "Members names an object that does not exist",
        ),
        (errors.refused("Name", errors.DUPLICATE), "Name exists already."),
        (errors.plain(400, "Something\nelse."), "(status 400): Something else."),
        (errors.ApiError(500), "(status 500): it gives no reason."),
    ],
)
def test_a_refusal_is_told_in_words(newest: Controller, error: errors.ApiError, told: str) -> None:
    refuse(newest, "PATCH", error)
    found = newest.run("ring_group", number="800", ring_time_s=31)
    assert found["code"] == "refused"
    assert "refuses PATCH RingGroups(" in found["msg"]
    assert told in found["msg"]


def test_a_pbx_that_is_something_else_is_told(newest: Controller) -> None:
    refuse(newest, "GET", errors.ApiError(302, headers={"Location": "https://pbx.example/"}))
    found = newest.run("info", gather=["users"])
    assert found["code"] == "redirect"
    assert "https://pbx.example/" in found["msg"]
    newest.pbx.requests.clear()  # what answered here was no PBX


def test_an_answer_that_is_not_json_is_told(newest: Controller) -> None:
    newest.pbx.api.answer = lambda _request: (200, "<html>")  # type: ignore[method-assign]
    assert newest.run("info", gather=["users"])["code"] == "no_json"
    newest.pbx.requests.clear()  # what answered here was no PBX


def test_a_token_that_is_refused_at_once_tells_of_another_user(newest: Controller) -> None:
    refuse(newest, "GET", errors.ApiError(401))
    found = newest.run("info", gather=["users"])
    assert found["code"] == "token"
    assert "only one token is valid at a time" in found["msg"]
    assert newest.pbx.tokens.issued == 2, "renewed once, and not in a loop"


def test_a_user_who_vanishes_before_the_write_is_told(newest: Controller) -> None:
    looks: list[int] = []
    answer = newest.pbx.api.answer

    def vanishing(request: Any) -> Any:
        found = answer(request)
        if "ForwardingProfiles" in request.query and not looks:
            looks.append(1)
            users = newest.pbx.state["Users"]
            newest.pbx.state["Users"] = [one for one in users if one["Number"] != "100"]
        return found

    newest.pbx.api.answer = vanishing  # type: ignore[method-assign]
    found = newest.run("user_forwarding", extension="100", mobile="+33199000999")
    assert found["code"] == "unknown_number"
    assert not newest.writes()


def test_a_choice_that_does_not_exist_is_refused_by_the_module(newest: Controller) -> None:
    found = newest.run("user_forwarding", extension="100", busy={"to": "moble"})
    assert "busy" in found["msg"]
    assert not newest.pbx.requests
