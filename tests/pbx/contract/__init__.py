# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds what the double hears and says to the vendor's own description of the API.

The description is not ours and not shipped: without the file nothing is held.
"""

from __future__ import annotations
