# SPDX-License-Identifier: GPL-3.0-or-later
"""The few requests of 3CX's configuration API that a refresh needs, over HTTPS.

Never follows a redirect and uses no proxy, so that neither secret nor token goes elsewhere; no
message shows them.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from relais.core.telephony.settings import Settings

TIMEOUT_S = 10.0
MOST_BYTES = 4_000_000
PAGE = 100
"""More than a hundred at once are refused (status 400)."""


class Refused(Exception):
    """The system said no; to ask again would not help."""


class Unavailable(Exception):
    """No answer, or one that asks for patience; `after_s` when it says for how long."""

    def __init__(self, message: str, after_s: float | None = None) -> None:
        super().__init__(message)
        self.after_s = after_s


class Xapi:
    """One system; asks for a token when it needs one, and once more when it has become invalid."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._token: str | None = None
        self._context = ssl.create_default_context()
        if settings.ca is not None:
            try:
                self._context.load_verify_locations(settings.ca)
            except OSError as error:
                raise Refused(f"ca: {settings.ca} holds no usable certificate: {error}") from None

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """An entity or a page of them. Raises Refused, Unavailable."""
        told = "&".join(f"${key}={quote(value, safe=',()=$')}" for key, value in query.items())
        return self._ask("GET", f"/xapi/v1/{path}?{told}" if told else f"/xapi/v1/{path}", None)

    def every(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """All entities of a set, page by page. Raises Refused, Unavailable."""
        skipped = 0
        while True:
            page = self.get(path, **query, orderby="Id", top=str(PAGE), skip=str(skipped))
            entities = page.get("value")
            if not isinstance(entities, list):
                raise Refused(f"{path}: the answer holds no list; is this a 3CX of version 20?")
            yield from entities
            skipped += len(entities)
            if len(entities) < PAGE:
                return

    def patch(self, path: str, changes: Mapping[str, object]) -> None:
        """Change some properties. Raises Refused, Unavailable."""
        self._ask("PATCH", f"/xapi/v1/{path}", changes)

    def act(self, path: str, arguments: Mapping[str, object]) -> None:
        """Carry out an action. Raises Refused, Unavailable."""
        self._ask("POST", f"/xapi/v1/{path}", arguments)

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None) -> dict[str, Any]:
        for _unused in range(2):
            headers = {"Authorization": f"Bearer {self._authorised()}", **_JSON}
            text = None if body is None else json.dumps(body)
            status, retry_s, answer = self._send(method, path, text, headers)
            if status != 401:
                break
            self._token = None
        what = f"{method} {path.partition('?')[0]}"
        if status == 401:
            raise Refused(f"{what}: a new token is refused; does another program use this client?")
        if status == 403:
            raise Refused(
                f"{what}: forbidden; the client needs the role System Owner or Admin of a "
                "department, and the system a licence with the configuration API"
            )
        self._judge(what, status, retry_s, answer)
        return _object(answer, what) if method == "GET" else {}

    def _authorised(self) -> str:
        if self._token is None:
            settings, what = self._settings, "POST /connect/token"
            form = {
                "client_id": settings.client_id,
                "client_secret": settings.client_secret,
                "grant_type": "client_credentials",
            }
            status, retry_s, answer = self._send("POST", "/connect/token", urlencode(form), _FORM)
            if status in (400, 401):
                raise Refused("the client id or its secret is wrong; it is not tried again")
            self._judge(what, status, retry_s, answer)
            token = _object(answer, what).get("access_token")
            if not isinstance(token, str) or not token:
                raise Refused(f"{what}: the answer holds no token; is this a 3CX of version 20?")
            self._token = token
        return self._token

    def _send(
        self, method: str, path: str, body: str | None, headers: Mapping[str, str]
    ) -> tuple[int, float | None, bytes]:
        """Status, seconds of `Retry-After`, and body. Raises Unavailable, Refused."""
        host, port = self._settings.host, self._settings.port
        connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S)
        try:
            where = (self._settings.address or host, port)
            plain = socket.create_connection(where, TIMEOUT_S)
            connection.sock = self._context.wrap_socket(plain, server_hostname=host)
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            retry = response.headers.get("Retry-After") or ""
            retry_s = float(retry) if retry.isdigit() else None
            return response.status, retry_s, response.read(MOST_BYTES)
        except ssl.SSLCertVerificationError as error:
            why = error.verify_message or "not trusted"
            raise Refused(f"{host} port {port}: its certificate is refused: {why}") from None
        except (OSError, http.client.HTTPException) as error:
            why = str(error) or type(error).__name__
            raise Unavailable(f"{host} port {port}: {why}") from None
        finally:
            connection.close()

    def _judge(self, what: str, status: int, retry_s: float | None, answer: bytes) -> None:
        if 200 <= status < 300:
            return
        if status in (408, 429) or status >= 500:
            raise Unavailable(f"{what}: status {status}", retry_s)
        raise Refused(f"{what}: status {status}{self._reason(answer)}")

    def _reason(self, answer: bytes) -> str:
        """What an error says of itself, on one line, and nothing that is ours to keep."""
        try:
            said = str(json.loads(answer)["error"]["message"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return ""
        for secret in (self._settings.client_secret, self._token):
            if secret:
                said = said.replace(secret, "***")
        return f": {' '.join(said.split())[:200]}"


_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}


def _object(answer: bytes, what: str) -> dict[str, Any]:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refused(f"{what}: the answer is no JSON object; is this a 3CX of version 20?")
    return found
