# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way from a module to the runtime: the relais command and its JSON.

Private to this collection.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ansible.module_utils.basic import AnsibleModule

MINIMUM_VERSION = (0, 1, 0)
_FOLDERS = ["/usr/local/bin", "/usr/local/sbin", "/opt/relais/bin"]
_NO_DAEMON = 3


class RelaisCli:
    """The relais command of a gateway. Fails the module when it is missing or too old."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module
        self._binary = module.get_bin_path("relais", required=False, opt_dirs=_FOLDERS)
        if self._binary is None:
            module.fail_json(
                msg="The command relais is not installed on this host. "
                "Apply the role relais.continuity.runtime to it first."
            )
        self._require_version()

    def _require_version(self) -> None:
        _rc, out, err = self._module.run_command([self._binary, "--version"])
        found = re.search(r"(\d+)\.(\d+)\.(\d+)", out)
        if found is None:
            self._module.fail_json(
                msg=f"The command relais does not tell its version: {err or out}"
            )
        if tuple(int(part) for part in found.groups()) < MINIMUM_VERSION:
            least = ".".join(str(part) for part in MINIMUM_VERSION)
            self._module.fail_json(
                msg=f"relais {found.group()} on this host is too old, {least} or later is needed. "
                "Apply the role relais.continuity.runtime to it again."
            )

    def ask(self, *words: str) -> dict[str, Any]:
        """Run a command with --json and return its document, which may be a negative answer.

        Fails the module when the answer is an error or cannot be read.
        """
        rc, out, err = self._module.run_command([self._binary, *words, "--json"])
        try:
            answer = json.loads(out)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            self._module.fail_json(
                msg=f"relais {' '.join(words)} gave no answer that can be read "
                f"(exit status {rc}): {(err or out).strip()}",
                rc=rc,
            )
        if "error" in answer:
            self._fail(answer["error"], rc)
        return answer

    def _fail(self, error: dict[str, Any], rc: int) -> None:
        message = error.get("message", "relais failed without a message")
        if rc == _NO_DAEMON:
            message += ". Is the service relaisd running on this host?"
        self._module.fail_json(
            msg=message,
            code=error.get("code", "unknown"),
            problems=error.get("problems", []),
            rc=rc,
        )
