# SPDX-License-Identifier: GPL-3.0-or-later
"""The drill's own telephone: it registers, calls a number that sends the voice back, listens."""

from __future__ import annotations
