# SPDX-License-Identifier: GPL-3.0-or-later
"""What unmetered lines carry, measured on purpose: opt-in, by night, never while anything is wrong.

docs/reference/throughput.md is the contract.
"""

from __future__ import annotations
