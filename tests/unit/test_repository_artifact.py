# SPDX-License-Identifier: GPL-3.0-or-later
"""The artefact that gateways install."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILDER = ROOT / "runtime" / "build_artifact.py"


def build(folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(BUILDER), "--output", str(folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(build(tmp_path_factory.mktemp("artifact"))["path"])


def run(artifact: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Neither the checkout nor the virtual environment may lend the artefact what it lacks.
    return subprocess.run(
        [sys.executable, "-I", "-S", str(artifact), *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
    )


def test_two_builds_are_the_same_bytes(artifact: Path, tmp_path: Path) -> None:
    again = Path(build(tmp_path)["path"])
    assert again.read_bytes() == artifact.read_bytes()


def test_the_digest_beside_it_is_its_own(artifact: Path) -> None:
    digest = hashlib.sha256(artifact.read_bytes()).hexdigest()
    beside = artifact.with_name("relais.pyz.sha256").read_text(encoding="ascii")
    assert beside == f"{digest}  relais.pyz\n"
    assert build(artifact.parent)["sha256"] == digest


def test_an_artefact_that_is_right_is_not_written_again(artifact: Path) -> None:
    os.utime(artifact, (1, 1))
    build(artifact.parent)
    assert artifact.stat().st_mtime == 1


def test_it_says_the_version_that_was_built(artifact: Path) -> None:
    said = run(artifact, "--version")
    assert said.returncode == 0, said.stderr
    assert build(artifact.parent)["version"] in said.stdout


def test_it_carries_every_file_of_the_package(artifact: Path) -> None:
    source = ROOT / "runtime" / "src"
    wanted = {
        path.relative_to(source).as_posix()
        for path in (source / "relais").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(artifact) as archive:
        assert wanted <= set(archive.namelist())


def test_it_runs_where_nothing_is_installed(artifact: Path, tmp_path: Path) -> None:
    empty = tmp_path / "config.json"
    empty.write_text("{}", encoding="utf-8")
    answer = run(artifact, "check-config", str(empty), "--json")
    assert answer.returncode == 1, answer.stderr
    assert json.loads(answer.stdout)
