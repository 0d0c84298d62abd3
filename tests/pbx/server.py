# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP server in front of the API: tokens, rights, faults, and the log of what was asked."""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import struct
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from . import api, knobs, rights
from .errors import ApiError, unbindable
from .faults import Fault

if TYPE_CHECKING:
    from .double import Pbx

_TOKEN = "/connect/token"  # noqa: S105 - an address
_KNOBS = "/double/"
_DISCOVERY = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Exchange:
    """One request and what was answered; bodies as JSON values, without the client's secret."""

    method: str
    path: str
    query: str
    body: Any
    status: int
    reply: Any
    headers: dict[str, str] = field(default_factory=dict)


class _Dropped(Exception):
    """The connection is to be reset."""


class Handler(BaseHTTPRequestHandler):
    """Answers for the double that the server carries."""

    protocol_version = "HTTP/1.1"
    server_version = "nginx"
    sys_version = ""
    # Head and body leave together: else each answer waits for the client's delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the double has a log of its own."""

    def do_GET(self) -> None:
        """Answer a GET."""
        self._serve()

    do_POST = do_PATCH = do_DELETE = do_PUT = do_GET

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.pbx.faults.take(f"{self.command} {self.path}")
        headers: dict[str, str] = {}
        body: Any = None
        try:
            self._befall(fault)
            body = self._parsed(parts.path, raw)
            status, reply = self._answer(parts.path, parts.query, body, raw)
            if fault is not None and fault.kind == "reset_after":
                raise _Dropped
        except ApiError as error:
            status, reply, headers = error.status, error.body, error.headers
        except _Dropped:
            self._log(parts, body, 0, None)
            self._reset()
            return
        # Before the answer leaves: whoever has it finds it in the log.
        self._log(parts, body, status, reply)
        self._send(status, reply, headers)

    def _log(self, parts: Any, body: Any, status: int, reply: Any) -> None:
        shown = {"grant_type": "client_credentials"} if parts.path == _TOKEN else body
        wanted = ("Accept", "Content-Type", "Prefer", "OData-Version", "OData-MaxVersion")
        headers = {name: self.headers[name] for name in wanted if name in self.headers}
        self.server.pbx.requests.append(
            Exchange(self.command, parts.path, parts.query, shown, status, reply, headers)
        )

    def _befall(self, fault: Fault | None) -> None:
        if fault is None:
            return
        match fault.kind:
            case "status":
                after = fault.retry_after
                raise ApiError(
                    fault.status, headers={} if after is None else {"Retry-After": str(after)}
                )
            case "slow":
                self.server.stopping.wait(fault.seconds)
            case "reset":
                raise _Dropped

    def _parsed(self, path: str, raw: bytes) -> Any:
        if not raw or path == _TOKEN:
            return None
        try:
            return json.loads(raw)
        except ValueError:
            raise unbindable() from None

    def _answer(self, path: str, query: str, body: Any, raw: bytes) -> tuple[int, Any]:
        pbx = self.server.pbx
        if path == _TOKEN and self.command == "POST":
            with pbx.state.lock:
                return 200, pbx.tokens.issue(raw, self.headers.get("Content-Type") or "")
        if path == _DISCOVERY and self.command == "GET":
            grants = ["authorization_code", "refresh_token", "client_credentials"]
            return 200, {"issuer": pbx.url, "grant_types_supported": grants}
        if path.startswith(_KNOBS) and self.command == "POST":
            return knobs.turn(pbx, path.removeprefix(_KNOBS), body or {})
        if not path.lower().startswith(api.ROOT):
            raise ApiError(404)
        with pbx.state.lock:
            pbx.tokens.check(self.headers.get("Authorization") or "")
            rest = path[len(api.ROOT) :]
            rights.check(pbx.current_role, pbx.current_licence, self.command, rest)
            wanted = self.headers.get("Prefer") or ""
            request = api.Request(self.command, api.ROOT + rest, query, body, wanted)
            return pbx.api.answer(request)

    def _send(self, status: int, reply: Any, headers: dict[str, str]) -> None:
        data = b"" if reply is None else json.dumps(reply).encode()
        self.send_response(status)
        if data:
            self.send_header("Content-Type", "application/json; odata.metadata=minimal")
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.send_header("OData-Version", "4.0")
        self.end_headers()
        self.wfile.write(data)

    def _reset(self) -> None:
        """Close with a reset instead of an end (SO_LINGER with no time)."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        # Detached first: TLS would say goodbye.
        socket.close(self.connection.detach())


class Server(ThreadingHTTPServer):
    """A threaded server that carries its double."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, pbx: Pbx, address: tuple[str, int], certificate: tuple[Path, Path] | None):
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, Handler)
        self.pbx = pbx
        self.stopping = threading.Event()
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            key, chain = certificate
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(chain, key)

    def server_bind(self) -> None:
        """Bind without looking up the name of the address, which takes long without DNS."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread, so that a silent client holds up nobody."""
        if self._context is not None:
            request.settimeout(10)
            try:
                request = self._context.wrap_socket(request, server_side=True)
            except (OSError, ssl.SSLError):
                return
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep the errors of the double itself: a test must not pass over them."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError | ssl.SSLError):
            self.pbx.errors.append(error)
