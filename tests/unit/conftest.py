# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the collection and the double of the PBX importable, and golden files renewable."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = ROOT / "build" / "collections"


def _link_collection() -> None:
    link = COLLECTIONS / "ansible_collections" / "relais" / "continuity"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to("../../../..")


_link_collection()
sys.path.insert(0, str(COLLECTIONS))
sys.path.insert(0, str(ROOT))

from tests.pbx import fixtures  # noqa: E402 - after the path to it

# pytest finds fixtures by their names.
pbx, start_pbx = fixtures.pbx, fixtures.start_pbx


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites what tests compare with."""
    parser.addoption(
        "--regenerate", action="store_true", help="rewrite golden files and generated tables"
    )


@pytest.fixture
def regenerate(request: pytest.FixtureRequest) -> bool:
    """Say whether golden files and generated tables shall be rewritten."""
    return bool(request.config.getoption("--regenerate"))
