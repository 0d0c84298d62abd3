# SPDX-License-Identifier: GPL-3.0-or-later
"""`python3 -m tests.pbx`, with nothing but the standard library."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.pbx.client import Client

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Any]:
    """Run the double without site packages; give what a client needs to reach it."""
    process = subprocess.Popen(
        [sys.executable, "-S", "-m", "tests.pbx", "--port", "0", "--state", folder / "state.json",
         "--ca", folder / "ca.crt", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        where = json.loads(process.stdout.readline())
        host, _colon, port = where["url"].rpartition("//")[2].rpartition(":")
        yield SimpleNamespace(
            host=host,
            port=int(port),
            client_id=where["client_id"],
            client_secret="made-up-secret",  # noqa: S106 - the default of the command
            ca_path=folder / "ca.crt" if where["url"].startswith("https") else None,
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_it_serves_until_it_is_told_to_end(tmp_path: Path, scheme: str) -> None:
    with running(tmp_path, "--scheme", scheme) as pbx:
        assert len(Client(pbx).log_in().rows("Users")) == 45


def test_what_was_written_is_there_again_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as pbx:
        client = Client(pbx).log_in()
        made = client.ask("POST", "Groups", {"Name": "Annex"}).body
    with running(tmp_path, "--version", "20.0.8") as pbx:
        client = Client(pbx).log_in()
        assert client.get(f"Groups({made['Id']})").body["Name"] == "Annex"
        later = client.ask("POST", "Groups", {"Name": "Attic"}).body
        assert later["Id"] > made["Id"]
