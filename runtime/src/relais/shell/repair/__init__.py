# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts back what others take away, as soon as the kernel tells."""

from __future__ import annotations
