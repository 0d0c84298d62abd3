# SPDX-License-Identifier: GPL-3.0-or-later
"""relais: watches every WAN of a gateway and steers new flows to one that works."""

from __future__ import annotations

__version__ = "0.1.0"
