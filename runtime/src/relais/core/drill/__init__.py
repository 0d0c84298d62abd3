# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills, the pure half: may a drill run, and what did it show. No I/O; times are arguments."""

from __future__ import annotations
