# SPDX-License-Identifier: GPL-3.0-or-later
"""From what was kept of links and services to figures that hold in a dispute."""

from __future__ import annotations
