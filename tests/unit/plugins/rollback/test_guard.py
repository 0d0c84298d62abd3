# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may keep a change, when it is due, and what is left on record."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.relais.continuity.plugins.module_utils._rollback import (
    files,
    guard,
    programs,
    restore,
    store,
    units,
)


@pytest.fixture
def armed(place: store.Store, spec: dict[str, Any], sources: dict[str, bytes]) -> store.Store:
    guard.arm(place, "one", 60, "engineer@controller", spec, sources)
    return place


@pytest.fixture(autouse=True)
def running(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine has booted; its services are left alone, since they would be those of ours."""
    done = subprocess.CompletedProcess([], 0, "active\n", "")
    monkeypatch.setattr(restore, "attempt", lambda argv: done)
    monkeypatch.setattr(restore._Restoration, "_network", lambda self: None)
    monkeypatch.setattr(restore, "SETTLE_S", 0)


def deadline(place: store.Store, **changes: Any) -> None:
    path = place.snapshot("one") / "deadline"
    store.note(path, {**(store.read(path) or {}), **changes})


def now(place: store.Store, reason: str) -> dict[str, Any]:
    """Take the change back, as the clock does."""
    deadline(place, due_uptime_s=0.0, reason=reason)
    record = restore.take_back(place, print)
    assert record is not None
    return record


def test_an_armed_change_waits_for_its_time(armed: store.Store) -> None:
    assert restore.take_back(armed, print) is None
    assert guard.status(armed)["pending"] == "one"
    assert 50 < guard.status(armed)["remaining_s"] <= 55
    assert guard.due(armed) is None


def test_it_is_due_when_its_time_is_over(armed: store.Store) -> None:
    deadline(armed, due_uptime_s=store.uptime() - 1)
    assert guard.due(armed) == "nobody confirmed it within 60 s"


def test_it_is_due_after_a_reboot(armed: store.Store) -> None:
    deadline(armed, boot="another")
    assert guard.due(armed) == "the gateway was rebooted before anybody confirmed it"


@pytest.mark.parametrize("text", ["", '{"boot": "x', "[]"])
def test_it_is_due_when_its_deadline_was_cut_short(armed: store.Store, text: str) -> None:
    (armed.snapshot("one") / "deadline").write_text(text)
    assert guard.due(armed) == "its deadline cannot be read"


def test_what_is_taken_back_is_on_record(armed: store.Store, root: Path) -> None:
    (root / "etc/relais/config.json").write_text("changed")
    record = now(armed, "a test says so")
    assert (root / "etc/relais/config.json").read_text() == '{"a": 1}'
    assert armed.last() == record
    assert record["outcome"] == "rolled_back"
    assert record["reason"] == "a test says so"
    assert record["by"] == "engineer@controller"
    assert record["changed"] == ["/etc/relais/config.json"]
    assert guard.status(armed)["pending"] is None
    assert (armed.base / "last.json").stat().st_mode & 0o777 == 0o644


def test_a_change_that_is_kept_stays(armed: store.Store, root: Path) -> None:
    (root / "etc/relais/config.json").write_text("changed")
    guard.confirm(armed, "one", {"wans": {"fibre": True}})
    assert (root / "etc/relais/config.json").read_text() == "changed"
    last = armed.last() or {}
    assert (last["outcome"], last["egress"]) == ("confirmed", {"wans": {"fibre": True}})
    assert guard.due(armed) is None


def test_a_run_that_changed_nothing_leaves_the_record_alone(armed: store.Store) -> None:
    guard.confirm(armed, "one", {})
    assert armed.last() is None


def test_nobody_arms_over_a_change_that_waits(
    armed: store.Store, spec: dict[str, Any], sources: dict[str, bytes]
) -> None:
    with pytest.raises(programs.Failed, match="by engineer@controller, waits"):
        guard.arm(armed, "two", 60, "other@elsewhere", spec, sources)
    assert guard.status(armed)["pending"] == "one"


def test_nobody_confirms_the_change_of_somebody_else(armed: store.Store) -> None:
    with pytest.raises(programs.Failed, match="not the one that waits"):
        guard.confirm(armed, "two", {})
    assert guard.status(armed)["pending"] == "one"


def test_a_confirmation_that_comes_too_late_is_told_why(armed: store.Store, root: Path) -> None:
    (root / "etc/relais/config.json").write_text("changed")
    now(armed, "nobody confirmed it within 60 s")
    with pytest.raises(programs.Failed, match=r"was taken back at .*: nobody confirmed it"):
        guard.confirm(armed, "one", {})


def test_a_play_that_went_on_after_its_time_is_taken_back_again(
    armed: store.Store, root: Path
) -> None:
    (root / "etc/relais/config.json").write_text("changed")
    now(armed, "nobody confirmed it within 60 s")
    (root / "etc/relais/config.json").write_text("written by tasks that came later")
    guard.take_back(armed, "one", "the play failed")
    assert guard.due(armed) == "the play failed"
    assert restore.take_back(armed, print) is not None
    assert (root / "etc/relais/config.json").read_text() == '{"a": 1}'


def test_what_is_back_already_is_not_taken_back_again(armed: store.Store, root: Path) -> None:
    (root / "etc/relais/config.json").write_text("changed")
    record = now(armed, "nobody confirmed it within 60 s")
    guard.take_back(armed, "one", "the play failed")
    assert guard.status(armed)["pending"] is None
    assert armed.last() == record


def test_a_snapshot_without_room_arms_nothing(
    place: store.Store,
    spec: dict[str, Any],
    sources: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store, "_RESERVE_BYTES", 1 << 60)
    with pytest.raises(programs.Failed, match="nothing was touched"):
        guard.arm(place, "one", 60, "engineer@controller", spec, sources)
    assert guard.status(place)["pending"] is None
    assert not place.snapshot("one").exists()


@pytest.mark.parametrize("work", [Path.unlink, lambda path: path.write_text("a new choice")])
def test_a_file_that_is_replaced_meanwhile_is_looked_at_again(
    place: store.Store,
    root: Path,
    spec: dict[str, Any],
    sources: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    work: Callable[[Path], object],
) -> None:
    keep, kept = files.keep, []

    def late(*args: Any) -> None:
        if not kept:
            work(root / "etc/relais/config.json")
        kept.append(args)
        keep(*args)

    monkeypatch.setattr(files, "keep", late)
    guard.arm(place, "one", 60, "engineer@controller", spec, sources)
    assert guard.changes(place, guard.manifest_of(place, "one")) == []


def test_the_program_that_stays_behind_is_complete(armed: store.Store) -> None:
    """It runs from where it lies, by itself; on this machine there is nothing for it to do."""
    program = armed.base / "program.pyz"
    code = f"import sys; sys.path.insert(0, {str(program)!r}); from relais_rollback import cli"
    argv = [sys.executable, "-I", "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_units_say_what_systemd_understands() -> None:
    for name, text in units.UNITS.items():
        assert f"ConditionPathExists={store.PLACE}/armed" in text, name
    assert "Before=network-pre.target" in units.UNITS[units.AT_BOOT]
    assert "Before=" not in units.UNITS[units.SERVICE]


def test_a_snapshot_that_cannot_be_read_is_given_up_and_told(armed: store.Store) -> None:
    (armed.snapshot("one") / "manifest.json").write_text("{")
    record = now(armed, "nobody confirmed it within 60 s")
    assert (record["outcome"], armed.last()) == ("failed", record)
    assert "cannot be read" in record["reason"]
    assert guard.status(armed)["pending"] is None


def test_a_confirmation_whose_answer_was_lost_may_be_repeated(armed: store.Store) -> None:
    guard.confirm(armed, "one", {})
    assert guard.is_kept(armed, "one")
    assert not guard.is_kept(armed, "two")
