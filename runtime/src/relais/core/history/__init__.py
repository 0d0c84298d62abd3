# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of links and services over months, and what may be said of it."""

from __future__ import annotations
