# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way from a module to a PBX: a shared token, patience with a busy PBX, clear refusals."""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Sequence
from urllib.parse import urlencode

from . import odata, patience, rights, tokens
from .errors import ThreeCxError, told_by_pbx
from .transport import Reply, Target, exchange

OLDEST = (20, 0, 7)
_BASE = "/xapi/v1/"


class Client:
    """The configuration API of one PBX, as one of its API clients."""

    def __init__(
        self,
        target: Target,
        client_id: str,
        secret: str,
        cache: tokens.TokenCache,
        keep_secret: Callable[[str], None],
    ) -> None:
        self._target = target
        self._client_id = client_id
        self._secret = secret
        self._cache = cache
        self._keep_secret = keep_secret
        self._token: str | None = None
        self.version: tuple[int, ...] | None = None

    @property
    def address(self) -> str:
        """Return host and port of the PBX."""
        return self._target.address

    def get(self, path: str) -> dict[str, Any]:
        """Return an entity, a page or a singleton."""
        return self._document(path, self._ask("GET", path, None))

    def every(
        self,
        path: str,
        select: Sequence[str],
        expand: Sequence[str] = (),
        where: str | None = None,
        order: str = "Id",
    ) -> list[dict[str, Any]]:
        """Return every entity of a set that matches, with the selected properties only."""
        return odata.pages(self.get, path, select, expand, where, order)

    def patch(self, path: str, body: dict[str, Any]) -> None:
        """Change scalars; collections and complex values are replaced whole."""
        self._ask("PATCH", path, body)

    def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Create an entity or run an action. The answer may be empty, for emergency rules too."""
        reply = self._ask("POST", path, body)
        return self._document(path, reply) if reply.text.strip() else {}

    def delete(self, path: str) -> None:
        """Delete an entity."""
        self._ask("DELETE", path, None)

    def require_version(self) -> None:
        """Refuse a PBX that is too old. One whose version may not be read is taken as it is."""
        self.version = self._known_version()
        if self.version is not None and self.version < OLDEST:
            raise ThreeCxError(
                f"The PBX at {self.address} runs {_dotted(self.version)}; "
                f"{_dotted(OLDEST)} or later is needed. Update it first.",
                "version",
            )

    def at_least(self, *version: int) -> bool:
        """Tell whether the PBX is of this version or later; an unknown one counts as the oldest."""
        return (self.version or OLDEST) >= version

    # A token

    def _known_version(self) -> tuple[int, ...] | None:
        self._bearer()
        with self._cache.locked() as content:
            kept = content.get("version")
        if isinstance(kept, list):
            return tuple(kept)
        reply = self._ask("GET", "SystemStatus" + odata.query(["Id", "Version"]), None, {403})
        if reply.status == 403:
            return None
        said = str(self._document("SystemStatus", reply).get("Version") or "")
        version = tuple(int(part) for part in re.findall(r"\d+", said)[:3])
        if not version:
            return None
        with self._cache.locked() as content:
            if content.get("token") == self._token:
                content["version"] = list(version)
        return version

    def _bearer(self, stale: str | None = None) -> str:
        """Return a token other than the stale one, fetched only if no other process has one."""
        if self._token is not None and self._token != stale:
            return self._token
        with self._cache.locked() as content:
            kept = tokens.token_in(content)
            if kept is None or kept.value == stale:
                if tokens.is_refused(content):
                    raise self._wrong_secret("It was refused a minute ago and not tried again. ")
                kept = self._fetch_token(content)
                tokens.keep(content, kept)
        self._keep_secret(kept.value)
        self._token = kept.value
        return kept.value

    def _fetch_token(self, content: dict[str, Any]) -> tokens.Token:
        form = {
            "client_id": self._client_id,
            "client_secret": self._secret,
            "grant_type": "client_credentials",
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        path = patience.TOKEN
        body = urlencode(form).encode()
        reply = patience.patiently(
            self.address, "POST", path, lambda: exchange(self._target, "POST", path, headers, body)
        )
        if reply.status in (400, 401, 403):
            tokens.refuse(content)
            raise self._wrong_secret("")
        if reply.status == 404:
            raise ThreeCxError(
                f"{self.address} knows no {path}: it is no 3CX V20, or another service answers "
                "on this port (3CX uses 443 or 5001).",
                "no_pbx",
            )
        self._require_success("POST", path, reply)
        answer = self._document(path, reply)
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise ThreeCxError(f"The PBX at {self.address} gave no token.", "no_token")
        return tokens.usable(token, answer.get("expires_in"))

    def _wrong_secret(self, more: str) -> ThreeCxError:
        return ThreeCxError(
            f"The PBX at {self.address} refuses client_id {self._client_id} with this "
            f"client_secret. {more}Compare both with Admin > Integrations > API of the PBX, "
            "where a new secret can be made.",
            "wrong_secret",
        )

    # A request

    def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        accepted: frozenset[int] | set[int] = frozenset(),
    ) -> Reply:
        token = self._bearer()
        reply = patience.patiently(
            self.address, method, path, lambda: self._once(method, path, body, token)
        )
        if reply.status == 401:
            renewed = self._bearer(stale=token)
            reply = patience.patiently(
                self.address, method, path, lambda: self._once(method, path, body, renewed)
            )
        if reply.status not in accepted:
            self._require_success(method, path, reply)
        return reply

    def _once(self, method: str, path: str, body: dict[str, Any] | None, token: str) -> Reply:
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "OData-Version": "4.0",
            "OData-MaxVersion": "4.0",
        }
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        elif method == "POST":
            data = b""
        if method == "POST" and "/Pbx." not in path:
            # Wanted for entities; actions answer it with an empty error 500.
            headers["Prefer"] = "return=representation"
        return exchange(self._target, method, _BASE + path, headers, data)

    def _require_success(self, method: str, path: str, reply: Reply) -> None:
        if 200 <= reply.status < 300:
            return
        what = f"{method} {patience.plain(path)}"
        if reply.status == 403:
            raise rights.refused(what, self._client_id, self.may_read)
        if reply.status == 401:
            raise ThreeCxError(
                f"The PBX at {self.address} takes a new token for {what} as invalid. Something "
                f"else uses client_id {self._client_id}, and only one token is valid at a time: "
                "give each its own.",
                "token",
            )
        if 300 <= reply.status < 400:
            where = reply.headers.get("location", "elsewhere")
            raise ThreeCxError(
                f"{self.address} redirects {what} to {where}. Name that host and port instead.",
                "redirect",
            )
        raise ThreeCxError(
            f"The PBX at {self.address} refuses {what} (status {reply.status}): "
            f"{told_by_pbx(reply.text)}.",
            "refused",
            status=reply.status,
        )

    def may_read(self, entity: str) -> bool:
        """Tell whether the API client's role may read an entity set or singleton."""
        top = None if entity in rights.SINGLETONS else 1
        reply = self._ask("GET", entity + odata.query(["Id"], top=top), None, _ANY)
        return reply.status == 200

    def _document(self, path: str, reply: Reply) -> dict[str, Any]:
        try:
            answer = json.loads(reply.text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ThreeCxError(
                f"{self.address} answers {patience.plain(path)} with something that is not JSON. "
                "Is this the HTTPS port of the PBX, 443 or 5001?",
                "no_json",
            )
        return answer


_ANY = frozenset(range(600))


def _dotted(version: Sequence[int]) -> str:
    return ".".join(str(part) for part in version)
