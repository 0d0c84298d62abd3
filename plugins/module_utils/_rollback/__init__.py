# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rollback of a gateway: snapshot, deadline, restoration. Python's standard library only.

The module rollback_guard calls it, and leaves a copy of it beside each snapshot, so that what
restores a gateway is never what the same run upgrades. Private to this collection.
"""

from __future__ import annotations
