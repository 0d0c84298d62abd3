# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording held against the core: does it decide today what it decided then?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from relais import __version__
from relais.core.recording import encode_decision, encode_state
from relais.simulate.trace import Plain, Recorded, Told, Trace, steps

NOTHING = "nothing"
_JOURNALED = ("kind", "wan", "service", "what", "why")


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing that is not as recorded: at which instant, on which event (counted from 1),
    and both sides in words."""

    at_ms: float
    event: int
    recorded: str
    replayed: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decisions of a replay up to its end or to the first difference."""

    decisions: tuple[Told, ...]
    difference: Difference | None
    notes: tuple[str, ...]


def verify(trace: Trace, recorded: Recorded, journal: Mapping[str, Plain]) -> Verdict:
    """Replay a recording and compare every decision with the recorded one and with the journal's
    event of the same identifier, where there is one. Raises TraceError."""
    decisions: list[Told] = []
    notes = _notes(recorded)
    state = trace.start
    for place, (after, actions) in enumerate(steps(trace)):
        state = after
        at_ms = trace.events[place].now_ms
        replayed = [encode_decision(at_ms, action) for action in actions]
        pairs = zip_longest(recorded.decided.get(place, ()), replayed)
        for was, now in pairs:
            found = _decision(was, now, journal)
            if found is not None:
                first = Difference(at_ms, place + 1, *found)
                return Verdict(tuple(decisions), first, notes)
            decisions += [] if was is None else [was]
    found = None if notes else _state(recorded.end, encode_state(state))
    last = None if found is None else Difference(state.now_ms, len(trace.events), *found)
    return Verdict(tuple(decisions), last, notes)


def _notes(recorded: Recorded) -> tuple[str, ...]:
    """Why the state at the end cannot be compared, if so; decisions always are."""
    notes = []
    if recorded.version != __version__:
        notes.append(f"recorded by relais {recorded.version}, replayed by {__version__}")
    if recorded.unknown:
        notes.append(f"not known to this version: {', '.join(recorded.unknown)}")
    return tuple(notes)


def _decision(
    was: Told | None, now: Plain | None, journal: Mapping[str, Plain]
) -> tuple[str, str] | None:
    """Recorded and replayed in words when they differ."""
    if was is None or now is None or next(_differences(was.decision, now, ""), None):
        return words(was.decision) if was else NOTHING, words(now) if now else NOTHING
    entry = journal.get(was.identifier or "")
    if entry is not None and any(entry[key] != now[key] for key in _JOURNALED):
        return f"in the journal: {words(entry)}", words(now)
    return None


def words(decision: Plain) -> str:
    """A decision in a line."""
    if "what" in decision:
        return f"{decision['what']} ({decision['why']})"
    fields = (f"{k} {v}" for k, v in decision.items() if k not in ("at_ms", "action"))
    return f"{decision.get('action')} {', '.join(fields)}"


def _state(was: Plain, now: Plain) -> tuple[str, str] | None:
    for path, old, new in _differences(was, now, ""):
        return f"state at the end: {path} is {old!r}", f"{path} is {new!r}"
    return None


def _differences(was: object, now: object, path: str) -> Iterator[tuple[str, object, object]]:
    """Paths at which two JSON values differ, and both values there."""
    pairs: Iterable[tuple[object, object, object]]
    if isinstance(was, dict) and isinstance(now, dict):
        pairs = ((key, was.get(key), now.get(key)) for key in {**was, **now})
    elif isinstance(was, list) and isinstance(now, list):
        pairs = ((key, *pair) for key, pair in enumerate(zip_longest(was, now)))
    else:
        if not _same(was, now):
            yield path, was, now
        return
    for key, one, other in pairs:
        yield from _differences(one, other, f"{path}.{key}" if path else str(key))


def _same(was: object, now: object) -> bool:
    """Numbers may differ in their last digits: powers are not the same in every C library."""
    if isinstance(was, float) and isinstance(now, float):
        return math.isclose(was, now, rel_tol=1e-9)
    return was == now
