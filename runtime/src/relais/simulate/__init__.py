# SPDX-License-Identifier: GPL-3.0-or-later
"""The production core on a virtual clock, against link models or recorded traces."""

from __future__ import annotations
