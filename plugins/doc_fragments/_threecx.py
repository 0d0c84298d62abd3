# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules for 3CX share: how they reach the PBX, and what they never show."""

from __future__ import annotations


class ModuleDocFragment:
    """Options and attributes of every module that speaks to a 3CX PBX."""

    DOCUMENTATION = r"""
options:
  host:
    description:
      - Name of the PBX, as in its certificate.
    type: str
    required: true
  port:
    description:
      - Its HTTPS port. A PBX uses V(443) or V(5001).
    type: int
    default: 443
  client_id:
    description:
      - The API client of the PBX, made in Admin > Integrations > API with access to the
        configuration API, a department and the role System Owner.
      - Only one token of a client is valid at a time, so nothing else may use the same client.
    type: str
    required: true
  client_secret:
    description:
      - The secret of the API client.
      - The environment variable E(RELAIS_THREECX_CLIENT_SECRET) by default.
    type: str
    required: true
  validate_certs:
    description:
      - Whether the certificate of the PBX must be one that O(ca_path) or this controller trusts.
    type: bool
    default: true
  ca_path:
    description:
      - File with the certificates of the authorities to trust. Those of the controller by default.
    type: path
  timeout_s:
    description:
      - How long to wait for an answer, in seconds.
    type: int
    default: 30
  token_cache:
    description:
      - File that keeps the token, so that the tasks of a play use the same one. It is readable by
        its owner only, and locked while a token is fetched.
      - By default a file in C(relais-threecx) below E(XDG_RUNTIME_DIR) or C(~/.cache), its name
        derived from O(host), O(port), O(client_id) and O(client_secret).
    type: path
requirements:
  - 3CX V20, 20.0.7 or later, with a licence that includes the configuration API (Enterprise).
notes:
  - Run it where the PBX can be reached, usually on the controller with C(delegate_to) V(localhost).
  - Use C(throttle) V(1) for tasks of several hosts against the same PBX.
  - Secrets of the PBX are neither read nor returned.
attributes:
  platform:
    description: Where the module can run.
    support: full
    platforms: posix
"""

    CHANGES = r"""
options: {}
attributes:
  check_mode:
    description: Says in C(check_mode) what would change, and changes nothing.
    support: full
    details:
      - Everything is read and checked as for a change.
  diff_mode:
    description: Shows in C(diff) mode what has changed, or would change.
    support: full
  idempotent:
    description: A second run with the same arguments changes nothing.
    support: full
"""

    ACTS = r"""
options: {}
attributes:
  check_mode:
    description: Says in C(check_mode) what would change, and changes nothing.
    support: full
    details:
      - Nothing is registered anew and nobody is called. An analysis changes nothing, so that it is
        carried out.
  diff_mode:
    description: Shows in C(diff) mode what has changed, or would change.
    support: none
  idempotent:
    description: A second run with the same arguments changes nothing.
    support: none
    details:
      - Each run registers or calls anew.
"""

    READS = r"""
options: {}
attributes:
  check_mode:
    description: Says in C(check_mode) what would change, and changes nothing.
    support: full
    details:
      - This module only reads.
  diff_mode:
    description: Shows in C(diff) mode what has changed, or would change.
    support: N/A
    details:
      - This module only reads.
  idempotent:
    description: A second run with the same arguments changes nothing.
    support: full
    details:
      - This module only reads.
"""
