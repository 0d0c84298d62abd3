# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine of our own below a temporary folder, on which nothing is started or stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.relais.continuity.plugins.module_utils._rollback import store, units

OWNED = {
    "files": [
        "/etc/relais",
        "/etc/net/05-relais-*.network",
        "/opt/relais",
        "/usr/local/bin/relais",
    ],
    "units": [],
    "interfaces": [],
    "rules": [[1000, 1000]],
    "tables": [1001, 1255],
    "nft": "relais-unit-test",
    "sysctls": [],
}


def write(root: Path, path: str, text: str, mode: int = 0o644) -> Path:
    """Make a file of the machine, and the folders above it."""
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    target.chmod(mode)
    return target


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A gateway's files: small ones, a release, links."""
    write(tmp_path, "/etc/relais/config.json", '{"a": 1}')
    write(tmp_path, "/etc/relais/anchor.key", "secret", 0o600)
    write(tmp_path, "/etc/net/05-relais-wan1.network", "[Match]\nName=wan1\n")
    write(tmp_path, "/etc/net/50-other.network", "of somebody else")
    write(tmp_path, "/opt/relais/releases/1/relais.pyz", "r" * 300_000, 0o755)
    (tmp_path / "opt/relais/current").symlink_to("releases/1")
    return tmp_path


@pytest.fixture
def place(root: Path, monkeypatch: pytest.MonkeyPatch) -> store.Store:
    """The folder of the rollback on that machine; systemd is not asked."""
    for name in ("install", "watch", "rest"):
        monkeypatch.setattr(units, name, lambda: None)
    return store.Store(root)


@pytest.fixture
def spec() -> dict[str, Any]:
    return {"owned": OWNED, "egress": {}}


@pytest.fixture
def sources() -> dict[str, bytes]:
    folder = Path(units.__file__).parent
    return {name: (folder / f"{name}.py").read_bytes() for name in units.MODULES}
