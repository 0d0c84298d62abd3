# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure decisions. Nothing here does I/O or asks for the time; `step` is the only door."""

from __future__ import annotations
