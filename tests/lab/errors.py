# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error of the lab: a message for the person at the keyboard."""

from __future__ import annotations


class LabError(Exception):
    """What is wrong and what would be right; printed without a traceback."""
