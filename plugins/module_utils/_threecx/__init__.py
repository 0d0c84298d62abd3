# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration API of 3CX V20: client, what its answers mean, and the objects it serves.

Private to this collection.
"""

from __future__ import annotations
