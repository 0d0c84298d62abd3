# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook makes of a gateway is looked at on lines that work."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(scope="module", autouse=True)
def rest(site_lab: Any) -> None:
    """No fault of an earlier test is left."""
    site_lab.at_rest()
