# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever changes what was kept is found out, unless all of it is made anew."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from relais.cli import main
from relais.shell import chain, database, journal
from relais.shell.verify import fingerprint, verify
from shell.kept import Gateway


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    """A gateway with an outage behind it, switched off."""
    gateway = Gateway(tmp_path_factory.mktemp("verify") / "journal.db").boot()
    gateway.note("first")
    gateway.run(1300)
    gateway.world.dark.add("fibre")
    gateway.run(60)
    gateway.world.dark.clear()
    for number in range(20):
        gateway.note(f"event {number}")
    return gateway.run(2000).stop()


@pytest.fixture
def gateway(written: Gateway, tmp_path: Path) -> Gateway:
    """The same with a disk of its own."""
    copied = Gateway(tmp_path / "journal.db")
    copied.now_ms, copied.sequence = written.now_ms, written.sequence
    shutil.copy(written.path, copied.path)
    return copied


def test_what_nobody_touched_fits(gateway: Gateway) -> None:
    verdict = verify(gateway.path)
    assert verdict.problems == ()
    rows = {head.kind: (head.rows, head.pending) for head in verdict.heads}
    assert rows["events"] == (21, 0)
    assert rows["periods"][1] == 0
    assert rows["minutes"][0] > 100
    assert rows["hours"][0] == 2
    (events,) = (head for head in verdict.heads if head.kind == "events")
    assert fingerprint(gateway.path) == f"{events.n}-{events.hash}"


@pytest.mark.parametrize(
    ("statement", "kind", "told"),
    [
        ("UPDATE events SET why = 'another' WHERE seq = 5", "events", "[5], link 5: is not what"),
        ("DELETE FROM events WHERE seq = 7", "events", "[7], link 7: has been removed"),
        (
            "UPDATE periods SET excused = 1 WHERE condition = 'unavailable' AND subject = 'wan'",
            "periods",
            '["wan","fibre",',
        ),
        ("DELETE FROM periods WHERE condition = 'unavailable'", "periods", "has been removed"),
        ("UPDATE rolls SET lost = 0, sent = sent + 1 WHERE step_s = 60", "minutes", "is not what"),
        ("UPDATE rolls SET lost = 1 WHERE step_s = 3600 AND wan = 'lte'", "hours", "is not what"),
        ("DELETE FROM rolls WHERE step_s = 3600 AND wan = 'lte'", "hours", "has been removed"),
        (
            "INSERT INTO rolls VALUES (60, 1790000000, 'dsl', 60000, 9, 0, 9, 1, '{}', 0, 0)",
            "minutes",
            "is in no chain: it was put in",
        ),
        ("DELETE FROM chain WHERE kind = 'events' AND n = 3", "events", "link 4: links 3 to 3"),
    ],
)
def test_the_first_row_that_does_not_fit_is_named(
    gateway: Gateway,
    capsys: pytest.CaptureFixture[str],
    statement: str,
    kind: str,
    told: str,
) -> None:
    gateway.spoil(statement)
    assert main(["verify", "--journal", str(gateway.path)]) == 1
    shown = capsys.readouterr().out
    assert told in shown
    assert [problem.kind for problem in verify(gateway.path).problems] == [kind]


def test_a_chain_made_anew_is_found_out_by_what_is_known_outside(
    gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["verify", "--journal", str(gateway.path)]
    assert main([*call, "--json"]) == 0
    known = tmp_path / "known.json"
    known.write_text(capsys.readouterr().out, encoding="utf-8")
    word = fingerprint(gateway.path)
    assert word is not None
    gateway.boot().run(120)
    gateway.note("later")
    gateway.stop()
    assert main([*call, "--known", str(known)]) == 0
    assert main([*call, "--fingerprint", word]) == 0
    assert word != fingerprint(gateway.path)
    gateway.spoil("UPDATE events SET what = 'nothing' WHERE seq = 1", "DELETE FROM chain")
    with database.transaction(gateway.path) as opened:
        chain.seal_events(opened)
        for kind in (chain.PERIODS, chain.MINUTES, chain.HOURS):
            chain.seal(opened, kind, chain.unsealed(opened, kind))
    assert main(call) == 0
    capsys.readouterr()
    assert main([*call, "--known", str(known), "--json"]) == 1
    assert "has been rewritten" in json.loads(capsys.readouterr().out)["problems"][0]["what"]
    assert main([*call, "--fingerprint", word.upper()]) == 1
    assert "has been rewritten" in capsys.readouterr().out


def test_a_fingerprint_finds_out_that_the_newest_events_were_cut_off(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    word = fingerprint(gateway.path)
    assert word is not None
    gateway.spoil(
        "DELETE FROM events WHERE seq > 15", "DELETE FROM chain WHERE kind = 'events' AND n > 15"
    )
    call = ["verify", "--journal", str(gateway.path)]
    assert main(call) == 0
    assert main([*call, "--fingerprint", word]) == 1
    assert "link 21: its digest was" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["", "4711", "4711-5eed", "x-" + 64 * "0"])
def test_a_word_that_is_no_fingerprint_is_told(
    gateway: Gateway, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    assert main(["verify", "--journal", str(gateway.path), "--fingerprint", word]) == 2
    assert f"{word!r} is no fingerprint: it must be" in capsys.readouterr().err


def test_a_journal_without_events_has_no_fingerprint(tmp_path: Path) -> None:
    empty = tmp_path / "journal.db"
    with database.transaction(empty) as opened:
        opened.execute("CREATE TABLE incidents (id TEXT)")
    assert fingerprint(empty) is None
    with database.transaction(empty) as opened:
        opened.executescript(chain.SCHEMA)
    assert fingerprint(empty) is None


def test_events_that_are_dropped_for_their_age_break_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "KEEP_EVENTS", 10)
    gateway = Gateway(tmp_path / "journal.db").boot()
    for number in range(35):
        gateway.note(f"event {number}")
    gateway.stop()
    assert gateway.rows("SELECT count(*) FROM events") == [(10,)]
    assert gateway.rows("SELECT count(*) FROM chain WHERE kind = 'events'") == [(10,)]
    verdict = verify(gateway.path)
    assert verdict.problems == ()
    assert verdict.heads[0].dropped == 25
    gateway.spoil("DELETE FROM events WHERE seq = 30")
    assert verify(gateway.path).problems[0].key == "[30]"


def test_the_rule_is_the_documented_one(gateway: Gateway) -> None:
    columns = ("seq", "id", "at", "kind", "wan", "service", "what", "why", "inputs")
    last = "0" * 64
    for row in gateway.rows("SELECT * FROM events ORDER BY seq"):
        pairs = dict(zip(columns, row, strict=True))
        text = json.dumps(pairs, sort_keys=True, separators=(",", ":"))
        last = hashlib.sha256(f"{last}\n{text}".encode()).hexdigest()
    assert verify(gateway.path).heads[0].hash == last


def test_no_journal_and_no_such_file_are_told(
    tmp_path: Path, gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", "--journal", str(tmp_path / "none.db"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "no_journal"
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"no database at all" * 1000)
    assert main(["verify", "--journal", str(garbage)]) == 2
    known = tmp_path / "known.json"
    known.write_text("[]", encoding="utf-8")
    assert main(["verify", "--journal", str(gateway.path), "--known", str(known)]) == 2
    assert "is not what `relais verify --json` prints" in capsys.readouterr().err
