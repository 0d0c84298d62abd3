# SPDX-License-Identifier: GPL-3.0-or-later
"""The answering side of the control socket: one JSON line in, one JSON line out.

Who may connect is said by the socket's mode: root and our group. Who may command is said by the
kernel, which names the process at the other end (SO_PEERCRED, unix(7)): root, and nobody else.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

VERSION = 1
MAX_LINE = 65_536
MAX_GUESTS = 16
"""Connections of others than root at a time: they cannot keep root out."""
PATIENCE_S = 30.0
_UCRED = struct.Struct("=iII")


class Refused(Exception):
    """A request that cannot be granted; `code` is for programs, the text for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


Handler = Callable[[Mapping[str, object]], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Peer:
    """The process that asks, by the kernel's word."""

    uid: int

    @property
    def commands(self) -> bool:
        """Whether it may change anything."""
        return self.uid == 0


class ControlServer:
    """Serves questions and orders on a unix socket that only root and our group may open."""

    def __init__(
        self, path: Path, questions: Mapping[str, Handler], orders: Mapping[str, Handler]
    ) -> None:
        self._path = path
        self._questions = questions
        self._orders = orders
        self._guests = 0
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
        peer = _peer(writer)
        guest = not peer.commands
        self._guests += guest
        try:
            if self._guests <= MAX_GUESTS or not guest:
                await self._converse(peer, reader, writer)
        except (OSError, TimeoutError, ValueError):
            writer.transport.abort()  # The asker is gone, silent, deaf, or sends without end.
        finally:
            self._guests -= guest
            writer.close()

    async def _converse(
        self, peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while line := await asyncio.wait_for(reader.readline(), PATIENCE_S):
            writer.write(json.dumps(self.answer(line, peer)).encode() + b"\n")
            await asyncio.wait_for(writer.drain(), PATIENCE_S)

    def answer(self, line: bytes, peer: Peer) -> dict[str, object]:
        """The reply to one request line; never raises for bad input."""
        try:
            return {"version": VERSION, "ok": True, "result": self._handle(line, peer)}
        except Refused as error:
            reason = {"code": error.code, "message": str(error)}
            return {"version": VERSION, "ok": False, "error": reason}

    def _handle(self, line: bytes, peer: Peer) -> Mapping[str, object]:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise Refused("bad_json", "a request is one line of JSON") from error
        if not isinstance(request, dict):
            raise Refused("bad_request", "a request is a JSON object")
        if request.get("version") != VERSION:
            raise Refused("bad_version", f"this daemon speaks version {VERSION}")
        command = request.get("command")
        if not isinstance(command, str):
            raise Refused("bad_request", "a request names its command")
        order = self._orders.get(command)
        if order is not None and not peer.commands:
            may = ", ".join(sorted(self._questions))
            raise Refused("not_allowed", f"{command} is for root; user {peer.uid} may ask: {may}")
        handler = order or self._questions.get(command)
        if handler is None:
            known = ", ".join(sorted([*self._questions, *self._orders]))
            raise Refused("unknown_command", f"known commands: {known}")
        return handler(request)


def _peer(writer: asyncio.StreamWriter) -> Peer:
    channel = writer.get_extra_info("socket")
    told = channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    _pid, uid, _gid = _UCRED.unpack(told)
    return Peer(uid)
