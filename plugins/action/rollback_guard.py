# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's side of rollback_guard: it confirms over a connection that is new."""

from __future__ import annotations

import getpass
import socket
import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

MODULE = "relais.continuity.rollback_guard"
INFO = "relais.continuity.rollback_guard_info"
PAUSE_S = 1
RESTORED_WITHIN_S = 45
"""How long after its deadline a gateway may take to be reached again."""

UNREACHABLE = (
    "The gateway cannot be reached by a new connection. It takes the change back by itself, unless "
    "it has no power"
)
# A flow that is open may pass where a new one would not: no shared connection (ssh(1), -S), and one
# that is cut half-way ends soon.
NEW_CONNECTION = "-S none -o ServerAliveInterval=3 -o ServerAliveCountMax=3"


class ActionModule(ActionBase):
    """Arms over the connection at hand; asks for everything else over new ones."""

    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module, as often as it takes to reach the gateway."""
        result = super().run(tmp, task_vars)
        args = dict(self._task.args)
        args.setdefault("by", f"{getpass.getuser()}@{socket.gethostname()}")
        if self._task.check_mode or not args.get("id"):
            return {**result, **self._execute_module(MODULE, args, task_vars=task_vars)}
        self._use_new_connections()
        until = time.monotonic() + int(args.get("within_s") or 60) + RESTORED_WITHIN_S
        result.update(self._insist(MODULE, args, task_vars, until))
        if args.get("state") == "rolled_back" and not result.get("failed"):
            result.update(self._until_restored(args, task_vars, until))
        return result

    def _use_new_connections(self) -> None:
        if self._connection.transport.rpartition(".")[2] == "ssh":
            given = self._connection.get_option("ssh_extra_args") or ""
            self._connection.set_option("ssh_extra_args", f"{given} {NEW_CONNECTION}".strip())
        else:
            self._connection.reset()

    def _insist(
        self, module: str, args: dict[str, Any], task_vars: dict[str, Any] | None, until: float
    ) -> dict[str, Any]:
        """Run a module; where no new connection is made, try until the time is over."""
        refused = ""
        while True:
            try:
                answer = self._execute_module(module, args, task_vars=task_vars)
            except AnsibleConnectionFailure as error:
                refused = str(error).strip()
            else:
                if refused and answer.get("failed"):
                    answer["msg"] = f"No new connection was possible ({refused}). {answer['msg']}"
                return answer
            if time.monotonic() > until:
                return {"failed": True, "msg": f"{UNREACHABLE} ({refused})."}
            time.sleep(PAUSE_S)

    def _until_restored(
        self, args: dict[str, Any], task_vars: dict[str, Any] | None, until: float
    ) -> dict[str, Any]:
        while True:
            answer = self._insist(INFO, {}, task_vars, until)
            if answer.get("failed") or answer["pending"] != args["id"]:
                break
            if time.monotonic() > until:
                return {"failed": True, "msg": "The gateway is still taking the change back"}
            time.sleep(PAUSE_S)
        last = answer.get("last") or {}
        return {**answer, "changed": bool(last.get("id") == args["id"] and last.get("changed"))}
