# SPDX-License-Identifier: GPL-3.0-or-later
"""The load client and its server, for real, on the loopback of a network namespace of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bench import wire

TESTS = Path(__file__).resolve().parents[2]
NETWORK = f"ip link set lo up && ip addr add {wire.HOST}/32 dev lo && exec "
TOLD_AT_MOST = 100  # lines of 0.2 s each


@pytest.fixture
def server() -> Iterator[subprocess.Popen[str]]:
    if os.geteuid() != 0:
        pytest.skip("needs root: it makes a network namespace")
    serve = f"{NETWORK} {sys.executable} -m bench.server"
    process = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", serve], cwd=TESTS, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


class Load:
    def __init__(self, server: subprocess.Popen[str], path: Path) -> None:
        enter = ["nsenter", "--target", str(server.pid), "--net"]
        self.path = path
        self.process = subprocess.Popen(
            [*enter, sys.executable, "-m", "bench.load", str(path)],
            cwd=TESTS,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def say(self, words: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{words}\n")
        self.process.stdin.flush()

    def until(self, condition: Callable[[dict[str, Any]], bool]) -> None:
        assert self.process.stdout is not None
        for _unused in range(TOLD_AT_MOST):
            if condition(json.loads(self.process.stdout.readline())):
                return
        raise AssertionError("it never came true")

    def finish(self) -> dict[str, Any]:
        self.say("stop")
        self.process.communicate(timeout=30)
        record: dict[str, Any] = json.loads(self.path.read_text())
        return record


@pytest.fixture
def load(server: subprocess.Popen[str], tmp_path: Path) -> Iterator[Load]:
    load = Load(server, tmp_path / "samples.json")
    try:
        yield load
    finally:
        load.process.kill()
        load.process.communicate()


def working(state: dict[str, Any]) -> bool:
    return all(state[kind]["via"] == wire.HOST for kind in wire.PORTS)


def test_every_kind_of_request_is_answered_with_the_address_that_asked(load: Load) -> None:
    load.until(working)
    record = load.finish()
    for kind, samples in record["requests"].items():
        seen = {via for _unused, answered, via in samples if answered is not None}
        assert seen == {wire.HOST}, kind
    assert {via for _unused, answered, via in record["fixed"] if answered} == {wire.HOST}


def test_sessions_are_held_checked_and_told_when_the_other_end_is_gone(
    load: Load, server: subprocess.Popen[str]
) -> None:
    load.say(f"open 1 4 {wire.STREAM_PORT}")
    load.until(lambda state: state["sessions"].get("1", {}).get("open") == 4)
    load.say("check")
    mark = None

    def answered_since(state: dict[str, Any]) -> bool:
        nonlocal mark
        mark = mark or state["at"]
        return bool(state["udp"]["good"] > mark)

    load.until(answered_since)
    server.kill()
    load.until(lambda state: state["sessions"]["1"]["told"] == 4)
    sessions = load.finish()["sessions"]
    assert sorted(session["kind"] for session in sessions) == ["idle", "idle", "reads", "reads"]
    for session in sessions:
        assert session["via"] == wire.HOST
        assert session["told"] is not None
        assert (session["answered_check"] is not None) == (session["kind"] == "idle")


def test_quiet_asks_nothing(load: Load) -> None:
    load.until(working)
    load.say("quiet")
    last = 0.0

    def silent(state: dict[str, Any]) -> bool:
        nonlocal last
        before, last = last, state["udp"]["good"]
        return bool(before == last)

    load.until(silent)
    load.until(silent)
    load.say("work")
    quiet_since = last
    load.until(lambda state: bool(state["udp"]["good"] > quiet_since))
