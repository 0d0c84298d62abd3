# SPDX-License-Identifier: GPL-3.0-or-later
"""The answering side of the control socket: one JSON line in, one JSON line out."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

VERSION = 1
MAX_LINE = 65_536


class Refused(Exception):
    """A request that cannot be granted; `code` is for programs, the text for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


Handler = Callable[[Mapping[str, object]], Mapping[str, object]]


class ControlServer:
    """Serves a table of commands on a unix socket that only root and our group may open."""

    def __init__(self, path: Path, handlers: Mapping[str, Handler]) -> None:
        self._path = path
        self._handlers = handlers
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Take the socket over, even from a predecessor that did not clean up."""
        self._path.unlink(missing_ok=True)
        old_mask = os.umask(0o117)
        try:
            self._server = await asyncio.start_unix_server(
                self._serve, str(self._path), limit=MAX_LINE
            )
        finally:
            os.umask(old_mask)

    async def stop(self) -> None:
        """Stop listening and remove the socket."""
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await asyncio.wait_for(reader.readline(), 30.0):
                writer.write(json.dumps(self.answer(line)).encode() + b"\n")
                await writer.drain()
        except (OSError, TimeoutError, ValueError):
            pass  # The asker is gone, silent, or sent a line without end.
        finally:
            writer.close()

    def answer(self, line: bytes) -> dict[str, object]:
        """The reply to one request line; never raises for bad input."""
        try:
            return {"version": VERSION, "ok": True, "result": self._handle(line)}
        except Refused as error:
            reason = {"code": error.code, "message": str(error)}
            return {"version": VERSION, "ok": False, "error": reason}

    def _handle(self, line: bytes) -> Mapping[str, object]:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise Refused("bad_json", "a request is one line of JSON") from error
        if not isinstance(request, dict):
            raise Refused("bad_request", "a request is a JSON object")
        if request.get("version") != VERSION:
            raise Refused("bad_version", f"this daemon speaks version {VERSION}")
        handler = self._handlers.get(str(request.get("command")))
        if handler is None:
            known = ", ".join(sorted(self._handlers))
            raise Refused("unknown_command", f"known commands: {known}")
        return handler(request)
