# SPDX-License-Identifier: GPL-3.0-or-later
"""The telephone system behind the gateway: telling it that its WAN has changed."""

from __future__ import annotations
