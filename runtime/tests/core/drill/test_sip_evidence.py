# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill says of its telephone; the fault lasts from 10,000 to 30,000 ms."""

from __future__ import annotations

from dataclasses import replace

import pytest
from relais.core.drill.evidence import evidence
from relais.core.drill.model import Attempt, Run, SipRun
from relais.core.drill.sip import longest_silence_ms
from relais.core.drill.words import in_words

START, END, LAST = 10_000.0, 30_000.0, 60_000.0


def asked(silent_until: float, step: float = 500.0) -> tuple[Attempt, ...]:
    """One request each half second; those that left in the fault before a moment got no answer."""
    sent = [step * index for index in range(int(LAST / step))]
    return tuple(Attempt(at, None if START <= at < silent_until else at + 15) for at in sent)


def voice(*silent: tuple[float, float]) -> tuple[float, ...]:
    """A packet each 20 ms, but for these stretches."""
    every = [9000 + 20.0 * index for index in range(int((LAST - 9000) / 20))]
    return tuple(at for at in every if not any(a <= at < b for a, b in silent))


def telephone(back_ms: float = 600.0, **fields: object) -> SipRun:
    """A telephone that was without for so long, and lost nothing afterwards."""
    back = START + back_ms
    given: dict[str, object] = {
        "register": asked(back),
        "options": asked(back),
        "dialog": asked(back),
        "spoken_ms": voice(),
        "heard_ms": voice((START, back)),
    }
    return replace(SipRun("198.51.100.210:5060", "echo"), **{**given, **fields})  # type: ignore[arg-type]


def run(sip: SipRun | None) -> Run:
    return Run(
        id="20261123T100000Z-silent-fibre",
        version="0.1.0",
        site="Cabinet Exemple",
        gateway="gw",
        timezone="Europe/Paris",
        started_at="2026-11-23T10:00:00.000Z",
        injected_at="2026-11-23T10:00:02.000Z",
        kind="silent",
        wan="fibre",
        seconds=20,
        injected_ms=START,
        cleared_ms=END,
        ended_ms=LAST,
        services=(),
        sip=sip,
    )


def test_registration_server_voice_and_call_are_told_as_the_staff_felt_them() -> None:
    found = evidence(run(telephone()))
    assert found["verdict"] == "pass"
    assert found["sip"] == {
        "registrar": "198.51.100.210:5060",
        "call": "echo",
        "register_ms": 15,
        "reregister_ms": 1015,
        "usable_ms": 1015,
        "audio_sent": 1000,
        "audio_heard": 970,
        "audio_gap_ms": 620,
        "failback_audio_gap_ms": 20,
        "call_alive": True,
        "ok": True,
    }
    said = in_words(found)
    assert "SIP: registered again after 1015 ms, voice away for 620 ms, the call lives" in said


def test_a_drill_without_a_telephone_says_so() -> None:
    found = evidence(run(None))
    assert (found["sip"], found["verdict"]) == (None, "pass")
    assert "SIP" not in in_words(found)


def test_a_telephone_that_missed_nothing_was_away_for_no_time() -> None:
    found = evidence(run(telephone(0.0)))["sip"]
    assert (found["reregister_ms"], found["usable_ms"], found["audio_gap_ms"]) == (0, 0, 20)


def test_without_a_number_to_call_registration_alone_is_judged() -> None:
    found = evidence(run(telephone(call=None, dialog=(), spoken_ms=(), heard_ms=())))
    assert (found["sip"]["call_alive"], found["sip"]["audio_gap_ms"]) == (None, None)
    assert found["verdict"] == "pass"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"register": asked(END)}, "SIP: no registration succeeded again during the fault"),
        ({"options": asked(END)}, "SIP: the registrar did not answer again during the fault"),
        (
            {"heard_ms": voice((START, END))},
            "SIP: the call opened before the fault did not survive it",
        ),
        ({"dialog": asked(LAST)}, "SIP: the call opened before the fault did not survive it"),
        ({"hung_up_ms": END + 1}, "SIP: the call opened before the fault did not survive it"),
    ],
)
def test_what_did_not_come_back_fails_the_drill(fields: dict[str, object], reason: str) -> None:
    found = evidence(run(telephone(**fields)))
    assert (found["verdict"], found["reasons"]) == ("fail", [reason])
    assert found["sip"]["ok"] is False


@pytest.mark.parametrize(
    ("heard", "longest"),
    [
        ([], 100.0),
        ([150.0], 50.0),
        ([90.0, 150.0, 160.0, 210.0], 60.0),
        ([100.0, 200.0], 100.0),
        ([50.0], 150.0),
        ([300.0], 200.0),
    ],
)
def test_a_silence_counts_whole_although_it_began_before_or_ends_behind(
    heard: list[float], longest: float
) -> None:
    assert longest_silence_ms(heard, 100.0, 200.0) == longest
