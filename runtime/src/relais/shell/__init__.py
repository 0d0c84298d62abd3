# SPDX-License-Identifier: GPL-3.0-or-later
"""All input and output of the runtime, one choke point for each kind."""

from __future__ import annotations
