# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages for people, made on the controller from files that gateways produced."""

from __future__ import annotations
