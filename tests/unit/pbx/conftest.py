# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that is logged in at the double."""

from __future__ import annotations

import pytest

from tests.pbx import Pbx
from tests.unit.pbx.client import Client


@pytest.fixture
def client(pbx: Pbx) -> Client:
    """Return a client with a token."""
    return Client(pbx).log_in()
