# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Private to the relais.continuity collection: do not import it from elsewhere.
"""From a host's ``relais_`` variables to its plan; the one way in is `build_plan`."""

from __future__ import annotations

from .addresses import HAS_NETADDR
from .build import build_plan
from .problems import PlanError

__all__ = ["HAS_NETADDR", "PlanError", "build_plan"]
