# SPDX-License-Identifier: GPL-3.0-or-later
"""What the recorder keeps is decided again as it was, or the first difference is told."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relais.cli import main
from relais.core.actions import Action, Record
from relais.core.events import Event
from relais.core.model import Admin
from relais.core.state import State
from relais.shell.journal import Journal
from relais.shell.recorder import BEFORE_MS, LONGEST_MS, RING_EVENTS, Recorder, Stretch
from relais.simulate.recorded import Verdict, verify
from relais.simulate.trace import TraceError, parse_trace, replay
from world import World


@dataclass
class Gateway:
    """A scripted world whose core is recorded as the daemon's is."""

    world: World = field(default_factory=World)
    stretches: list[Stretch] = field(default_factory=list)
    journal: dict[str, dict[str, object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.recorder = Recorder(self.stretches.append)
        self.world.listener = self._took

    def _took(self, before: State, event: Event, after: State, actions: tuple[Action, ...]) -> None:
        noted = {}
        for place, action in enumerate(actions):
            if isinstance(action, Record):
                noted[place] = self._note(action)
        self.recorder.took(before, event, after, actions, noted)

    def _note(self, record: Record) -> str:
        sequence = len(self.journal) + 1
        name = f"20260101T090000Z-{sequence:04d}"
        row = {key: getattr(record, key) for key in ("kind", "wan", "service", "what", "why")}
        row |= {"seq": sequence, "id": name, "at": "2026-01-01T09:00:00Z"}
        self.journal[name] = row | {"inputs": dict(record.inputs)}
        return name

    def cut_and_return(self) -> Gateway:
        """A busy fibre goes silent and comes back."""
        self.world.start()
        self.world.busy.add("fibre")
        self.world.run(5)
        self.world.dark.add("fibre")
        self.world.run(8)
        self.world.dark.remove("fibre")
        self.world.run(25)
        self.recorder.close()
        return self

    def keep(self, path: Path) -> Path:
        """Everything into a journal on disk."""
        journal = Journal(path / "journal.db")
        journal.start()
        for row in self.journal.values():
            journal.append(row)
        for stretch in self.stretches:
            journal.record(stretch)
        journal.stop()
        assert journal.error is None
        return path / "journal.db"


def checked(lines: Iterable[str]) -> Verdict:
    trace = parse_trace(lines)
    assert trace.recorded is not None
    return verify(trace, trace.recorded, {})


wans = st.sampled_from(["fibre", "lte"])
happening = st.one_of(
    st.tuples(st.just("dark"), wans),
    st.tuples(st.just("bright"), wans),
    st.tuples(st.just("busy"), wans),
    st.tuples(st.just("idle"), wans),
    st.tuples(st.just("carrier"), wans),
    st.tuples(st.just("link"), wans),
    st.tuples(st.sampled_from(Admin), wans),
    st.tuples(st.just("excuse"), wans),
    st.tuples(st.sampled_from(["refuse", "accept"]), wans),
)


def happen(world: World, what: str, wan: str) -> None:
    match what:
        case "dark":
            world.dark.add(wan)
        case "bright":
            world.dark.discard(wan)
        case "busy":
            world.busy.add(wan)
        case "idle":
            world.busy.discard(wan)
        case "carrier" | "link":
            world.link(wan, carrier=what == "link")
        case "excuse":
            world.excuse(wan, 5)
        case "refuse" | "accept":
            world.refuse_switch = what == "refuse"
        case _:
            world.admin(wan, Admin(what))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(happening, st.floats(0.05, 20)), max_size=12))
def test_whatever_happens_is_decided_again_as_recorded(
    script: list[tuple[tuple[str, str], float]],
) -> None:
    gateway = Gateway()
    gateway.world.start()
    for (what, wan), seconds in script:
        happen(gateway.world, what, wan)
        gateway.world.run(seconds)
    gateway.recorder.close()
    told = set()
    for stretch in gateway.stretches:
        verdict = checked(stretch.lines())
        assert verdict.difference is None
        told |= {one.identifier for one in verdict.decisions}
    matter = {name for name, row in gateway.journal.items() if row["kind"] != "link"}
    assert matter <= told, "every decision stands in a recording"


def test_a_recording_starts_before_its_decision_and_ends_after_it() -> None:
    gateway = Gateway()
    gateway.world.start().run(100)
    gateway.stretches.clear()
    cut_ms = gateway.world.now_ms
    gateway.world.link("fibre", carrier=False)
    gateway.world.run(30)
    (stretch,) = gateway.stretches
    assert cut_ms - stretch.segments[0].state.now_ms >= BEFORE_MS
    assert cut_ms < stretch.end.now_ms < cut_ms + LONGEST_MS


def test_the_ring_forgets_and_a_quiet_line_costs_next_to_nothing() -> None:
    busy, quiet = Gateway(), Gateway()
    for gateway in (busy, quiet):
        gateway.world.start()
    busy.world.busy |= {"fibre", "lte"}
    sizes = []
    for gateway in (busy, quiet):
        gateway.world.run(400)
        gateway.world.link("lte", carrier=False)
        gateway.recorder.close()
        sizes.append(sum(len(segment.events) for segment in gateway.stretches[-1].segments))
    assert sizes[1] < sizes[0] / 2
    assert sizes[0] <= RING_EVENTS


def test_a_journal_gives_back_what_was_decided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = Gateway().cut_and_return()
    journal = str(gateway.keep(tmp_path))
    wanted = next(n for n, row in gateway.journal.items() if row["what"] == "fibre lost")
    assert main(["replay", wanted, "--journal", journal]) == 0
    shown = capsys.readouterr().out
    assert f"[{wanted}]" in shown
    assert "decisions, all as recorded" in shown
    assert main(["replay", wanted, "--journal", journal, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["as_recorded"] is True
    assert wanted in {one["id"] for one in told["decisions"]}
    assert main(["replay", "--list", "--journal", journal]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(gateway.stretches)


def test_an_exported_recording_is_a_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = Gateway().cut_and_return()
    journal = str(gateway.keep(tmp_path))
    file = tmp_path / "cut.jsonl"
    assert main(["replay", "--journal", journal, "--export", str(file)]) == 0
    first = capsys.readouterr().out
    assert main(["replay", str(file)]) == 0
    assert capsys.readouterr().out == first
    assert main(["simulate", "--trace", str(file)]) == 0
    assert "fibre lost" in capsys.readouterr().out
    trace = parse_trace(file.read_text(encoding="utf-8").splitlines())
    assert len(list(replay(trace))) == first.count("[") + len(
        [one for one in replay(trace) if not isinstance(one.action, Record)]
    )


def recording() -> list[str]:
    return list(Gateway().cut_and_return().stretches[-1].lines())


def test_another_decision_is_told_as_the_first_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = recording()
    place = next(n for n, line in enumerate(lines) if '"what":"fibre lost"' in line)
    lines[place] = lines[place].replace("fibre lost", "fibre found")
    file = tmp_path / "edited.jsonl"
    file.write_text("".join(lines), encoding="utf-8")
    assert main(["replay", str(file)]) == 1
    shown = capsys.readouterr().out
    assert "recorded: fibre found (" in shown
    assert "replayed: fibre lost (" in shown
    assert "all as recorded" not in shown


def test_a_forgotten_event_is_told_by_what_it_led_to() -> None:
    lines = recording()
    place = next(n for n, line in enumerate(lines) if '"event":"ProbeReplied"' in line)
    end = json.loads(lines[-1])
    end["end"]["events"] -= 1
    verdict = checked([*lines[:place], *lines[place + 1 : -1], json.dumps(end)])
    assert verdict.difference is not None


def test_a_journal_that_says_something_else_is_a_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = Gateway().cut_and_return()
    lost = next(row for row in gateway.journal.values() if row["what"] == "fibre lost")
    lost["why"] = "a digger"
    journal = str(gateway.keep(tmp_path))
    assert main(["replay", str(lost["id"]), "--journal", journal]) == 1
    assert "recorded: in the journal: fibre lost (a digger)" in capsys.readouterr().out


def test_another_version_is_told_and_not_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = recording()
    head = json.loads(lines[0]) | {"version": "9.9.9"}
    file = tmp_path / "newer.jsonl"
    file.write_text("\n".join([json.dumps(head), *lines[1:]]), encoding="utf-8")
    assert main(["replay", str(file)]) == 0
    assert "recorded by relais 9.9.9, replayed by" in capsys.readouterr().out


def test_a_recording_that_is_cut_off_is_told_so() -> None:
    lines = recording()
    with pytest.raises(TraceError, match="cut off"):
        parse_trace(lines[:-1])
    with pytest.raises(TraceError, match=f"line {len(lines)}: is not JSON"):
        parse_trace([*lines[:-1], lines[-1][:50]])
    with pytest.raises(TraceError, match=r"but \d+ are here"):
        parse_trace([lines[0], *lines[40:]])


def test_events_that_do_not_fit_the_state_are_one_clear_error() -> None:
    lines = recording()
    head = json.loads(lines[0])
    head["state"]["links"]["fibre"]["targets"] = []
    with pytest.raises(TraceError, match=r"event \d+ does not fit"):
        checked([json.dumps(head), *lines[1:]])


@pytest.mark.parametrize("words", [["20260101T090000Z-0999"], ["999"], []])
def test_an_event_that_was_not_recorded_is_a_negative_answer(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = Journal(tmp_path / "journal.db")
    journal.start()
    journal.stop()
    assert main(["replay", *words, "--journal", str(tmp_path / "journal.db"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "no_recording"
