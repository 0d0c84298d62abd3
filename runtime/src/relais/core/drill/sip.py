# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill says of telephones: registration, the server's answers, and a call with voice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from relais.core.drill.model import Attempt, Run, SipRun
from relais.core.drill.samples import ANSWER_WITHIN_MS, outage_ms

Facts = dict[str, Any]


def sip_facts(run: Run, sip: SipRun) -> Facts:
    """The `sip` block of the evidence; docs/reference/drill.md explains each number."""
    alive = _alive(run, sip)
    until_ms = run.ended_ms if run.total else run.cleared_ms
    facts: Facts = {
        "registrar": sip.registrar,
        "call": sip.call,
        "register_ms": _usual_ms(run, sip.register),
        "reregister_ms": _again_ms(run, sip.register, until_ms),
        "usable_ms": _again_ms(run, sip.options, until_ms),
        "audio_sent": sum(run.has(at) for at in sip.spoken_ms),
        "audio_heard": sum(run.has(at) for at in sip.heard_ms),
        "audio_gap_ms": None,
        "failback_audio_gap_ms": None,
        "call_alive": alive,
    }
    if sip.call is not None:
        gap = longest_silence_ms(sip.heard_ms, run.injected_ms, run.cleared_ms)
        facts["audio_gap_ms"] = round(gap)
        late = [at for at in sip.heard_ms if at >= run.cleared_ms]
        after = longest_silence_ms(late, run.cleared_ms, max([run.cleared_ms, *sip.spoken_ms]))
        facts["failback_audio_gap_ms"] = round(after)
    facts["ok"] = not sip_reasons(run, facts)
    return facts


def sip_reasons(run: Run, facts: Facts | None) -> list[str]:
    """Every reason for a verdict of fail that the telephone gives, in words.

    A call cannot live while every WAN is cut, and is not expected to.
    """
    if facts is None:
        return []
    when = "after" if run.total else "during"
    found = []
    if facts["usable_ms"] is None:
        found.append(f"SIP: the registrar did not answer again {when} the fault")
    if facts["reregister_ms"] is None:
        found.append(f"SIP: no registration succeeded again {when} the fault")
    if facts["call_alive"] is False and not run.total:
        found.append("SIP: the call opened before the fault did not survive it")
    return found


def longest_silence_ms(heard_ms: Sequence[float], first_ms: float, last_ms: float) -> float:
    """The longest time between two packets, or to an end, of those that touch first..last."""
    before = max((at for at in heard_ms if at < first_ms), default=first_ms)
    after = min((at for at in heard_ms if at > last_ms), default=last_ms)
    within = sorted(at for at in heard_ms if first_ms <= at <= last_ms)
    points = [before, *within, after]
    return max(later - sooner for sooner, later in pairwise(points))


def _usual_ms(run: Run, attempts: Sequence[Attempt]) -> int | None:
    """How long it took before the fault, in the middle."""
    took = [
        attempt.answered_ms - attempt.sent_ms
        for attempt in attempts
        if attempt.answered_ms is not None and attempt.sent_ms < run.injected_ms
    ]
    return round(median(took)) if took else None


def _again_ms(run: Run, attempts: Sequence[Attempt], until_ms: float) -> int | None:
    """From the injection until an answer came again, for good; 0 when none was missed."""
    within = [a for a in attempts if run.injected_ms <= a.sent_ms < until_ms]
    measured = outage_ms(within, run.injected_ms)
    if not measured:
        return None if measured is None else 0
    first = next(a for a in within if a.sent_ms - run.injected_ms >= measured and a.ok)
    return round((first.answered_ms or first.sent_ms) - run.injected_ms)


def _alive(run: Run, sip: SipRun) -> bool | None:
    """Whether the call that was open before the fault is still one at the end of the drill, and had
    its voice back before the end of the fault, unless that cut every way."""
    if sip.call is None:
        return None
    asked = [attempt for attempt in sip.dialog if attempt.sent_ms >= run.injected_ms]
    until_ms = max([run.cleared_ms, *sip.spoken_ms]) if run.total else run.cleared_ms
    answered = bool(asked) and any(attempt.ok for attempt in asked[-3:])
    voice = any(until_ms - ANSWER_WITHIN_MS < at < until_ms for at in sip.heard_ms)
    return sip.hung_up_ms is None and answered and voice
