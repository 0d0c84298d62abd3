# SPDX-License-Identifier: GPL-3.0-or-later
"""Alerts: a process of its own that tells people of incidents, over whatever path is left."""

from __future__ import annotations
