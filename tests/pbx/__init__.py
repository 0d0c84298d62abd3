# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of the 3CX configuration API (XAPI), for tests and for the lab.

It behaves as PBXs of version 20.0.7 to 20.0.10 have been seen to behave, oddities included, and
its routing oracle says who rings when a number is called. Standard library and openssl only.
"""

from __future__ import annotations

from .double import Pbx
from .oracle import EVERYBODY, Location, Oracle, Outcome

__all__ = ["EVERYBODY", "Location", "Oracle", "Outcome", "Pbx"]
