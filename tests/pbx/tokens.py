# SPDX-License-Identifier: GPL-3.0-or-later
"""`POST /connect/token`: one token lives at a time, for an hour."""

from __future__ import annotations

import base64
import email.parser
import email.policy
import hashlib
import hmac
import json
import secrets
from urllib.parse import parse_qsl

from .clock import Clock
from .errors import ApiError
from .model import Version

LIFE_S = 3600
# Minutes before, seconds since: the unit of `expires_in` changed, the life did not.
_SECONDS_SINCE: Version = (20, 0, 9)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Tokens:
    """Issues access tokens to one client and knows the one that is valid."""

    def __init__(self, client_id: str, client_secret: str, version: Version, clock: Clock) -> None:
        self._client = (client_id, client_secret)
        self._version = version
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._valid: str | None = None
        self._ends = 0.0
        self.issued = 0

    def expire(self) -> None:
        """Make the token that is out invalid."""
        self._valid = None

    def issue(self, body: bytes, content_type: str) -> dict[str, object]:
        """Answer a request for a token; the one before is void from here on."""
        asked = _form(body, content_type)
        if asked.get("grant_type") != "client_credentials":
            raise _denied(400, "unsupported_grant_type", "only client_credentials is granted")
        if (asked.get("client_id"), asked.get("client_secret")) != self._client:
            raise _denied(401, "invalid_client", "The client credentials are not valid.")
        self._ends = self._clock.now().timestamp() + LIFE_S
        self._valid = self._signed({"sub": asked["client_id"], "exp": int(self._ends)})
        self.issued += 1
        return {
            "token_type": "Bearer",
            "expires_in": LIFE_S if self._version >= _SECONDS_SINCE else LIFE_S // 60,
            "access_token": self._valid,
            "refresh_token": None,
        }

    def check(self, authorization: str) -> None:
        """Refuse with 401, without a body, who does not bear the valid token."""
        scheme, _space, token = authorization.partition(" ")
        valid = self._valid is not None and self._clock.now().timestamp() < self._ends
        if scheme.lower() != "bearer" or not valid or token.strip() != self._valid:
            raise ApiError(401, headers={"WWW-Authenticate": "Bearer"})

    def _signed(self, claims: dict[str, object]) -> str:
        head = {"alg": "HS256", "typ": "JWT"}
        claims = claims | {"jti": secrets.token_hex(8)}
        text = ".".join(_encoded(json.dumps(part).encode()) for part in (head, claims))
        digest = hmac.new(self._key, text.encode(), hashlib.sha256).digest()
        return f"{text}.{_encoded(digest)}"


def _denied(status: int, error: str, description: str) -> ApiError:
    return ApiError(status, {"error": error, "error_description": description})


def _form(body: bytes, content_type: str) -> dict[str, str]:
    """Return the fields of a form, sent as one of its two encodings."""
    if content_type.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(body.decode("utf-8", "replace")))
    if not content_type.startswith("multipart/form-data"):
        raise _denied(400, "invalid_request", "the request is no form")
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    if not message.is_multipart():
        raise _denied(400, "invalid_request", "the form has no parts")
    return {
        str(part.get_param("name", "", "content-disposition")): str(part.get_content()).strip()
        for part in message.iter_parts()
    }
