# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench: relais and what users run today, side by side in the lab, seen from the LAN."""

from __future__ import annotations
