# SPDX-License-Identifier: GPL-3.0-or-later
"""The asking side of the control socket."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

SOCKET = Path("/run/relais/control.sock")
VERSION = 1


class DaemonUnreachable(RuntimeError):
    """Nobody answers on the control socket."""


class ControlError(RuntimeError):
    """The daemon refused; `code` is for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ControlClient:
    """One request per call; each opens its own connection."""

    def __init__(self, path: Path = SOCKET, timeout_s: float = 5.0) -> None:
        self._path = path
        self._timeout_s = timeout_s

    def call(self, command: str, **arguments: object) -> dict[str, Any]:
        """The result of `command`. Raises DaemonUnreachable or ControlError."""
        request = json.dumps({"version": VERSION, "command": command, **arguments})
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
                channel.settimeout(self._timeout_s)
                channel.connect(str(self._path))
                channel.sendall(request.encode() + b"\n")
                with channel.makefile("rb") as stream:
                    line = stream.readline()
        except PermissionError as error:
            raise ControlError(
                "not_allowed", "relaisd talks to root, and to members of the group relais"
            ) from error
        except OSError as error:
            raise DaemonUnreachable(
                f"relaisd does not answer on {self._path}: {error.strerror or error}; "
                "is the service running? (systemctl status relaisd)"
            ) from error
        if not line:
            raise DaemonUnreachable(f"relaisd closed {self._path} without an answer")
        reply = json.loads(line)
        if not reply.get("ok"):
            refusal = reply.get("error", {})
            code = str(refusal.get("code", "unknown"))
            raise ControlError(code, str(refusal.get("message", "")))
        result: dict[str, Any] = reply["result"]
        return result
