# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: a two-WAN office and its Internet on one machine, in network namespaces of its own."""

from __future__ import annotations
