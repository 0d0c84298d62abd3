# SPDX-License-Identifier: GPL-3.0-or-later
"""A site for agents to ask about."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from supervised import Gateway

from tests.unit.supervision.running import ROOT, Site


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the one file that gateways install."""
    builder = ROOT / "runtime" / "build_artifact.py"
    words = [sys.executable, builder, "--output", tmp_path_factory.mktemp("artifact")]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return Path(json.loads(done.stdout)["path"])


@pytest.fixture
def site(artifact: Path) -> Iterator[Site]:
    """Return a site at rest, in a folder that everybody may enter."""
    folder = Path(tempfile.mkdtemp(prefix="relais-supervision-"))
    folder.chmod(0o777)
    try:
        shutil.copy(artifact, folder / "relais.pyz")
        (folder / "relais.pyz").chmod(0o755)
        (folder / "textfiles").mkdir()
        (folder / "textfiles").chmod(0o777)
        one = Site(folder, Gateway(folder))
        yield one
        for agent in one.running:
            agent.terminate()
        for agent in one.running:
            agent.wait(timeout=30)
        for log in folder.glob("*.log"):  # shown when the test has failed
            print(f"{log.name}: {log.read_text(errors='replace')}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
