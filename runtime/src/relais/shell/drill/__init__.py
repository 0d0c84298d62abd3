# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills, the doing half: faults in the kernel, a synthetic LAN client, the run itself."""

from __future__ import annotations
