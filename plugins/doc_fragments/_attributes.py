# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module of the collection says about check mode, diff mode and idempotence."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes shared by the modules that talk to the relais command."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Says in C(check_mode) what would change, and changes nothing.
  diff_mode:
    description: Shows in C(diff) mode what has changed, or would change.
  idempotent:
    description: A second run with the same arguments changes nothing.
  platform:
    description: Where the module can run.
    support: full
    platforms: linux
requirements:
  - The relais runtime on the gateway, installed by the role P(relais.continuity.runtime#role).
"""

    ROLLBACK = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Arms nothing and confirms nothing.
  diff_mode:
    support: N/A
    description: Shows in C(diff) mode what has changed, or would change.
    details:
      - What was taken back is in RV(last).
  idempotent:
    support: N/A
    description: A second run with the same arguments changes nothing.
  platform:
    description: Where the module can run.
    support: full
    platforms: linux
requirements:
  - Root on a gateway with systemd, iproute2 and nftables.
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This module only reads.
  diff_mode:
    support: N/A
    details:
      - This module only reads.
  idempotent:
    support: full
    details:
      - This module only reads.
"""
