# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept over months on a disk, through restarts, power cuts and clocks that are set."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from relais.core.history.model import STEPS_S, Condition, Period, Roll, Subject
from relais.shell import database, history, history_rows
from relais.shell.history_rows import Batch
from relais.shell.journal import Journal
from relais.shell.verify import verify
from shell.kept import BEGIN_MS, Gateway

SUMS = (
    "SELECT wan, sum(observed_ms), sum(sent), sum(lost), sum(rtt_sum_us), sum(rx_bytes), "
    "sum(tx_bytes) FROM rolls WHERE step_s = ? AND at_s < ? GROUP BY wan ORDER BY wan"
)
SECONDS_BEFORE = "SELECT * FROM rolls WHERE at_s < ? AND step_s = 1"
DAY_S = 86_400


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path / "journal.db").boot()


def sums(gateway: Gateway, step_s: int, until_s: int) -> list[tuple[object, ...]]:
    return gateway.rows(SUMS, step_s, until_s)


def test_minutes_and_hours_are_made_of_whole_ones_and_agree(gateway: Gateway) -> None:
    gateway.run(1300)
    gateway.world.losing["fibre"] = iter([False, True] * 10**6).__next__
    gateway.run(600)
    del gateway.world.losing["fibre"]
    gateway.run(1900).stop()
    (last,) = gateway.rows("SELECT max(at_s) + 60 FROM rolls WHERE step_s = 60")[0]
    assert sums(gateway, 60, last) == sums(gateway, 1, last)
    assert sums(gateway, 1, last)[0][3] > 0
    (hour,) = gateway.rows("SELECT max(at_s) + 3600 FROM rolls WHERE step_s = 3600")[0]
    assert hour <= last
    assert sums(gateway, 3600, hour) == sums(gateway, 60, hour) == sums(gateway, 1, hour)
    assert not gateway.rows("SELECT * FROM rolls WHERE observed_ms > step_s * 1000")


def test_a_stop_writes_all_that_is_known_and_a_start_goes_on(gateway: Gateway) -> None:
    gateway.run(90)
    stopped_ms = gateway.now()
    gateway.stop(off_s=2.5).boot().run(200).stop()
    (known,) = gateway.rows("SELECT sum(observed_ms) FROM rolls WHERE step_s = 1 AND wan = 'lte'")[
        0
    ]
    assert known == gateway.now() - int(BEGIN_MS) - 2500
    first, second = gateway.rows(
        "SELECT began_ms, ended_ms FROM periods WHERE name = 'fibre' ORDER BY began_ms"
    )
    assert first[1] == stopped_ms
    assert second[0] >= stopped_ms + 2500
    (minute,) = gateway.rows("SELECT max(at_s) + 60 FROM rolls WHERE step_s = 60")[0]
    assert sums(gateway, 60, minute) == sums(gateway, 1, minute)


def test_a_power_cut_costs_a_minute_and_some_seconds_at_most(gateway: Gateway) -> None:
    gateway.run(650)
    cut_ms = gateway.now()
    gateway.crash(off_s=30)
    (until_s,) = gateway.rows("SELECT max(at_s) + 1 FROM rolls WHERE step_s = 1")[0]
    assert cut_ms - until_s * 1000 <= 75_000
    ends = gateway.rows("SELECT max(ended_ms) FROM periods GROUP BY subject, name")
    assert len(ends) == 4
    assert all(cut_ms - end <= 75_000 for (end,) in ends)
    gateway.boot().run(120).stop()
    assert gateway.overlaps() == []
    assert not verify(gateway.path).problems
    (minute,) = gateway.rows("SELECT max(at_s) + 60 FROM rolls WHERE step_s = 60")[0]
    assert sums(gateway, 60, minute) == sums(gateway, 1, minute)


def test_a_writer_that_is_killed_in_a_batch_leaves_it_undone_and_makes_it_anew(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.run(65)
    batches: list[Batch] = []
    monkeypatch.setattr(gateway.journal, "change", lambda store: batches.append(store.__self__))
    gateway.run(300).stop()
    before = gateway.rows("SELECT * FROM rolls")
    for batch in batches:
        with closing(sqlite3.connect(gateway.path)) as opened:
            batch.store(opened)  # Not committed.
        with database.transaction(gateway.path) as opened:
            batch.store(opened)
        after = gateway.rows("SELECT * FROM rolls"), gateway.rows("SELECT * FROM periods")
        with database.transaction(gateway.path) as opened:
            replace(batch, rolls=(), periods=()).store(opened)
        assert after == (gateway.rows("SELECT * FROM rolls"), gateway.rows("SELECT * FROM periods"))
    assert len(gateway.rows("SELECT * FROM rolls")) > len(before)
    assert not verify(gateway.path).problems


KILLED = """
import os, signal, sys
from pathlib import Path
from relais.shell.history_rows import Batch
from shell.kept import Gateway

whole, batches = Batch.store, []

def store(batch, opened):
    batches.append(batch)
    whole(batch, opened)
    if len(batches) == 4:  # All is done but the commit.
        os.kill(os.getpid(), signal.SIGKILL)

Batch.store = store
Gateway(Path(sys.argv[1])).boot().run(600).stop()
"""


def test_a_daemon_killed_in_the_midst_of_a_batch_loses_that_minute_only(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    tests = str(Path(__file__).parents[1])
    paths = os.pathsep.join([tests, *sys.path])
    call = [sys.executable, "-c", KILLED, str(path)]
    done = subprocess.run(call, env={**os.environ, "PYTHONPATH": paths}, check=False)
    assert done.returncode == -signal.SIGKILL
    gateway = Gateway(path)
    (seconds,) = gateway.rows("SELECT count(*) FROM rolls WHERE step_s = 1 AND wan = 'lte'")[0]
    assert 3 * 60 - 15 <= seconds <= 3 * 60 + 15
    assert verify(path).problems == ()
    gateway.now_ms += 600_000
    gateway.boot().run(200).stop()
    assert verify(path).problems == ()
    assert gateway.overlaps() == []
    (minute,) = gateway.rows("SELECT max(at_s) + 60 FROM rolls WHERE step_s = 60")[0]
    assert sums(gateway, 60, minute) == sums(gateway, 1, minute)


def test_a_clock_that_is_set_back_neither_overwrites_nor_counts_twice(gateway: Gateway) -> None:
    gateway.run(300)
    (until_s,) = gateway.rows("SELECT max(at_s) FROM rolls WHERE step_s = 1")[0]
    kept = gateway.rows(SECONDS_BEFORE, until_s)
    periods_ms = gateway.now()
    gateway.offset_ms -= 200_000
    gateway.world.dark.add("fibre")
    gateway.run(150)
    gateway.world.dark.clear()
    gateway.run(400).stop()
    assert gateway.overlaps() == []
    again = gateway.rows(SECONDS_BEFORE, until_s)
    assert again == kept
    assert not gateway.rows("SELECT * FROM rolls WHERE observed_ms > step_s * 1000")
    dark = gateway.rows("SELECT * FROM periods WHERE condition = 'unavailable'")
    assert not [row for row in dark if row[2] < periods_ms - 10_000 and row[0] == "wan"]
    assert gateway.rows("SELECT * FROM periods WHERE ended_ms > ?", periods_ms + 60_000)
    assert not verify(gateway.path).problems


def test_a_clock_that_was_ahead_stops_nothing(gateway: Gateway) -> None:
    gateway.run(120)
    right_ms = gateway.offset_ms
    gateway.offset_ms += 70 * 365 * DAY_S * 1000.0
    gateway.run(120)
    gateway.offset_ms = right_ms
    gateway.run(200).stop(off_s=1).boot().run(100).stop()
    now_s = gateway.now() // 1000
    assert gateway.rows("SELECT * FROM rolls WHERE at_s BETWEEN ? AND ?", now_s - 30, now_s)
    recent = "SELECT * FROM periods WHERE ended_ms BETWEEN ? AND ?"
    assert len(gateway.rows(recent, gateway.now() - 1000, gateway.now())) == 4
    assert gateway.rows("SELECT * FROM rolls WHERE at_s < ?", int(BEGIN_MS) // 1000 + 60)
    assert gateway.overlaps() == []


def test_an_outage_found_after_it_was_told_open_is_dated_back_all_the_same(
    gateway: Gateway,
) -> None:
    gateway.run(58)
    gateway.world.dark.add("fibre")
    gateway.run(70)
    gateway.stop()
    rows = gateway.rows(
        "SELECT condition, began_ms, ended_ms FROM periods WHERE subject = 'wan' AND "
        "name = 'fibre' ORDER BY began_ms"
    )
    assert [row[0] for row in rows] == ["available", "unavailable"]
    assert rows[0][2] == rows[1][1] <= int(BEGIN_MS) + 61_000


def old(path: Path, days: int) -> sqlite3.Connection:
    """A journal with a roll of each length each day, and a period."""
    Journal(path).start()
    opened = sqlite3.connect(path)
    opened.executescript(history.SCHEMA)
    first_s = 20_000 * DAY_S
    for day in range(days):
        at_s = first_s + day * DAY_S
        rolls = tuple(Roll("fibre", step, at_s, step * 1000, 1, 0, 8000) for step in STEPS_S)
        at_ms = at_s * 1000
        who = Subject.WAN, "fibre", Condition.AVAILABLE, "fibre", "up", False
        period = Period(*who, at_ms, at_ms + 1000)
        Batch(rolls, (period,), (), at_s, at_s + 3600, thorough=True).store(opened)
    opened.commit()
    return opened


def test_each_length_is_kept_for_its_time_and_the_chain_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_rows, "KEEP_S", {**history_rows.KEEP_S, 3600: 100 * DAY_S})
    monkeypatch.setattr(history_rows, "KEEP_PERIODS_S", 100 * DAY_S)
    path = tmp_path / "journal.db"
    with closing(old(path, 130)) as opened:
        query = "SELECT count(*) FROM rolls WHERE step_s = ?"
        counts = [opened.execute(query, (step,)).fetchone()[0] for step in (1, 60, 3600)]
        assert counts == [2, 60, 100]
        assert opened.execute("SELECT count(*) FROM periods").fetchone() == (100,)
        assert opened.execute("SELECT count(*) FROM chain").fetchone()[0] <= 60 + 2 * 101
    assert not verify(path).problems


def test_rows_are_bounded_whatever_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_rows, "MOST_ROWS", {1: 2, 60: 10, 3600: 20})
    monkeypatch.setattr(history_rows, "MOST_PERIODS", 15)
    path = tmp_path / "journal.db"
    with closing(old(path, 50)) as opened:
        query = "SELECT count(*) FROM rolls WHERE step_s = ?"
        counts = [opened.execute(query, (step,)).fetchone()[0] for step in (1, 60, 3600)]
        assert counts == [2, 10, 20]
        assert opened.execute("SELECT count(*) FROM periods").fetchone() == (15,)
    assert not verify(path).problems


def test_a_clock_far_ahead_for_an_hour_does_not_cost_years(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with closing(old(path, 50)) as opened:
        Batch((), (), (), 0, 90_000 * DAY_S, thorough=True).store(opened)
        query = "SELECT count(*) FROM rolls WHERE step_s = 3600"
        assert opened.execute(query).fetchone()[0] >= 48


def test_a_roll_that_is_damaged_is_told_and_ends_no_thread(gateway: Gateway) -> None:
    gateway.run(70)
    gateway.journal.stop()
    gateway.spoil("UPDATE rolls SET rtt_buckets = 'none' WHERE step_s = 1")
    gateway.now_ms = gateway.world.now_ms
    gateway.boot().run(120)
    gateway.note("still written")
    gateway.stop()
    assert gateway.journal.error is None or "damaged" in gateway.journal.error
    assert gateway.rows("SELECT what FROM events") == [("still written",)]
