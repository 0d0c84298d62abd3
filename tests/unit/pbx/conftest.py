# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that is logged in at the double, and the firm during its hours."""

from __future__ import annotations

import pytest

from tests.pbx import Pbx
from tests.pbx.fixtures import StartPbx
from tests.unit.pbx.client import Client
from tests.unit.pbx.firm import OPEN


@pytest.fixture
def client(pbx: Pbx) -> Client:
    """Return a client with a token."""
    return Client(pbx).log_in()


@pytest.fixture
def office(start_pbx: StartPbx) -> Pbx:
    """Return the made-up firm during its working hours."""
    pbx = start_pbx()
    pbx.clock.stop_at(OPEN)
    return pbx
