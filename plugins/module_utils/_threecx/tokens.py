# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One token for a whole play: kept in a private file that tasks and their processes share.

A PBX lets one token of a client be valid at a time, so a task that fetched its own would end that
of its neighbour.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import fcntl
import hashlib
import json
import os
import stat
import tempfile
import time
from dataclasses import dataclass
from typing import Any, Iterator

from .errors import ThreeCxError

_MARGIN_S = 60
_LEAST_PLAUSIBLE_S = 300
_REFUSAL_LASTS_S = 60


@dataclass(frozen=True)
class Token:
    """A bearer token and the time of this machine's clock from which it is not used any more."""

    value: str
    until: float


def lifetime_s(token: str, expires_in: object) -> float:
    """Return how long a token is valid.

    Its own claims count first, by their difference, so that the clocks need not agree. Versions
    before 20.0.9 give ``expires_in`` in minutes: nothing shorter than five minutes is in seconds.
    """
    claims = _claims(token)
    issued, expires = claims.get("iat", claims.get("nbf")), claims.get("exp")
    if isinstance(expires, (int, float)):
        if isinstance(issued, (int, float)) and expires > issued:
            return float(expires - issued)
        if expires > time.time():
            return float(expires - time.time())
    given = float(expires_in) if isinstance(expires_in, (int, float)) else 60.0
    return given * 60 if given < _LEAST_PLAUSIBLE_S else given


def _claims(token: str) -> dict[str, Any]:
    try:
        middle = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (ValueError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


def usable(token: str, expires_in: object) -> Token:
    """Return a token that was fetched just now, to be renewed a minute early."""
    life = lifetime_s(token, expires_in)
    return Token(token, time.time() + life - min(_MARGIN_S, life / 2))


def key_of(address: str, client_id: str, secret: str) -> str:
    """Return what tells the tokens of two clients apart without telling the secret."""
    digest = hashlib.sha256(secret.encode()).hexdigest()
    return hashlib.sha256(f"{address}\n{client_id}\n{digest}".encode()).hexdigest()


def default_path(key: str) -> str:
    """Return the file for a key, in a folder that only this user can read."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    base = runtime if runtime and os.path.isdir(runtime) else os.path.expanduser("~/.cache")
    return os.path.join(base, "relais-threecx", f"{key[:32]}.json")


class TokenCache:
    """The file of one client's token. Everything is read and written under its lock."""

    def __init__(self, path: str, key: str) -> None:
        self._path = path
        self._key = key

    @contextlib.contextmanager
    def locked(self) -> Iterator[dict[str, Any]]:
        """Lend the content, and keep what the caller leaves in it."""
        with self._lock():
            content = self._read()
            before = json.dumps(content, sort_keys=True)
            try:
                yield content
            finally:
                self._keep(content, before)

    def _keep(self, content: dict[str, Any], before: str) -> None:
        if json.dumps(content, sort_keys=True) != before:
            self._write(content)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        folder = os.path.dirname(self._path) or "."
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            descriptor = os.open(
                f"{self._path}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _read(self) -> dict[str, Any]:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return {}
        except OSError as error:
            reason = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
            raise self._unusable(str(reason)) from error
        with os.fdopen(descriptor, encoding="utf-8") as stream:
            status = os.fstat(stream.fileno())
            if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
                raise self._unusable("others can read or own it")
            try:
                content = json.load(stream)
            except ValueError:
                return {}
        if not isinstance(content, dict) or content.get("key") != self._key:
            return {}
        return content

    def _write(self, content: dict[str, Any]) -> None:
        folder = os.path.dirname(self._path) or "."
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=".token-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(dict(content, key=self._key), stream)
        os.replace(name, self._path)

    def _unusable(self, reason: str) -> ThreeCxError:
        return ThreeCxError(
            f"The token cannot be kept in {self._path}: {reason}. "
            "Remove the file, or name another one in token_cache.",
            "token_cache",
        )


def token_in(content: dict[str, Any]) -> Token | None:
    """Return the token that is kept and still usable."""
    value, until = content.get("token"), content.get("until")
    if isinstance(value, str) and isinstance(until, (int, float)) and until > time.time():
        return Token(value, float(until))
    return None


def keep(content: dict[str, Any], token: Token) -> None:
    """Put a new token in place of what was known with the one before."""
    content.clear()
    content.update(token=token.value, until=token.until)


def refuse(content: dict[str, Any]) -> None:
    """Remember that the PBX refused the secret: a loop must not have this controller locked out."""
    content.clear()
    content["refused_until"] = time.time() + _REFUSAL_LASTS_S


def is_refused(content: dict[str, Any]) -> bool:
    """Tell whether the PBX refused this very secret within the last minute."""
    until = content.get("refused_until")
    return isinstance(until, (int, float)) and time.time() < until <= time.time() + _REFUSAL_LASTS_S
