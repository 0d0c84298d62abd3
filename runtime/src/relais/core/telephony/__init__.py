# SPDX-License-Identifier: GPL-3.0-or-later
"""The telephone system: what is to be told to it after a switch, and how it took it."""

from __future__ import annotations
