# SPDX-License-Identifier: GPL-3.0-or-later
"""A telephone system that answers the few requests of a refresh, over TLS on the loopback."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

SECRET = "s3cr3t-of-the-site"  # noqa: S105 - of a system that is not there


class Pbx:
    """What it is, what it was asked, and how it misbehaves next."""

    def __init__(self) -> None:
        self.network: dict[str, Any] = {
            "Id": "0",
            "PublicStaticIP": "203.0.113.2",
            "StunDisabled": True,
            "SipPort": 5060,
        }
        self.trunks = [trunk(30, "10000", "Operator A"), trunk(31, "10001", "Operator B")]
        self.comes_online_after = 1
        self.asked: list[tuple[str, str, Any]] = []
        self.misbehaves: list[tuple[int, dict[str, str], bytes]] = []
        self.tokens = 0
        self.valid = ""
        self.port = 0
        self.ca = ""

    def paths(self) -> list[str]:
        """Method and path of each request, without its query."""
        return [f"{method} {path.partition('?')[0]}" for method, path, _unused in self.asked]

    def settings(self, **changes: object) -> dict[str, Any]:
        """`relais.telephony/1` that leads here."""
        return {
            "schema": "relais.telephony/1",
            "url": f"https://localhost:{self.port}",
            "client_id": "relais",
            "client_secret": SECRET,
            "ca": self.ca,
            "trunks": ["Operator A", "10001"],
            "public_addresses": {"fibre": "203.0.113.2", "lte": "203.0.113.130"},
            **changes,
        }


class Server(ThreadingHTTPServer):
    """Listens for one system."""

    pbx: Pbx


def trunk(number: int, dn: str, name: str, registers: str = "InOutCalls") -> dict[str, Any]:
    """A trunk as the API serves it; `polls` counts looks since it was told to register anew."""
    gateway = {"Name": name, "Host": "sip.example", "RequireRegistrationFor": registers}
    return {"Id": number, "Number": dn, "IsOnline": False, "Gateway": gateway, "polls": -1}


@contextmanager
def running(folder: Path) -> Iterator[Pbx]:
    """A system that listens until the block is left."""
    pbx = Pbx()
    key, certificate = folder / "key.pem", folder / "ca.pem"
    names = "subjectAltName=DNS:localhost"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    made += ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", names]
    made += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True)
    server = Server(("localhost", 0), Handler)
    server.pbx = pbx
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    pbx.port, pbx.ca = server.server_address[1], str(certificate)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield pbx
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    """Answers for the system of its server."""

    server: Server

    def do_GET(self) -> None:
        """Answer."""
        self._answer()

    do_POST = do_PATCH = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

    def _answer(self) -> None:
        pbx = self.server.pbx
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        pbx.asked.append((self.command, self.path, body))
        headers: dict[str, str] = {}
        if pbx.misbehaves:
            status, headers, content = pbx.misbehaves.pop(0)
        elif self.path == "/connect/token":
            status, content = token(pbx, body)
        elif self.headers["Authorization"] != f"Bearer {pbx.valid}":
            status, content = 401, b""
        else:
            status, content = answer(pbx, self.command, urlsplit(self.path), body)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def token(pbx: Pbx, body: str) -> tuple[int, bytes]:
    """A new token, which makes the one before invalid."""
    if parse_qs(body) != {
        "client_id": ["relais"],
        "client_secret": [SECRET],
        "grant_type": ["client_credentials"],
    }:
        return 401, b'{"error": "invalid_client"}'
    pbx.tokens += 1
    pbx.valid = f"token-{pbx.tokens}"
    told = {"token_type": "Bearer", "expires_in": 3600, "access_token": pbx.valid}
    return 200, json.dumps(told).encode()


def answer(pbx: Pbx, method: str, parts: SplitResult, body: str) -> tuple[int, bytes]:
    """The answer to who may ask."""
    match method, parts.path:
        case "GET", "/xapi/v1/NetworkSettings":
            return 200, json.dumps(pbx.network).encode()
        case "PATCH", "/xapi/v1/NetworkSettings":
            pbx.network |= json.loads(body)
            return 204, b""
        case "GET", "/xapi/v1/Trunks":
            return 200, json.dumps({"value": page(pbx, parse_qs(parts.query))}).encode()
        case "POST", "/xapi/v1/Trunks/Pbx.RefreshRegistration":
            told = json.loads(body)["id"]
            next(one for one in pbx.trunks if one["Id"] == told)["polls"] = 0
            return 204, b""
    return 404, b""


def page(pbx: Pbx, query: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Some of the trunks; those that were told to register anew come online as they are asked."""
    for one in pbx.trunks:
        if one["polls"] >= 0:
            one["polls"] += 1
            one["IsOnline"] = one["polls"] >= pbx.comes_online_after
    first = int(query["$skip"][0])
    chosen = pbx.trunks[first : first + int(query["$top"][0])]
    return [{name: one[name] for name in query["$select"][0].split(",")} for one in chosen]
