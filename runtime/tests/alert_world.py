# SPDX-License-Identifier: GPL-3.0-or-later
"""A site that alerts are sent from: a journal, a state and settings; and a real mail server and a
real HTTP receiver on the loopback that they arrive at."""

from __future__ import annotations

import email
import email.policy
import json
import socketserver
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from relais.alerts.channels import send
from relais.alerts.courier import Send
from relais.alerts.service import Places, Service
from relais.alerts.settings import parse_settings

START = datetime(2026, 11, 28, 20, 5, tzinfo=UTC)
_TABLE = (
    "CREATE TABLE IF NOT EXISTS incidents (id TEXT PRIMARY KEY, began_at TEXT, "
    "ended_at TEXT NULL, class TEXT, wan TEXT NULL, document TEXT)"
)


def instant(at: datetime) -> str:
    """RFC 3339 with ms, as in documents."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def incident(began: datetime = START, wan: str = "fibre", **changes: Any) -> dict[str, Any]:
    """An open incident of a link whose voice has gone to the backup."""
    document = {
        "schema": "relais.incident/1",
        "id": f"{began:%Y%m%dT%H%M%SZ}-{wan}",
        "site": "Cabinet Exemple",
        "gateway": "gw",
        "timezone": "Europe/Paris",
        "class": "access",
        "importance": "vital",
        "state": "on_backup",
        "wans": [wan],
        "began_at": instant(began),
        "detected_at": instant(began + timedelta(milliseconds=210)),
        "switched_at": instant(began + timedelta(milliseconds=274)),
        "recovered_at": None,
        "failed_back_at": None,
        "ended_at": None,
        "segment": {"where": "access", "why": "the first hop is silent too"},
        "services": {
            "voice": {
                "importance": "vital",
                "impact": "moved",
                "outage_ms": 274,
                "from": wan,
                "to": "lte",
            }
        },
        "spent_bytes": {},
        "drill": None,
        "planned": False,
        "operator": {"name": "Operator A", "technology": "ftth"},
        "timeline": [],
    }
    return document | changes


def total(began: datetime, ended: datetime | None = None) -> dict[str, Any]:
    """A site without any line."""
    dark: dict[str, Any] = {
        "importance": "vital",
        "impact": "dark",
        "outage_ms": 0,
        "from": "fibre",
        "to": "fibre",
    }
    if ended is None:
        dark["dark_since"] = instant(began)
    else:
        dark["outage_ms"] = int((ended - began).total_seconds() * 1000)
    return incident(
        began,
        "site",
        **{"class": "total", "wans": ["fibre", "lte"], "state": "ended" if ended else "open"},
        ended_at=None if ended is None else instant(ended),
        services={"voice": dark},
    )


@dataclass
class Site:
    """What the daemon leaves, and the process that tells of it, on a clock of the test's."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)
    now: datetime = START
    send: Send = send
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    service: Service | None = None
    lines: dict[str, str] = field(default_factory=lambda: {"fibre": "up", "lte": "up"})
    degraded: list[dict[str, str]] = field(default_factory=list)
    daemon: str = "alive"

    def document(self) -> dict[str, Any]:
        """The settings as a file has them."""
        return {
            "schema": "relais.alerts/1",
            "site": "Cabinet Exemple",
            "gateway": "gw",
            "language": "fr",
            "timezone": "Europe/Paris",
            **self.settings,
        }

    @property
    def places(self) -> Places:
        """Its files."""
        return Places(
            self.folder / "journal.db", self.folder / "state.json", self.folder / "outbox.db"
        )

    def start(self) -> None:
        """A process begins; one that ran before is gone, without a word."""
        settings = parse_settings(self.document())
        self.service = Service(
            settings, self.places, self.said.append, self.now, send=self.send, ask=self._ask
        )

    def _ask(self, url: str) -> bool:
        self.asked.append(url)
        return True

    def happens(self, *documents: dict[str, Any]) -> None:
        """The daemon writes these incidents."""
        with sqlite3.connect(self.places.journal) as opened:
            opened.execute(_TABLE)
            for one in documents:
                row = (one["id"], one["began_at"], one["ended_at"], one["class"], one["wans"][0])
                opened.execute(
                    "INSERT OR REPLACE INTO incidents VALUES (?, ?, ?, ?, ?, ?)",
                    (*row, json.dumps(one)),
                )
        opened.close()

    def look(self, after: timedelta = timedelta(seconds=1)) -> None:
        """The clock goes on, and the process looks and sends until nothing is left to do now."""
        self.now += after
        if self.daemon == "alive":
            wans = {name: {"state": state} for name, state in self.lines.items()}
            document = {"at": instant(self.now), "wans": wans, "degraded": self.degraded}
            self.places.state.write_text(json.dumps(document))
        if self.service is None:
            self.start()
        assert self.service is not None
        for _round in range(8):  # One message of each target leaves in each.
            self.service.tick(self.now)
            self.service.settle(self.now)
            self.service.heartbeat.settle()

    def pass_by(self, span: timedelta, step: timedelta = timedelta(seconds=30)) -> None:
        """Time goes by."""
        end = self.now + span
        while self.now < end:
            self.look(step)


class _MailHandler(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a client needs."""

    def handle(self) -> None:
        self._answer("220 mail.example ESMTP")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb == "DATA":
                self._answer("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                text = b"".join(one.removeprefix(b".") for one in lines)
                mail = email.message_from_bytes(text, policy=email.policy.default)
                cast(Any, self.server).mails.append(mail)
            elif verb == "QUIT":
                self._answer("221 bye")
                return
            self._answer("250 mail.example" if verb != "DATA" else "250 taken")

    def _answer(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _HookHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        cast(Any, self.server).posts.append(json.loads(body))
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        cast(Any, self.server).gets.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_what: object) -> None:
        """Quiet."""


@dataclass(frozen=True)
class Receiver:
    """A server, and all that it has taken."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    posts: list[dict[str, Any]] = field(default_factory=list)
    gets: list[str] = field(default_factory=list)

    def subjects(self) -> list[str]:
        """Of the mails, in the order in which they came."""
        return [str(mail["Subject"]) for mail in self.mails]

    def bodies(self) -> list[str]:
        """Likewise."""
        return [text_of(mail) for mail in self.mails]


def text_of(mail: EmailMessage) -> str:
    """The text of a mail."""
    part = mail.get_body(("plain", "html"))
    assert part is not None
    return str(part.get_content())


@contextmanager
def mail_server() -> Iterator[Receiver]:
    """A mail server on a port that the kernel chooses."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _MailHandler)
    server.daemon_threads = True
    with _serving(server) as receiver:
        yield receiver


@contextmanager
def hook_server() -> Iterator[Receiver]:
    """A receiver of HTTP notifications, likewise."""
    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), _HookHandler)) as receiver:
        yield receiver


@contextmanager
def _serving(server: socketserver.TCPServer) -> Iterator[Receiver]:
    receiver = Receiver(server.server_address[1])  # type: ignore[arg-type]
    for name in ("mails", "posts", "gets"):
        setattr(server, name, getattr(receiver, name))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
