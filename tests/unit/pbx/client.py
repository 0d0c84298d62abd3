# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain client of the API for tests: no retries, no cleverness."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from tests.pbx import Pbx

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What came back; `body` is None when nothing did."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of a collection."""
        assert self.status == 200, self
        rows: list[dict[str, Any]] = self.body["value"]
        return rows

    @property
    def message(self) -> str:
        """Return the message of a refusal."""
        return str(self.body["error"]["message"])


class Client:
    """Talks to a double, with one token at most."""

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self.token = ""
        self.prefer = ""

    def send(
        self, method: str, path: str, data: bytes = b"", content_type: str = "application/json"
    ) -> Answer:
        """Send bytes to a path."""
        if self._pbx.ca_path is None:
            connection = http.client.HTTPConnection(self._pbx.host, self._pbx.port, timeout=10)
        else:
            trust = ssl.create_default_context(cafile=self._pbx.ca_path)
            connection = http.client.HTTPSConnection(
                self._pbx.host, self._pbx.port, timeout=10, context=trust
            )
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if self.prefer:
            headers["Prefer"] = self.prefer
        if data:
            headers["Content-Type"] = content_type
        try:
            connection.request(method, path, data or None, headers)
            answer = connection.getresponse()
            text = answer.read()
            body = json.loads(text) if text else None
            return Answer(answer.status, body, dict(answer.headers))
        finally:
            connection.close()

    def form(self, **fields: str) -> Answer:
        """Ask for a token with a form."""
        return self.send("POST", "/connect/token", urlencode(fields).encode(), FORM)

    def log_in(self) -> Client:
        """Get a token and keep it."""
        answer = self.form(
            client_id=self._pbx.client_id,
            client_secret=self._pbx.client_secret,
            grant_type="client_credentials",
        )
        assert answer.status == 200, answer
        self.token = answer.body["access_token"]
        return self

    def ask(self, method: str, path: str, body: Any = None, /, **options: str) -> Answer:
        """Send a request to the API; options are those of the query without their dollar sign."""
        query = "&".join(f"${name}={quote(value)}" for name, value in options.items())
        address = f"/xapi/v1/{quote(path, safe='/()=,')}" + (f"?{query}" if query else "")
        data = b"" if body is None else json.dumps(body).encode()
        return self.send(method, address, data)

    def get(self, path: str, **options: str) -> Answer:
        """Read something."""
        return self.ask("GET", path, **options)

    def rows(self, path: str, **options: str) -> list[dict[str, Any]]:
        """Read a collection."""
        return self.get(path, **options).rows


LINKS = {
    "Users": "ForwardingProfiles,Groups($expand=Rights)",
    "RingGroups": "Members",
    "Queues": "Agents",
    "InboundRules": "TrunkDN",
    "Groups": "Members,OfficeHolidays",
}


def found(client: Client, name: str, condition: str) -> dict[str, Any]:
    """Return the one row of a set that a condition describes, with its links."""
    options = {"expand": LINKS[name]} if name in LINKS else {}
    (row,) = client.rows(name, filter=condition, **options)
    return row


def patch(client: Client, name: str, row: dict[str, Any], body: dict[str, Any]) -> Answer:
    """Change something of a row."""
    return client.ask("PATCH", f"{name}({row['Id']})", body)


def refusal(answer: Answer) -> tuple[str, str]:
    """Return what a refusal is about, and the code that it gives."""
    assert answer.status == 400, answer
    (detail,) = answer.body["error"]["details"]
    assert answer.message == f"{detail['target']}:\n{detail['message']}"
    return detail["target"], detail["message"].removeprefix("WARNINGS.XAPI.")
