# SPDX-License-Identifier: GPL-3.0-or-later
"""What the events of the journal add up to. docs/reference/incident.md is the contract."""

from __future__ import annotations
